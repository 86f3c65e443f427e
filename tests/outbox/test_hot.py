"""The statements that every message passes: compiled once, and never a scan."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql

from postroom.errors import LedgerError
from postroom.outbox import claim, consequences, hands, record, upcoming, waits
from postroom.outbox.bulk import Bulk
from postroom.outbox.hot import Among, Hot
from postroom.outbox.tables import delivery, meta


def plan(outbox, statement: object) -> str:
    """What SQLite would do for a statement, step by step."""
    if isinstance(statement, Hot | Bulk):
        statement = statement._statement

    def ask(connection) -> str:
        compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
        values = [None] * len(compiled.positiontup or ())
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", tuple(values))
        return "\n".join(row[3] for row in rows)

    return outbox.ledger.read(ask)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (claim._DUE, "delivery_due (edition_id=? AND due_at<?)"),
        (upcoming._SOONEST, "delivery_due (edition_id=?)"),
        (upcoming._OPEN, "edition_open (transport=?)"),
        (claim._GIVING_EDITIONS, "edition_open (transport=?)"),
        (waits._PUT_BACK, "delivery_due (edition_id=? AND due_at<?)"),
        (hands._RESERVED, "delivery_owned (owner=?)"),
        (record._IN_HAND, "delivery_owned (owner=?)"),
        (record._NEXT_PART, "delivery_once (edition_id=? AND recipient=? AND part=?)"),
        (record._OF_TURN, "delivery_owned (owner=? AND rowid=?)"),
        (record._CLOSE, "INTEGER PRIMARY KEY (rowid=?)"),
        (record._CLOSE_SENT, "delivery_owned (owner=? AND rowid=?)"),
        (record._CLOSE_NAMED, "INTEGER PRIMARY KEY (rowid=?)"),
        (claim._SEND, "INTEGER PRIMARY KEY (rowid=?)"),
        (claim._RESERVE, "INTEGER PRIMARY KEY (rowid=?)"),
        (claim._PUT_OFF, "INTEGER PRIMARY KEY (rowid=?)"),
        (consequences._WHOSE, "INTEGER PRIMARY KEY (rowid=?)"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_a_statement_of_every_message_uses_its_index(outbox, statement: object, index: str) -> None:
    outbox.freeze("ada", "bea")
    steps = plan(outbox, statement)
    assert index in steps
    may_be_scanned = (
        "json_each",
        "pace USING COVERING INDEX",
    )  # what is given, and a look whether there is anything
    assert not [step for step in steps.split("SCAN ")[1:] if not step.startswith(may_be_scanned)]


@pytest.mark.sqlite_only
def test_the_due_come_out_of_the_index_in_order(outbox) -> None:
    assert "TEMP B-TREE" not in plan(outbox, claim._DUE)


@pytest.mark.sqlite_only
def test_a_claim_of_another_size_is_not_planned_anew(outbox) -> None:
    """SQLite prepares a statement again whenever a number is bound to its LIMIT itself: 0.1 ms each time."""
    sql = outbox.ledger.read(lambda c: claim._DUE._of(c)[0])
    assert "LIMIT ? + 0" in sql


def test_postgresql_skips_what_another_is_looking_at() -> None:
    dialect = postgresql.dialect()
    asked = str(claim._DUE._statement.compile(dialect=dialect))
    assert asked.endswith("FOR UPDATE OF delivery SKIP LOCKED")
    assert "delivery.state = 'queued' AND NOT delivery.waits" in asked
    assert str(record._OF_TURN._statement.compile(dialect=dialect)).endswith("FOR UPDATE OF delivery")


def test_values_and_rows_pass_as_the_driver_has_them(outbox) -> None:
    statement = Hot(select(delivery.c.due_at, delivery.c.waits).where(delivery.c.id == bindparam("number")))
    outbox.freeze("ada")
    ((due, waits),) = outbox.ledger.read(lambda c: statement.rows(c, number=1))
    assert (type(due), waits) == (int, 0)


def test_values_that_the_statement_fixes_need_not_be_given(outbox) -> None:
    put = Hot(meta.insert().values(name=bindparam("called"), value="fixed"))
    assert outbox.ledger.write(lambda c: put.count(c, called="a")) == 1
    kept = Hot(select(meta.c.value).where(meta.c.name == bindparam("called"), meta.c.value == "fixed"))
    assert [row.value for row in outbox.ledger.read(lambda c: kept.rows(c, called="a"))] == ["fixed"]


def test_a_list_of_numbers_may_be_empty_or_long(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    these = Hot(select(delivery.c.id).where(Among(delivery.c.id)).order_by(delivery.c.id))
    for ids, found in (([], []), ([2], [2]), ([*range(3, 100_000), 1], [1, 3])):
        assert [row.id for row in outbox.ledger.read(lambda c, ids=ids: these.rows(c, ids=ids))] == found


def test_what_the_database_refuses_is_told_as_ever(outbox) -> None:
    put = Hot(meta.insert().values(name=bindparam("called"), value=bindparam("to")))
    with pytest.raises(LedgerError, match=r"(?i)not.null"):
        outbox.ledger.write(lambda c: put.count(c, called="a", to=None))
