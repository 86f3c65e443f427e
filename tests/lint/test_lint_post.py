from dataclasses import replace
from pathlib import Path

import pytest

from postroom.lint.networks import LINKEDIN, NETWORKS
from postroom.lint.post import check, compare
from postroom.model import Article, Asset, LinkCard, Post, PostImage, Severity

ARTICLE = Article(
    id="queue",
    path="queue.md",
    file="articles/queue.md",
    source=Path("/articles/queue.md"),
    title="Your queue is not slow",
    subtitle="What twelve incidents had in common",
    body_line=12,
    body_hash="",
    source_hash="",
    cta="Tell us what you alert on.",
    lines={"title": 2, "tags": 5, "image": 6, "social": 7},
)
CARD = LinkCard(
    url="https://learning.example/queue", title="Your queue is not slow", description="Twelve incidents."
)
TAGS = ("Python", "Queues", "SRE")
TEXT = "A job that may run twice must not bill twice.\n\nGive every job a key.\n\n#Python #Queues #SRE"
GOOD = Post(network="linkedin", parts=(TEXT,), language="en", card=CARD, hashtags=TAGS)


def body(text, *, hashtags=TAGS, **changes):
    line = " ".join(f"#{tag}" for tag in hashtags)
    return replace(GOOD, parts=(f"{text}\n\n{line}" if line else text,), hashtags=hashtags, **changes)


def found(post, variant="hook", article=ARTICLE, network=LINKEDIN):
    return {
        (each.rule, each.severity.value)
        for each in check(post, variant=variant, article=article, network=network)
    }


def test_a_good_post_has_no_findings():
    assert found(GOOD) == set()


def test_limits_name_their_source():
    for network in NETWORKS.values():
        assert network.source.startswith("https://")
        assert network.read == "2026-11-22"


def test_an_empty_post_is_one_finding():
    assert found(replace(GOOD, parts=("  \n",))) == {("post-empty", "error")}
    assert found(replace(GOOD, parts=())) == {("post-empty", "error")}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Hello {{ first_name }}.", "post-leftover"),
        ("Hello {% if %}.", "post-leftover"),
        ("TODO: write this.", "post-leftover"),
        ("Ask [Your Name] for more.", "post-leftover"),
        ("Ask [placeholder] for more.", "post-leftover"),
        ("Lorem ipsum dolor.", "post-leftover"),
        ("It is **bold** news.", "post-markdown"),
        ("It is __bold__ news.", "post-markdown"),
        ("Read [this](there).", "post-markdown"),
        ("Call `ack` last.", "post-markdown"),
        ("# A heading.", "post-markdown"),
        ("Text.\n\n---\n\nMore.", "post-markdown"),
        ("It is <b>bold</b> news.", "post-markdown"),
        ("Hidden.<!-- note -->", "post-markdown"),
        ("𝗕𝗼𝗹𝗱 news.", "post-characters"),
        ("Zero\u200bwidth.", "post-characters"),
        ("Turned\u202earound.", "post-characters"),
        ("One.\n\n\nTwo.", "post-spacing"),
        ("One. \n\nTwo.", "post-spacing"),
        ("One.\tTwo.", "post-spacing"),
        ("Cafe\u0301 is open.", "post-spacing"),
    ],
)
def test_what_a_network_would_show_wrongly_is_an_error(text, rule):
    assert (rule, "error") in found(body(text))


@pytest.mark.parametrize(
    "text",
    [
        "Everything (really) costs 5 < 6 & 7 > 3, says a_b@c.",
        "Todo lists fail, and 2 * 3 is 6 - 0.",
        "A list<String> is no tag.",
        "Grüße, 本当！ 👨‍👩‍👧.",
        "Well -- maybe.",
    ],
)
def test_ordinary_text_is_no_error(text):
    assert all(severity != "error" for _, severity in found(body(text)))


def test_length_is_counted_in_code_points_and_escaped():
    assert ("post-too-long", "error") in found(body("a" * 3_001))
    assert ("post-near-limit", "warning") in found(body("a" * 2_900 + "(" * 70))
    rules = {rule for rule, _ in found(body("a" * 2_900))}
    assert not rules & {"post-too-long", "post-near-limit"}


def test_the_counts_are_told():
    finding = next(
        each for each in check(body("(" * 3_001), variant="hook", article=ARTICLE, network=LINKEDIN)
    )
    assert "3,023 characters" in finding.message
    assert "3,000 are allowed" in finding.message


def test_a_hashtag_that_breaks_off_would_be_cut():
    assert ("post-cut-short", "error") in found(body("Fine.", hashtags=("AI-Ops", "Queues", "SRE")))


