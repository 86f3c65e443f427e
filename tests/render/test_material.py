import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.model import Article
from postroom.render.digest import digest
from postroom.render.markdown import parse
from postroom.render.material import Given, draw, given_for
from postroom.render.passages import Kind, Passage
from postroom.render.wording import is_drawable, is_statement, keywords, stands_alone, width


def article(**facts):
    usual = {
        "id": "a",
        "path": "a.md",
        "file": "a.md",
        "source": Path("/a.md"),
        "title": "Bread",
        "body_line": 1,
    }
    return Article(**{**usual, "body_hash": "", "source_hash": "", **facts})


def drawn(body, *, language="en", given=None, **facts):
    return draw(article(**facts), parse(body), language=language, given=given or {})


# -- plain text


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Some **bold**, *soft* and `code` words.", "Some bold, soft and code words."),
        ("A [link](https://x.example) and ![a picture](p.png)the end.", "A link and the end."),
        ("A note[^1] here.\n\n[^1]: Hidden.", "A note here."),
        ("Not ~~this~~ that.", "Not that."),
        ("Over\ntwo lines\\\nor three.", "Over two lines or three."),
        ("一行目\n二行目。", "一行目二行目。"),
        ("So <em>raw</em><br>HTML goes &amp; stays.", "So raw HTML goes & stays."),
        ("Emoji 🚀 stay, 𝗯𝗼𝗹𝗱 letters do not.", "Emoji 🚀 stay, bold letters do not."),
        ("A dash --- here -- and there.", "A dash — here – and there."),
    ],
)
def test_paragraphs_are_plain_text(markdown, plain):
    assert drawn(markdown).paragraphs == (plain,)


def test_code_tables_html_quotes_and_lists_are_no_paragraphs():
    body = (
        "```\ncode.\n```\n\n| a |\n|---|\n| b |\n\n<div>raw</div>\n\n> quote.\n\n- item.\n\n    indented.\n"
    )
    assert drawn(body).paragraphs == ()


def test_a_heading_that_repeats_the_title_is_left_out():
    body = "# Bread\n\nOne loaf feeds two people for a day.\n\n## Why rye\n\nRye keeps for a week without any help."
    assert [passage.heading for passage in drawn(body).drawing.prose] == ["", "Why rye"]


# -- what may be drawn


@pytest.mark.parametrize(
    "sentence",
    [
        "Read https://x.example now.",
        "The table below shows it.",
        "As mentioned above, it works.",
        "See the manual for details.",
        "It uses `ack` here.",
        "Call __init__ first.",
        "The formula \\frac{a}{b} holds.",
        "Hello {{ first_name }}.",
        "Ask [Your Name] about it.",
        "He said “never.",
        "It failed (twice.",
        "Photo by Ana on Unsplash.",
        "Subscribe to our newsletter.",
        "No mark at the end",
        "It leads on:",
        "a" * 400 + ".",
    ],
)
def test_what_makes_no_sense_elsewhere_is_not_drawn(sentence):
    assert not is_drawable(sentence)


@pytest.mark.parametrize(
    "sentence", ["He said “never” (twice).", "Er sagte „nie“.", "Costs rose 5% to $3.", "終わった。"]
)
def test_whole_plain_sentences_are_drawn(sentence):
    assert is_drawable(sentence)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("But it works.", "en"),
        ("This changes everything.", "en"),
        ("They left early.", "en"),
        ("These systems learn.", "en"),
        ("It's late.", "en"),
        ("“That” is wrong.", "en"),
        ("As these tools grow, so do we.", "en-GB"),
        ("For example, bread.", "en"),
        ("In other words, no.", "en"),
        ("The latter is cheaper.", "en"),
        ("Because it is cheap.", "en"),
        ("Deshalb lohnt es sich.", "de"),
        ("Das ist falsch.", "de-CH"),
        ("Mais non, c’est faux.", "fr"),
        ("C’est faux.", "fr"),
        ("Sin embargo, funciona.", "es"),
        ("しかし本は売れた。", "ja"),
        ("但是他走了。", "zh"),
        ("…", "en"),
    ],
)
def test_what_hangs_on_a_sentence_before_does_not_stand_alone(sentence, language):
    assert not stands_alone(sentence, language)


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("Those who wait lose.", "en"),
        ("Because rye is cheap, it sells.", "en"),
        ("No one asked.", "en"),
        ("Thin margins kill bakeries.", "en"),
        ("Das Brot ist gut.", "de"),
        ("Die alte Regel gilt.", "de"),
        ("本が売れた。", "ja"),
        ("But in an unknown language.", "xx"),
    ],
)
def test_what_says_its_subject_stands_alone(sentence, language):
    assert stands_alone(sentence, language)


