import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.lint.sentences import ends_sentence, is_question, joined, split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Use a cache, e.g. Redis. Then measure.", ["Use a cache, e.g. Redis.", "Then measure."]),
        ("Dr. Smith paid $3.5 million. It was late.", ["Dr. Smith paid $3.5 million.", "It was late."]),
        ("J. K. Rowling agreed. We did not.", ["J. K. Rowling agreed.", "We did not."]),
        ("In the U.S. Congress met. He went.", ["In the U.S. Congress met.", "He went."]),
        ("He left the U.S. The rest stayed.", ["He left the U.S.", "The rest stayed."]),
        ("Wait… what? Yes.", ["Wait… what?", "Yes."]),
        ("Well... maybe. Or not.", ["Well... maybe.", "Or not."]),
        ("iPhone sales rose. iPad sales fell.", ["iPhone sales rose.", "iPad sales fell."]),
        ("“It works. Really.” Then he left.", ["“It works. Really.”", "Then he left."]),
        ('"Why?" she asked. He knew.', ['"Why?" she asked.', "He knew."]),
        ("It failed (twice. Truly.) on Monday. End.", ["It failed (twice. Truly.) on Monday.", "End."]),
        (
            "See No. 5 on p. 12. The answer is no. We left.",
            ["See No. 5 on p. 12.", "The answer is no.", "We left."],
        ),
        ("At 5 p.m. The shop closed.", ["At 5 p.m.", "The shop closed."]),
        ("Version 2.0 is out. Get it!", ["Version 2.0 is out.", "Get it!"]),
        ("So do I. Then again, no.", ["So do I.", "Then again, no."]),
        ("Is it 5? 20 said yes.", ["Is it 5?", "20 said yes."]),
        ("No mark at the end", ["No mark at the end"]),
        ("", []),
    ],
)
def test_english_is_cut_only_where_a_sentence_ends(text, sentences):
    assert split(text) == tuple(sentences)


@pytest.mark.parametrize(
    ("text", "language", "sentences"),
    [
        ("Am 3. Mai kam Dr. Weiß. Z. B. um acht.", "de", ["Am 3. Mai kam Dr. Weiß.", "Z. B. um acht."]),
        ("Am 3. Mai kam sie. Er nicht.", "de-AT", ["Am 3. Mai kam sie.", "Er nicht."]),
        (
            "機械は学ぶ。「本当に？」と彼は言った。次の文！",
            "ja",
            ["機械は学ぶ。", "「本当に？」と彼は言った。", "次の文！"],
        ),
        ("“你好。”他说。然后走了。", "zh", ["“你好。”他说。", "然后走了。"]),
        ("यह पहला है। यह दूसरा है।", "hi", ["यह पहला है।", "यह दूसरा है।"]),
        ("هل تعلم؟ نعم.", "ar", ["هل تعلم؟", "نعم."]),
        ("¿Qué pasa? Nada.", "es", ["¿Qué pasa?", "Nada."]),
    ],
)
def test_other_languages_are_cut_by_their_own_marks(text, language, sentences):
    assert split(text, language) == tuple(sentences)


@given(st.text(alphabet='ab .!?…。「」"()A1é', max_size=60))
def test_nothing_is_lost_in_splitting(text):
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_sentences_are_joined_as_their_script_does():
    assert joined(["One.", "Two."]) == "One. Two."
    assert joined(("一つ。", "二つ。")) == "一つ。二つ。"


@pytest.mark.parametrize(
    "text", ["Done.", "Done!", "He said “done.”", "Really?", "終わり。", "Wait…", "(Done.)"]
)
def test_the_mark_of_a_sentence_is_seen_inside_closing_quotes(text):
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["Done", "Done:", "Done,", ""])
def test_what_has_no_mark_ends_no_sentence(text):
    assert not ends_sentence(text)


@pytest.mark.parametrize("text", ["Why?", "何故？", "ありますか。", "你好吗。", "لماذا؟", "“Why?”", "What?!"])
def test_questions_are_known_in_many_scripts(text):
    assert is_question(text)


def test_a_statement_is_no_question():
    assert not is_question("Why not.")


@pytest.mark.parametrize("unit", ["Is it so? ", "A. ", "e.g. A ", "3. Mai ", "(so.) ", "何故？", "…, "])
def test_a_long_paragraph_takes_as_long_as_its_length(unit):
    text = unit * (300_000 // len(unit))
    begun = time.process_time()
    sentences = split(text, "de")
    assert joined(sentences) == text.strip()
    assert time.process_time() - begun < 5  # a hundred times as long where each stop looks at all the text
