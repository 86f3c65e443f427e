"""First sight is kept, renames are followed, and nothing new writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.model import Article, ImageRef
from postroom.outbox import Ledger, history, sightings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ARTICLE = Article(
    id="a",
    path="a.md",
    file="articles/a.md",
    source=Path("/x/articles/a.md"),
    title="A",
    body_line=5,
    body_hash="b1",
    source_hash="s1",
    publish_at=NOW,
    image=ImageRef(src="a.png"),
)


def see(ledger: Ledger, channels: dict[str, str | None], *articles: Article, now: datetime = NOW) -> None:
    ledger.write(sightings.see, channels, articles, now)


def changes(ledger: Ledger) -> int:
    return ledger.read(lambda c: c.exec_driver_sql("SELECT total_changes()").scalar_one())


def test_the_first_sight_of_a_channel_stays(ledger: Ledger) -> None:
    see(ledger, {"newsletter": None})
    see(ledger, {"newsletter": None}, now=NOW + DAY)
    assert ledger.read(history.read).channels["newsletter"].first_seen == NOW


def test_a_renamed_channel_takes_over_the_first_sight_of_its_old_name(ledger: Ledger) -> None:
    see(ledger, {"newsletter": None})
    see(ledger, {"weekly": "newsletter"}, now=NOW + DAY)
    assert ledger.read(history.read).channels["weekly"].first_seen == NOW


def test_a_renamed_channel_without_was_is_new(ledger: Ledger) -> None:
    see(ledger, {"newsletter": None})
    see(ledger, {"weekly": None}, now=NOW + DAY)
    assert ledger.read(history.read).channels["weekly"].first_seen == NOW + DAY


def test_was_may_be_added_later(ledger: Ledger) -> None:
    see(ledger, {"newsletter": None})
    see(ledger, {"weekly": None}, now=NOW + DAY)
    see(ledger, {"weekly": "newsletter"}, now=NOW + 2 * DAY)
    see(ledger, {"weekly": None}, now=NOW + 3 * DAY)
    assert ledger.read(history.read).channels["weekly"].first_seen == NOW


@pytest.mark.parametrize("was", ["never-seen", "weekly"])
def test_a_name_that_no_channel_had_changes_nothing(ledger: Ledger, was: str) -> None:
    see(ledger, {"weekly": was})
    assert ledger.read(history.read).channels["weekly"].first_seen == NOW


def test_an_article_is_known_as_it_was_last_seen(ledger: Ledger) -> None:
    see(ledger, {}, ARTICLE)
    see(ledger, {}, replace(ARTICLE, title="B", path="b.md", body_hash="b2", image=None), now=NOW + DAY)
    known = ledger.read(history.read).articles["a"]
    assert (known.title, known.path, known.body_hash, known.image) == ("B", "b.md", "b2", "")
    assert (known.publish_at, known.pulled_at) == (NOW, None)


def test_an_article_whose_file_is_gone_stays_known(ledger: Ledger) -> None:
    see(ledger, {}, ARTICLE)
    see(ledger, {}, now=NOW + DAY)
    assert ledger.read(history.read).articles["a"].image == "a.png"


@pytest.mark.sqlite_only
def test_seeing_the_same_again_writes_nothing_for_a_day(ledger: Ledger) -> None:
    articles = [replace(ARTICLE, id=str(number)) for number in range(5)]
    see(ledger, {"newsletter": None}, *articles)
    before = changes(ledger)
    see(ledger, {"newsletter": None}, *articles, now=NOW + timedelta(hours=23))
    assert changes(ledger) == before
    see(ledger, {"newsletter": None}, *articles, now=NOW + DAY)
    assert changes(ledger) == before + 5
