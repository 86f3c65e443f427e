"""`postroom outbox prune` says first what it would forget."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from postroom.outbox import subscribers


@pytest.fixture
def old(office, postroom):
    """A project whose three readers got a mail two years ago."""
    office.now -= timedelta(days=730)
    office.article(date=office.now.isoformat(timespec="minutes"))
    office.configure(("    unsubscribe:", "    ignore_before: 2001-01-01\n    unsubscribe:"))
    office.run(timedelta(minutes=1))
    assert len(office.mails()) == 3
    return office


def pruned(postroom, *more: str):
    return json.loads(postroom("outbox", "prune", "--older-than", "1 year", "--json", *more).out)


def test_without_yes_nothing_is_forgotten(old, postroom) -> None:
    answer = postroom("outbox", "prune", "--older-than", "1 year")
    assert answer.out.startswith("This would be forgotten; --yes does it:\n  3 mails of 1 edition")
    assert "reader1@example.org" in postroom("outbox", "list").out


def test_with_yes_it_is(old, postroom) -> None:
    assert pruned(postroom) == pruned(postroom, "--yes") | {"pruned": False}
    assert "reader1@example.org" not in postroom("outbox", "list").out
    assert json.loads(postroom("outbox", "status", "--json").out)[0]["sent"] == 3
    assert pruned(postroom, "--yes")["mails"] == 0
    with old.ledger() as ledger:
        assert ledger.read(subscribers.list_names) == ()


@pytest.mark.parametrize("age", ["1 day", "29 days", "4 weeks", "soon", "1", "-1 year", "1.5 years", ""])
def test_an_age_that_is_none_or_too_short_is_refused(office, postroom, age: str) -> None:
    answer = postroom("outbox", "prune", "--older-than", age, "--yes")
    assert answer.code == 2
    assert "is too short" in answer.err or "is no length of time" in answer.err


@pytest.mark.parametrize("age", ["1 year", "18 months", "90days", "30 days", "5 Weeks"])
def test_ages_are_written_as_people_do(office, postroom, age: str) -> None:
    assert postroom("outbox", "prune", "--older-than", age).code == 0
