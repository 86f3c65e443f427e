import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.lint.linkedin import (
    RESERVED,
    LittleTextError,
    commentary,
    escape,
    hashtag,
    parse,
    parse_hashtags,
    utf16_length,
)

LIKELY = st.text(alphabet=[*sorted(RESERVED), *"ab 1é語😀\n＃-"], max_size=40)
ANY = st.text(max_size=40)


def test_exactly_the_fifteen_reserved_characters_are_escaped():
    assert len(RESERVED) == 15
    every = "".join(map(chr, range(0x20, 0x7F)))
    assert {char for char in every if escape(char) != char} == RESERVED


@settings(max_examples=5_000)
@given(LIKELY | ANY)
def test_escaped_text_reads_back_as_it_was(text):
    assert parse(escape(text)) == text


@settings(max_examples=1_000)
@given(LIKELY, st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,6}", fullmatch=True), max_size=4, unique=True))
def test_commentary_with_hashtags_reads_back_as_it_was(text, tags):
    whole = text + "\n\n" + " ".join(f"#{tag}" for tag in tags)
    assert parse(commentary(whole, tags)) == whole


def test_hashtags_are_written_as_templates():
    written = commentary("C# (really)\n\n#AI #AIOps", ["AI", "AIOps"])
    assert written == "C\\# \\(really\\)\n\n{hashtag|\\#|AI} {hashtag|\\#|AIOps}"
    assert parse_hashtags(written) == ("AI", "AIOps")


def test_a_hash_inside_a_word_is_no_hashtag():
    assert parse_hashtags(commentary("issue#AI and #AIs", ["AI"])) == ()


def test_a_hashtag_may_be_in_any_script():
    assert parse(hashtag("書店")) == "#書店"


@pytest.mark.parametrize(
    ("text", "position"), [("a (b)", 2), ("a@b", 1), ("tail\\", 4), ("{hashtag|\\#|a-b}", 0)]
)
def test_reading_stops_where_linkedin_would(text, position):
    with pytest.raises(LittleTextError, match="reserved") as caught:
        parse(text)
    assert caught.value.position == position


def test_characters_beyond_the_basic_plane_count_twice():
    assert utf16_length("a😀") == 3
