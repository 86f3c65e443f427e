"""Many share a commit, and no fault."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, select

from postroom.errors import LedgerError
from postroom.outbox import together
from postroom.outbox.tables import list_number

from .conftest import Outbox


def add(name: str | None):
    def work(connection: Connection) -> str | None:
        connection.execute(insert(list_number).values(name=name))
        return name

    return work


def fail(connection: Connection) -> str:
    add("half")(connection)
    raise ValueError("no")


def names(outbox: Outbox) -> list[str]:
    query = select(list_number.c.name).order_by(list_number.c.name)
    return outbox.ledger.read(lambda connection: list(connection.execute(query).scalars()))


def test_each_is_done_in_its_order(outbox: Outbox) -> None:
    assert outbox.ledger.write(together.each, [add("a"), add("b")]) == ["a", "b"]
    assert names(outbox) == ["a", "b"]


def test_what_one_did_that_failed_is_undone_and_nothing_of_the_others(outbox: Outbox) -> None:
    ends = outbox.ledger.write(together.each, [add("a"), fail, add(None), add("a"), add("b")])
    assert [ends[0], ends[4]] == ["a", "b"]
    assert [type(end) for end in ends[1:4]] == [ValueError, LedgerError, LedgerError]
    assert names(outbox) == ["a", "b"]


def test_where_the_database_fails_nothing_of_any_is_kept(outbox: Outbox) -> None:
    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT no_such_function_anywhere(1)").all()

    if outbox.ledger.is_shared:
        ends = outbox.ledger.write(together.each, [add("a"), broken])
        assert isinstance(ends[1], LedgerError)
        return
    with pytest.raises(LedgerError):
        outbox.ledger.write(together.each, [add("a"), broken])
    assert names(outbox) == []