def test_wide_letters_count_twice():
    assert width("ab本") == 4


def test_keywords_are_the_subject_in_any_script():
    assert keywords("How the new queues work") == {"queue", "work"}
    assert keywords("小さな書店の在庫") == {"書店", "在庫"}


@pytest.mark.parametrize(
    "heading", ["Watch the age, not the length", "Messen, bevor man rechnet", "選ぶ時間を減らす"]
)
def test_a_sentence_like_heading_is_a_statement(heading):
    assert is_statement(heading)


@pytest.mark.parametrize(
    "heading", ["Introduction", "Healthcare Revolution", "The New Brain of Technology", "結論"]
)
def test_a_label_is_no_statement(heading):
    assert not is_statement(heading)


# -- what is drawn

OPENING = "Every loaf that we bake is sold by noon. It took us four years to get there."
MIDDLE = "This surprised us. Rye sells 40% better than white bread on a cold day. Most shops never notice."


def test_the_hook_is_the_strongest_sentence_that_stands_alone():
    material = drawn(f"{OPENING}\n\n{MIDDLE}\n\nPeople like bread that keeps for more than a day.")
    assert material.hook == "Rye sells 40% better than white bread on a cold day."
    assert material.support == "Most shops never notice."
    assert material.numbers == (material.hook,)


def test_a_dangling_sentence_opens_no_post():
    text = "This took us four years of very hard work to learn."
    assert drawn(text).hook == ""
    assert drawn(text, description="Ana bakes. Tom sells.").hook == "Ana bakes."


def test_the_summary_follows_a_hook_that_nothing_follows():
    material = drawn(
        "Every loaf that we bake is sold before the clock strikes noon.", description="Ana bakes. Tom sells."
    )
    assert material.support == "Ana bakes. Tom sells."


def test_the_summary_never_repeats_the_hook():
    text = "Every loaf that we bake is sold before the clock strikes noon."
    assert drawn(text, description=text).support == ""


def test_a_question_comes_with_what_leads_to_it():
    material = drawn(
        "Rye keeps for a week. White bread does not. So why does nobody sell rye? We asked.\n\nThe end."
    )
    assert material.question == "So why does nobody sell rye?"
    assert material.before_question == "Rye keeps for a week. White bread does not."


def test_a_question_that_opens_a_paragraph_is_led_to_by_the_one_before():
    material = drawn("Rye keeps for a week. White bread does not.\n\nAnd you: what do you bake?")
    assert material.question == "And you: what do you bake?"
    assert material.before_question == "Rye keeps for a week. White bread does not."


def test_questions_in_a_row_are_one():
    assert drawn("Do you sell rye bread? Or only white?").question == "Do you sell rye bread? Or only white?"


def test_a_dangling_question_without_its_lead_is_not_drawn():
    assert drawn("```\nx\n```\n\nBut why is that?").question == ""


def test_a_heading_may_ask():
    material = drawn(
        "## Who eats white bread?\n\nNobody here eats white bread any more.", description="We bake rye."
    )
    assert material.question == "Who eats white bread?"
    assert material.before_question == "We bake rye."


def test_quotations_are_blocks():
    assert drawn("> Bread is **time**.\n>\n> So is cake.\n\nText.").quotations == (
        "Bread is time. So is cake.",
    )


def sections(*headings):
    return "\n\n".join(
        f"## {heading}\n\nPoint {index} of the bakery is this one." for index, heading in enumerate(headings)
    )


