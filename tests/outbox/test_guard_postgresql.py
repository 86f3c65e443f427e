"""A PostgreSQL database that was restored is noticed; one that just lives on is not disturbed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime

import pytest
from postgresql_server import Server

from postroom.outbox import Ledger, adoption, guard, meta, status

pytestmark = pytest.mark.postgresql_only

NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")


def beat(url: str) -> str:
    with Ledger(url) as ledger:
        found = guard.beat(ledger, guard.place_of(url), NOW)
    return found.why if found else ""


@pytest.fixture
def home(outbox, url: str) -> str:
    """A ledger with something real in it, that was at work once; its URL."""
    outbox.freeze("ada", "bob", "cleo")
    outbox.ledger.close()
    assert beat(url) == ""
    return url


@pytest.fixture
def dumped(home: str, postgresql: Server) -> Iterator[str]:
    """The ledger as a dump brought it into another database; its URL."""
    other = postgresql.create("template0")
    text = subprocess.run(["pg_dump", home], capture_output=True, check=True).stdout
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", other], input=text, capture_output=True, check=True
    )
    yield other
    postgresql.drop(other)


def test_restarts_and_beats_change_nothing(home: str) -> None:
    assert [beat(home) for _ in range(3)] == [""] * 3
    with Ledger(home) as ledger:
        assert ledger.read(meta.heartbeat) == NOW


def test_a_fresh_database_is_at_home(url: str) -> None:
    assert [beat(url) for _ in range(2)] == [""] * 2


def test_a_database_made_from_this_one_is_guarded(home: str, postgresql: Server) -> None:
    other = postgresql.create(home.partition("?")[0].rpartition("/")[2])
    try:
        assert "was copied from another database" in beat(other)
    finally:
        postgresql.drop(other)


def test_a_restored_dump_is_guarded_until_it_is_adopted(dumped: str) -> None:
    why = beat(dumped)
    assert "copied from another database" in why
    assert why.endswith("nothing goes out through a real transport until `postroom adopt`")
    with Ledger(dumped) as ledger:
        done = adoption.adopt(ledger, guard.place_of(dumped), NOW)
        assert [str(row.state) for row in ledger.read(status.editions)] == ["held"]
    assert done.held == ("newsletter/article/post-rooms",)
    assert beat(dumped) == ""


def test_a_dump_restored_into_the_same_database_is_guarded(home: str) -> None:
    text = subprocess.run(["pg_dump", "--clean", home], capture_output=True, check=True).stdout
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", home], input=text, capture_output=True, check=True)
    assert beat(home).startswith("this ledger was restored from a dump; nothing goes out")


def test_a_vacuum_is_no_restore(home: str, postgresql: Server) -> None:
    name = home.partition("?")[0].rpartition("/")[2]
    for statement in ("VACUUM FREEZE meta", "VACUUM FULL meta", "CLUSTER meta USING meta_pkey"):
        postgresql.execute(statement, name)
        assert beat(home) == "", statement
