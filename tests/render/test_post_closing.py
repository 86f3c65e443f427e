import pytest

from postroom.lint.networks import LINKEDIN
from postroom.render.closing import call_to_action, card_title, hashtags, shortened


@pytest.mark.parametrize(
    ("cta", "kept"),
    [
        ("Tell us what you bake.", "Tell us what you bake."),
        ("Follow us on LinkedIn.", ""),
        (
            "Ready for more bread? Follow us on LinkedIn for daily recipes. Join our bakers' table.",
            "Ready for more bread? Join our bakers' table.",
        ),
        ("Ready for more bread? Connect with us on LinkedIn.", ""),
        ("Follow us on LinkedIn. It only takes a second.", ""),
        ("Folgen Sie uns auf LinkedIn. Backen Sie mit.", "Backen Sie mit."),
        ("LinkedInでフォローしてください。", ""),
        ("Read our guide to LinkedIn ads.", "Read our guide to LinkedIn ads."),
        ("Visit https://learning.example today.", ""),
        ("", ""),
    ],
)
def test_a_network_is_not_asked_to_follow_itself(cta, kept):
    assert call_to_action(cta, LINKEDIN, "de" if "Sie" in cta else "en") == kept


@pytest.mark.parametrize(
    ("channel", "tags", "chosen"),
    [
        (("MachineLearning", "AI"), ("deep learning",), ("MachineLearning", "AI", "DeepLearning")),
        (("#AI",), ("ai", "Ai"), ("AI",)),
        ((), ("node.js", "c++", "2026", "e-mail", "iOS", "café"), ("NodeJs", "EMail", "iOS", "Café")),
        ((), ("書店", "人工知能"), ("書店", "人工知能")),
        (("A1", "B1", "C1"), ("D1", "E1", "F1"), ("A1", "B1", "C1", "D1", "E1")),
    ],
)
def test_hashtags_are_letters_and_digits_each_once(channel, tags, chosen):
    assert hashtags(channel, tags, 5) == chosen


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("A short title: all of it", "A short title: all of it"),
        ("The Long Road to Rye: " + "everything that we learnt on our way " * 2, "The Long Road to Rye"),
        ("The Long Road to Rye – " + "everything that we learnt on our way " * 2, "The Long Road to Rye"),
        (
            "Rye: " + "everything that we learnt on our way " * 2,
            "Rye: " + "everything that we learnt on our way " * 2,
        ),
    ],
)
def test_a_title_that_a_card_would_cut_ends_at_its_colon(title, shown):
    assert card_title(title, LINKEDIN) == shown


def test_a_title_over_the_limit_is_cut_between_words():
    assert len(card_title("word " * 100, LINKEDIN)) <= LINKEDIN.title_limit


@pytest.mark.parametrize(
    ("text", "max_chars", "cut"),
    [
        ("one two", 7, "one two"),
        ("one two three", 9, "one two…"),
        ("one two, three", 9, "one two…"),
        ("abcdefgh", 5, "abcd…"),
    ],
)
def test_texts_are_cut_between_words(text, max_chars, cut):
    assert shortened(text, max_chars) == cut
    assert len(cut) <= max_chars