def test_headings_that_say_something_are_takeaways_with_their_sentence():
    material = drawn(
        sections("Bake rye before white", "Sell until it is noon", "Count who leaves without bread")
    )
    assert material.takeaways[0] == "Bake rye before white: Point 0 of the bakery is this one."
    assert len(material.takeaways) == 3


def test_sentences_are_takeaways_under_headings_that_say_little():
    material = drawn(sections("Bread", "Cake", "People", "Money", "Time", "Place"))
    assert len(material.takeaways) == 5
    assert material.takeaways[0] == "Point 0 of the bakery is this one."


def test_a_list_gives_takeaways_where_sections_do_not():
    material = drawn(
        "Bread.\n\n- Bake rye first\n- Sell until noon\n- Count who leaves\n- See https://x.example\n"
    )
    assert material.takeaways == ("Bake rye first", "Sell until noon", "Count who leaves")


def test_fewer_than_three_points_are_none():
    assert drawn(sections("Bread", "Cake")).takeaways == ()


def test_a_summary_that_hangs_on_something_gives_way_to_the_opening():
    material = drawn("Ana bakes rye. Tom sells it.", description="This is why.")
    assert material.summary == "Ana bakes rye. Tom sells it."


def test_a_teaser_is_the_subtitle_where_the_summary_starts_long():
    assert drawn("x", description="Long " * 40 + "end.", subtitle="How we bake").teaser == "How we bake"
    assert drawn("Rye.", description="Ana bakes.", subtitle="How we bake").teaser == "How we bake"
    described = drawn(f"{OPENING}\n\n{MIDDLE}", description="Ana bakes.", subtitle="How we bake")
    assert described.teaser == "Ana bakes."
    assert (
        drawn(f"{OPENING}\n\n{MIDDLE}", description=MIDDLE.split(". ")[1] + ".").teaser
        == OPENING.split(". ")[0] + "."
    )


def test_a_lead_is_the_subtitle_else_the_title():
    assert drawn("x", subtitle="How we bake").lead == "How we bake"
    assert drawn("x", subtitle="How " * 30).lead == "Bread"


def test_what_paragraphs_say_in_bold_is_a_takeaway():
    body = "**1. Bake rye first.** It keeps.\n\n**2. Sell until noon:** rest.\n\n**Count those who leave.** Always."
    assert drawn(body).takeaways == ("Bake rye first.", "Sell until noon", "Count those who leave.")


def test_a_bold_question_is_a_heading_and_its_answer_does_not_stand_alone():
    material = drawn(
        "Ana bakes.\n\n**Why do you bake rye bread?**\n\nBecause it keeps.", description="Ana bakes rye."
    )
    assert material.question == "Why do you bake rye bread?"
    assert material.before_question == "Ana bakes rye."
    assert material.digest(500) == ("Ana bakes.", "Why do you bake rye bread?", "Because it keeps.")


def test_an_answer_is_drawn_only_if_it_says_to_what():
    faq = "## What is rye bread?\n\nRye bread is bread that is baked from rye flour alone.\n\n"
    assert drawn(faq).hook == "Rye bread is bread that is baked from rye flour alone."
    assert drawn("## Was it ever late?\n\nTwice in the nine years that Ana can remember.").hook == ""


def test_a_subtitle_that_goes_on_from_the_title_is_no_first_line():
    assert drawn("x", subtitle="And why nobody misses it").lead == "Bread"


def test_numbers_of_headings_are_left_out():
    material = drawn(sections("1. Bake rye before white", "2) Sell until it is noon", "3. Count who leaves"))
    assert material.takeaways[1].startswith("Sell until it is noon: ")


# -- the digest

LONG = "\n\n".join(
    f"## Part {part}\n\nPart {part} has a first sentence. Here is its second. And a third one follows."
    f"\n\nPart {part} has another paragraph. Not so short."
    for part in range(8)
)


def test_a_short_article_is_told_whole():
    body = "One bread. It is rye.\n\nTwo breads: white and rye."
    assert drawn(body).digest(500) == ("One bread. It is rye.", "Two breads: white and rye.")


