"""A post as it stands in a feed."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.web.studio.feed import Habits, feed, folded
from postroom.web.studio.look import Look

HABITS = Habits(limit=3000, fold=210, fold_on_phone=140)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("short", "short"),
        ("a\nb\nc", "a\nb\nc"),
        ("a\nb\nc\nd", "a\nb\nc"),
        ("a\n\nb\n\nc", "a\n\nb"),
        ("x" * 70 + "\n" + "y" * 70 + "\nz\nrest", "x" * 70 + "\n" + "y" * 70 + "\nz"),
        ("x" * 71 + "\ny\nz", "x" * 71 + "\ny"),
        ("word " * 60, ("word " * 42).rstrip()),
    ],
)
def test_a_text_folds_after_three_lines_or_210_characters(text: str, head: str) -> None:
    assert folded(text, HABITS, is_phone=False)[0] == head


def test_a_phone_folds_sooner() -> None:
    assert len(folded("word " * 60, HABITS, is_phone=True)[0]) <= 140


def test_a_network_without_a_fold_shows_all() -> None:
    assert folded("a\n" * 90, Habits(), is_phone=True) == ("a\n" * 90, "")


@given(st.text(), st.booleans())
def test_a_fold_loses_nothing(text: str, is_phone: bool) -> None:
    head, tail = folded(text, HABITS, is_phone=is_phone)
    assert head + tail == text
    assert len(head) <= 210


def html(make: SimpleNamespace, *parts: str, look: Look | None = None, **facts: object) -> str:
    sheet = make.post(make.entry(channel="linkedin", variant="hook"), *parts, **facts)
    return feed(sheet.content, sheet, look or Look())


def test_the_rest_shows_when_it_is_asked_for(make: SimpleNamespace) -> None:
    text = "One.\nTwo.\nThree.\nFour."
    assert "Four." not in html(make, text)
    assert "…see more</a>" in html(make, text)
    unfolded = html(make, text, look=Look(unfolded=True))
    assert unfolded.index("Three.") < unfolded.index("until here before") < unfolded.index("Four.")


def test_counts_stand_under_each_part(make: SimpleNamespace) -> None:
    shown = html(make, "One #tag\ntwo", "#a #b c#d")
    assert "12 of 3,000 characters" in shown
    assert "<span>1 hashtag</span><span>2 lines</span>" in shown
    assert "<span>2 hashtags</span><span>1 line</span>" in shown


def test_a_network_whose_limit_is_not_known_has_none(make: SimpleNamespace) -> None:
    shown = html(make, "One", network="somewhere")
    assert "<span>3 characters</span>" in shown
    assert "<meter" not in shown


def test_tags_and_links_are_set_off_and_hostile_text_is_text(make: SimpleNamespace) -> None:
    shown = html(make, "See https://a.example/x?y=1&z. <script>alert(1)</script> #Tag")
    assert '<span class="linked">https://a.example/x?y=1&amp;z</span>.' in shown
    assert '<span class="linked">#Tag</span>' in shown
    assert "<script" not in shown


def test_the_link_card_and_the_first_comment_follow(make: SimpleNamespace) -> None:
    shown = html(make, "One", first_comment="All of it: https://a.example")
    assert '<img src="asset/hero.jpg" alt="A loaf on a wooden board" width="1200" height="600">' in shown
    assert shown.index("hero.jpg") < shown.index("First comment") < shown.index("All of it")


def test_images_wait_as_they_do_in_mail(make: SimpleNamespace) -> None:
    assert "Image off" in html(make, "One", look=Look(images="none"))


def test_a_thread_is_a_list_of_parts(make: SimpleNamespace) -> None:
    shown = html(make, "One", "Two", "Three")
    assert shown.count('<li><article class="card"') == 3
    assert shown.count("hero.jpg") == 1
    assert 'aria-label="Reply 2"' in shown
