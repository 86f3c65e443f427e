"""Many rows in one go, on either database."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql

from postroom.errors import LedgerError
from postroom.outbox import Ledger, meta
from postroom.outbox.bulk import Bulk, insert_new, lookup
from postroom.outbox.tables import meta as table

ADD = insert_new(table, ("name", "value"), key=("name",))


def test_rows_are_inserted_and_those_that_are_there_left_alone(ledger: Ledger) -> None:
    rows = [{"name": str(number), "value": "new"} for number in range(5)]
    assert ledger.write(lambda c: ADD.run(c, rows[:2])) == 2
    assert ledger.write(lambda c: ADD.run(c, [{**row, "value": "other"} for row in rows])) == 3
    assert ledger.read(meta.get, "0") == "new"
    assert ledger.read(meta.get, "4") == "other"


def test_no_rows_are_no_work(ledger: Ledger) -> None:
    assert ledger.write(lambda c: ADD.run(c, iter(()))) == 0


def test_a_broken_rule_other_than_the_key_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match=r"(?i)not.null"):
        ledger.write(lambda c: ADD.run(c, [{"name": "a", "value": None}]))


def test_fixed_values_of_a_statement_go_with_every_row(ledger: Ledger) -> None:
    ledger.write(lambda c: ADD.run(c, [{"name": name, "value": "1"} for name in "abc"]))
    close = Bulk(
        update(table).where(table.c.name == bindparam("which"), table.c.value == "1").values(value="2"),
        ("which",),
    )
    assert ledger.write(lambda c: close.run(c, [{"which": "a"}, {"which": "b"}, {"which": "z"}])) == 2
    assert [ledger.read(meta.get, name) for name in "abc"] == ["2", "2", "1"]


@pytest.mark.parametrize("count", [0, 1, 3000])
def test_a_lookup_finds_thousands_at_once(ledger: Ledger, count: int) -> None:
    ledger.write(lambda c: ADD.run(c, [{"name": str(n), "value": "v"} for n in range(count)]))
    keys = [str(number) for number in range(count + 5)] if count else []
    found = ledger.read(lambda c: lookup(c, table.c.name, keys, table.c.name, table.c.value))
    assert sorted(name for name, _ in found) == sorted(str(n) for n in range(count))


def test_hostile_keys_are_data(ledger: Ledger) -> None:
    hostile = "x') OR 1=1 --"
    ledger.write(lambda c: ADD.run(c, [{"name": hostile, "value": "'; DROP TABLE meta"}]))
    assert ledger.read(lambda c: lookup(c, table.c.name, [hostile])) == [(hostile,)]


def test_statements_compile_for_postgresql_too() -> None:
    text = str(ADD._statement.compile(dialect=postgresql.dialect(), column_keys=["name", "value"]))
    assert text.startswith("INSERT INTO meta (name, value) VALUES (%(name)s")
