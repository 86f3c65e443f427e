import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.lint.characters import clean, forbidden, plain_letters


@pytest.mark.parametrize(
    ("text", "plain"),
    [("𝗛𝗲𝗹𝗹𝗼 𝟮𝟬", "Hello 20"), ("ＡＩ", "AI"), ("Ⓐⓑ", "Ab"), ("本当！？", "本当！？"), ("½ ﬁ", "½ ﬁ")],
)
def test_only_letters_in_disguise_are_turned_back(text, plain):
    assert plain_letters(text) == plain


@pytest.mark.parametrize("text", ["👨‍👩‍👧 at home", "🏳️‍🌈", "न्‍य", "می‌خواهم", "👍🏽", "Grüße\nan alle", "café"])
def test_joiners_that_a_script_or_emoji_needs_are_kept(text):
    assert clean(text) == text
    assert forbidden(text) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\u200bb", "U+200B ZERO WIDTH SPACE"),
        ("a\u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("a\u200db", "U+200D ZERO WIDTH JOINER"),
        ("a\x07b", "U+0007 control character"),
        ("𝗕", "U+1D5D5 MATHEMATICAL SANS-SERIF BOLD CAPITAL B"),
        ("🅐", "U+1F150 NEGATIVE CIRCLED LATIN CAPITAL LETTER A"),
    ],
)
def test_forbidden_characters_are_named(text, name):
    assert forbidden(text) == (name,)


def test_cleaning_composes_and_unifies_line_ends():
    assert clean("e\u0301\r\nb\tc\rd") == "é\nb c\nd"


@given(st.text(max_size=60))
def test_what_is_clean_holds_nothing_that_cleaning_removes(text):
    once = clean(text)
    assert clean(once) == once
    assert all("CIRCLED" in name for name in forbidden(once))