@pytest.mark.parametrize(
    ("first", "rule"),
    [
        ("a" * 140 + ".", "hook-too-long"),
        ("What twelve incidents had in common", "hook-unfinished"),
        ("Read https://learning.example now.", "hook-distracts"),
        ("Hello @someone, look.", "hook-distracts"),
        ("Look at #AI now.", "hook-distracts"),
        ("🚀🚀", "hook-distracts"),
        ("Your queue is not slow", "hook-is-title"),
    ],
)
def test_a_poor_first_line_is_a_warning(first, rule):
    assert (rule, "warning") in found(body(f"{first}\n\nMore."))


def test_a_list_may_open_with_title_or_subtitle():
    text = "What twelve incidents had in common:\n\n• One point.\n• Two points.\n• Three points."
    assert found(body(text), "takeaways") == set()


def test_the_first_glance_counts_blank_lines():
    assert ("fold-too-long", "warning") in found(body("a" * 100 + ".\n\n" + "b" * 120 + "."))
    assert ("fold-too-long", "warning") not in found(body("a" * 90 + ".\n\n" + "b" * 100 + "."))


@pytest.mark.parametrize("paragraph", ["One. Two. Three. Four.", "word " * 70 + "end."])
def test_a_long_paragraph_is_a_warning(paragraph):
    assert ("paragraph-too-long", "warning") in found(body(f"Short.\n\n{paragraph}"))


def test_lists_are_no_paragraphs():
    text = "Points.\n\n" + "\n".join(f"• Point {number}. It is one." for number in range(3))
    assert ("paragraph-too-long", "warning") not in found(body(text))


@pytest.mark.parametrize(
    ("hashtags", "rule"),
    [
        ((), "hashtag-count"),
        (("A1", "B1"), "hashtag-count"),
        (("Aa", "Bb", "Cc", "Dd", "Ee", "Ff"), "hashtag-count"),
        (("Queues", "queues", "SRE"), "hashtag-repeated"),
        (("2026", "Queues", "SRE"), "hashtag-form"),
    ],
)
def test_poor_hashtags_are_warnings(hashtags, rule):
    assert (rule, "warning") in found(body("Fine.", hashtags=hashtags))


def test_hashtags_stand_on_the_last_line():
    misplaced = replace(GOOD, parts=("Fine. #Python #Queues #SRE",))
    assert ("hashtag-place", "warning") in found(misplaced)


def test_calm_posts_have_few_emoji_and_no_shouting():
    assert ("too-many-emoji", "warning") in found(body("Look 🚀🚀🚀🚀🚀🚀."))
    assert ("too-many-emoji", "warning") not in found(body("Look 👨‍👩‍👧 🏳️‍🌈 🇩🇪 👍🏽 ✅ © 2026."))
    assert ("emoji-in-word", "warning") in found(body("Gr🚀at news."))
    assert ("post-shouts", "warning") in found(body("THIS IS A VERY LOUD LINE INDEED."))
    assert ("post-shouts", "warning") not in found(body("この行はとても長いですが大文字ではありません。"))


URL = "https://learning.example/queue"


def test_the_link_has_one_place():
    assert found(body(f"Fine.\n\n{URL}", card=None)) == set()
    assert found(body("Fine.", card=None, first_comment=f"More: {URL}")) == set()
    assert found(body("Fine.", card=None)) == set()


@pytest.mark.parametrize(
    ("post", "rule"),
    [
        (body(f"Fine.\n\n{URL}"), "link-twice"),
        (body("Fine.", first_comment=URL), "link-twice"),
        (body(f"Fine.\n\n{URL} {URL}", card=None), "link-twice"),
        (body(f"See.\n\n{URL}\n\nMore.", card=None), "link-inside"),
        (body("Fine.", card=None, first_comment="no link"), "comment-without-link"),
        (body("Fine.", card=None, first_comment=URL + " " + "a" * 1_250), "comment-too-long"),
    ],
)
def test_a_link_elsewhere_is_an_error(post, rule):
    assert (rule, "error") in found(post)


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (replace(CARD, title=" "), ("card-title", "error")),
        (replace(CARD, title="a" * 401), ("card-title", "error")),
        (replace(CARD, title="a" * 71), ("card-title", "warning")),
        (replace(CARD, description="a" * 161), ("card-description", "warning")),
        (replace(CARD, url="/articles/queue"), ("card-url", "error")),
        (replace(CARD, url="http://learning.example/queue"), ("card-url", "error")),
    ],
)
def test_a_poor_card_is_found(card, expected):
    assert expected in found(replace(GOOD, card=card))


