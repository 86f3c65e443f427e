from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.lint.networks import LINKEDIN
from postroom.lint.sentences import split
from postroom.render.layout import lay_out, short_paragraphs, tidy

SMALL = replace(LINKEDIN, text_limit=60)


def laid_out(text, closing=(), network=LINKEDIN):
    return lay_out(text, closing, network=network, language="en")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("One.  \n\n\n\nTwo.\t\n", "One.\n\nTwo."),
        ("\n\nOne.\r\nTwo.", "One.\nTwo."),
        ("e\u0301 𝗕\u200b", "é B"),
        ("One.\n   \nTwo.", "One.\n\nTwo."),
    ],
)
def test_texts_are_tidied(text, clean):
    assert tidy(text) == clean


def test_long_paragraphs_part_at_sentences():
    assert short_paragraphs("One. Two. Three. Four.", "en") == ["One. Two.", "Three. Four."]
    assert short_paragraphs(f"{'A' * 200}. {'B' * 200}.", "en") == [f"{'A' * 200}.", f"{'B' * 200}."]
    assert short_paragraphs("• One. Two. Three. Four.\n• Five.", "en") == [
        "• One. Two. Three. Four.\n• Five."
    ]
    assert short_paragraphs("A" * 400 + ".", "en") == ["A" * 400 + "."]


def test_a_first_line_that_a_phone_would_cut_ends_after_its_sentence():
    first, second = "A" * 100 + ".", "B" * 100 + "."
    assert laid_out(f"{first} {second}") == f"{first}\n\n{second}"


def test_the_second_paragraph_parts_where_that_shows_it_above_the_fold():
    hook, second, third = "A" * 100 + ".", "B" * 90 + ".", "C" * 90 + "."
    assert laid_out(f"{hook}\n\n{second} {third}") == f"{hook}\n\n{second}\n\n{third}"
    assert laid_out(f"{hook}\n\n{'B' * 120}. {third}") == f"{hook}\n\n{'B' * 120}. {third}"
    assert laid_out(f"{hook}\n\nShort.") == f"{hook}\n\nShort."


def test_what_is_too_long_loses_sentences_from_the_end_of_the_middle():
    text = "First stays.\n\nSecond one. Third one. Fourth one.\n\nLast stays."
    assert laid_out(text, ["#Tag"], SMALL) == "First stays.\n\nSecond one. Third one.\n\nLast stays.\n\n#Tag"


def test_a_list_loses_whole_lines():
    text = "First stays.\n\n• One point\n• Two points\n• Three points\n\nLast stays."
    assert laid_out(text, (), SMALL) == "First stays.\n\n• One point\n• Two points\n\nLast stays."


def test_the_last_paragraph_goes_before_the_first():
    assert laid_out("First stays here for long.\n\nLast goes away, as it must at last.", ["#Tag"], SMALL) == (
        "First stays here for long.\n\n#Tag"
    )


def test_escaped_characters_count():
    text = "Start.\n\n" + "(a) [b]. " * 5 + "\n\nEnd."
    assert len(laid_out(text, (), SMALL)) < 40


BLOCKS = st.lists(
    st.sampled_from(["A b c. ", "Why (me)? ", "• x\n• y\n", "\n\n", "Wörter. ", "本。", "🚀! ", "__"]),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(BLOCKS)
def test_whatever_is_laid_out_fits_and_keeps_whole_sentences(parts):
    text = "".join(parts)
    result = laid_out(text, ["#Tag"], SMALL)
    first = split(tidy(text).split("\n")[0] or "x")[0]
    assert len(result) <= max(60, len(first) + 7)
    assert "\n\n\n" not in result
    assert all(line == line.rstrip() for line in result.split("\n"))