@pytest.mark.parametrize("max_chars", [0, 60, 300, 600, 900, 5_000])
def test_a_digest_keeps_its_length_and_whole_sentences(max_chars):
    blocks = drawn(LONG).digest(max_chars)
    assert len("\n\n".join(blocks)) <= max_chars
    assert all(block.split(" ")[0] == "Part" and block.endswith(".") for block in blocks)


def test_a_digest_ends_as_the_article_does():
    assert drawn(LONG).digest(900)[-1] == "Part 7 has another paragraph. Not so short."


def test_a_digest_keeps_a_list_with_the_sentence_that_leads_to_it():
    body = "We bake two kinds:\n\n- Rye\n- White\n\nThat is all.\n\nUse this:\n\n```\ncode\n```\n"
    assert drawn(body).digest(500) == ("We bake two kinds:\n• Rye\n• White", "That is all.")


@pytest.mark.parametrize("between", ["```\ncode\n```", "## A heading", "- Rye\n- White", "> Quoted."])
def test_a_paragraph_that_points_at_what_is_left_out_is_left_out_too(between):
    assert drawn(f"We bake bread.\n\n{between}\n\nThis is rye.").digest(500) == ("We bake bread.",)


def test_a_paragraph_stops_before_what_was_told():
    assert drawn("One bread. Two breads. Three.\n\nThe end.").digest(500, "Two breads.") == (
        "One bread.",
        "The end.",
    )


# -- front matter


def test_a_channel_goes_before_its_network():
    social = {"linkedin": {"hook": "Network.", "question": "Which?"}, "company": {"hook": "Channel."}}
    given_texts = given_for(article(social=social), "company", "linkedin")
    assert given_texts == {"hook": "Channel.", "question": "Which?"}


def test_what_is_given_is_not_drawn():
    given_texts = {"hook": "Given hook.", "takeaways": ("• One", "Two"), "question": "Given?"}
    material = drawn(f"{OPENING}\n\n{MIDDLE}", given=given_texts)
    assert (material.hook, material.takeaways, material.question) == ("Given hook.", ("One", "Two"), "Given?")


def test_given_text_may_be_lines_or_several_texts():
    texts = Given({"takeaways": "- One\n- Two\n", "longform": ("One.", "Two.")})
    assert texts.texts("takeaways") == ("One", "Two")
    assert texts.text("longform") == "One.\n\nTwo."
    assert texts["card"] == ""


def test_a_given_hook_of_several_lines_needs_no_support():
    assert drawn(OPENING, given={"hook": "One.\n\nTwo."}).support == ""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"aA .?!:*_`#>-[]()\n", "\n\n", "## ", "- ", "> ", "The end. ", "Why? ", "“", "🚀", "本。"]
        )
    )
)
def test_any_body_can_be_drawn_from(parts):
    material = drawn("".join(parts))
    texts = (
        *material.hooks,
        *material.questions,
        *material.takeaways,
        material.summary,
        *material.digest(200),
    )
    assert all("**" not in text and "`" not in text and "](" not in text for text in texts)


@pytest.mark.parametrize("sentence", ["A. ", "Is it so? ", "Is it so? No. "])
def test_a_paragraph_of_a_hundred_thousand_sentences_is_drawn_from(sentence):
    tracemalloc.start()
    _ = drawn(sentence * 4_000).drawing.sentences
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000  # a list of its neighbours for each would take more than 128 MB
    begun = time.process_time()
    material = drawn(sentence * (300_000 // len(sentence)))
    _ = (
        material.hooks,
        material.before_question,
        material.takeaways,
        material.support,
        material.digest(3_000),
    )
    assert time.process_time() - begun < 20  # linear: 2 seconds


def test_a_digest_of_thirty_thousand_sections_is_drawn():
    said = "Rye is good."
    passages = [
        Passage(kind=Kind.PARAGRAPH, text=said, sentences=(said,), section=section)
        for section in range(30_000)
    ]
    begun = time.process_time()
    assert digest(passages, 280, language="en", told=frozenset()) == (said,) * 20
    assert (
        time.process_time() - begun < 8
    )  # linear: 2 seconds; many times that where each cut counts all again
