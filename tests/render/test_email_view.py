from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.model import Article, Publication
from postroom.render.email import cut
from postroom.render.mailview import (
    call_to_action,
    dated,
    joined,
    language_of,
    minutes_to_read,
    on,
    standfirst,
)
from postroom.render.markdown import parse


def article(**facts: object) -> Article:
    known: dict[str, object] = {
        "id": "a", "path": "a.md", "file": "a.md", "source": Path("/a.md"), "title": "T",
        "body_line": 1, "body_hash": "", "source_hash": "",
    }  # fmt: skip
    return Article(**{**known, **facts})  # type: ignore[arg-type]


def publication(**facts: object) -> Publication:
    known: dict[str, object] = {"name": "P", "url": "https://p.example", "language": "en", "timezone": "UTC"}
    return Publication(**{**known, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "zone", "written"),
    [
        ("en", "UTC", "31 December 2025"),
        ("en-GB", "Europe/London", "31 December 2025"),
        ("en-US", "UTC", "December 31, 2025"),
        ("de", "Europe/Berlin", "2026-01-01"),
        ("en", "Asia/Tokyo", "1 January 2026"),
    ],
)
def test_a_date_is_written_in_the_publications_way(language: str, zone: str, written: str) -> None:
    moment = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert dated(moment, publication(language=language, timezone=zone)) == written


def test_no_date_is_written_as_none() -> None:
    assert dated(None, publication()) == ""


@pytest.mark.parametrize(
    ("names", "written"),
    [((), ""), (("A",), "A"), (("A", "B"), "A and B"), (("A", "B", "C"), "A, B and C")],
)
def test_authors_are_joined_as_a_person_would(names: tuple[str, ...], written: str) -> None:
    assert joined(names) == written


@pytest.mark.parametrize(
    ("facts", "body", "told"),
    [
        ({"subtitle": "S", "description": "D"}, "x", "S"),
        ({"description": "D is here"}, "Other", "D is here"),
        ({"description": "D is here"}, "D is here", "D is here"),
        ({"description": "D is here"}, "D is here and more", ""),
        ({"description": "long " * 100}, "x", ""),
        ({}, "x", ""),
    ],
)
def test_what_stands_under_the_title_repeats_nothing(facts: dict[str, object], body: str, told: str) -> None:
    assert standfirst(article(**facts), parse(body)) == told


def test_reading_takes_at_least_a_minute() -> None:
    assert minutes_to_read(parse("word")) == 1
    assert minutes_to_read(parse("word " * 1000)) == 4


def test_a_call_is_split_after_its_first_short_sentence() -> None:
    call = call_to_action(
        article(cta="Ready? Follow us on linkedin now."), publication(links={"linkedin": "https://l.example"})
    )
    assert call is not None
    assert (call.lead, call.rest) == ("Ready?", "Follow us on linkedin now.")
    assert (call.label, call.url) == ("Follow on LinkedIn", "https://l.example")


def test_a_long_first_sentence_is_no_headline() -> None:
    call = call_to_action(article(cta="word " * 30 + ". Next."), publication())
    assert call is not None
    assert call.lead == ""
    assert call.url == call.label == ""


def test_no_call_is_made_up() -> None:
    assert call_to_action(article(cta=" "), publication()) is None


def test_a_link_of_any_name_can_be_called_for() -> None:
    call = call_to_action(article(cta="Join our Forum!"), publication(links={"forum": "https://f.example"}))
    assert call is not None
    assert (call.label, call.url) == ("Follow on forum", "https://f.example")


@pytest.mark.parametrize(
    ("ground", "text"), [("#000000", "#ffffff"), ("#0b5cad", "#ffffff"), ("#ffe600", "#111111")]
)
def test_text_on_a_button_is_the_colour_that_can_be_read(ground: str, text: str) -> None:
    assert on(ground) == text


def test_the_articles_language_wins() -> None:
    assert language_of(article(language="fr"), publication()) == "fr"
    assert language_of(article(), publication()) == "en"


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("short", "short"),
        ("one two three", "one two…"),
        ("onetwothree", "onetwoth…"),
        ("ab {{name|x y z}}", "ab…"),
    ],
)
def test_a_text_is_cut_between_words_and_never_in_a_field(text: str, short: str) -> None:
    assert cut(text, 9) == short