def asset(**changes):
    return replace(
        Asset(src="a.png", url="https://x.example/a.png", media_type="image/png", width=10, height=10),
        **changes,
    )


@pytest.mark.parametrize(
    ("image", "rule"),
    [(asset(media_type="image/webp"), "image-type"), (asset(width=7_000, height=7_000), "image-size")],
)
def test_an_image_that_a_network_refuses_is_an_error(image, rule):
    assert (rule, "error") in found(replace(GOOD, card=replace(CARD, image=image)))
    assert (rule, "error") in found(replace(GOOD, card=None, images=(PostImage(asset=image, alt="A queue"),)))


def test_a_remote_image_of_unknown_size_passes():
    remote = Asset(src="https://x.example/a.webp", url="https://x.example/a.webp")
    assert found(replace(GOOD, card=replace(CARD, image=remote))) == set()


@pytest.mark.parametrize(
    ("alt", "expected"),
    [
        (" ", ("image-alt", "error")),
        ("a" * 4_087, ("image-alt", "error")),
        ("a" * 121, ("image-alt", "warning")),
    ],
)
def test_images_that_go_up_are_described(alt, expected):
    assert expected in found(replace(GOOD, card=None, images=(PostImage(asset=asset(), alt=alt),)))


def test_the_call_to_action_stands_once():
    cta = ARTICLE.cta
    assert ("cta-repeated", "error") in found(body(f"Fine.\n\n{cta}\n\n{cta}"))
    assert ("cta-repeated", "error") not in found(body(f"Fine.\n\n{cta}"))


def test_a_question_post_ends_with_its_question():
    assert ("question-missing", "error") in found(body("What now? Nothing."), "question")
    assert found(body("It is late.\n\nWhat now?"), "question") == set()
    assert found(body(f"It is late.\n\nWhat now?\n\n{URL}", card=None), "question") == set()


@pytest.mark.parametrize(
    ("points", "rule"),
    [
        (["• One.", "• Two."], "list-length"),
        ([f"• Point {number}." for number in range(8)], "list-length"),
        (["• One.", "• Two.", "• " + "a" * 121], "list-point"),
        (["• One.", "- Two.", "• Three."], "list-bullets"),
    ],
)
def test_takeaways_are_a_short_even_list(points, rule):
    assert (rule, "error") in found(body("Points to keep.\n\n" + "\n".join(points)), "takeaways")


def test_numbered_points_are_even():
    assert found(body("Points to keep.\n\n1. One.\n2. Two.\n3. Three."), "takeaways") == set()


def test_findings_name_file_line_and_cure():
    finding = next(check(body("One.\tTwo."), variant="hook", article=ARTICLE, network=LINKEDIN))
    assert str(finding).startswith("articles/queue.md:7: LinkedIn hook: it holds a tab")
    assert "add `social.linkedin.hook`" in finding.message
    tagged = next(check(body("Fine.", hashtags=()), variant="hook", article=ARTICLE, network=LINKEDIN))
    assert tagged.line == 5


def test_what_the_front_matter_gives_is_to_be_changed():
    given = replace(ARTICLE, social={"linkedin": {"hook": "One.\tTwo."}}, lines={"social.linkedin.hook": 9})
    finding = next(check(body("One.\tTwo."), variant="hook", article=given, network=LINKEDIN))
    assert "change `social.linkedin.hook`" in finding.message
    assert finding.line == 9


def test_variants_that_say_the_same_are_found():
    near = body("A job that may run twice must not bill twice.\n\nGive every job a key!")
    other = body("Queue length says how much work there is. The age of a job says who is late.")
    findings = list(
        compare({"hook": GOOD, "card": GOOD, "question": near, "longform": other}, article=ARTICLE)
    )
    assert [(each.rule, each.severity) for each in findings] == [
        ("posts-identical", Severity.ERROR),
        ("posts-similar", Severity.WARNING),
        ("posts-similar", Severity.WARNING),
    ]
    assert "linkedin card: it is the same post as hook" in findings[0].message
    assert findings[0].line == 7


def test_variants_of_japanese_text_are_compared_by_character():
    one = replace(GOOD, parts=("神戸の書店が在庫を減らした。",), hashtags=())
    other = replace(GOOD, parts=("売上は一年で増えた。",), hashtags=())
    assert list(compare({"hook": one, "card": other}, article=ARTICLE)) == []


def test_posts_without_text_are_not_compared():
    empty = replace(GOOD, parts=("",))
    assert list(compare({"hook": empty, "card": empty}, article=ARTICLE)) == []
