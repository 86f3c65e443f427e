"""Many rows in one go, on either database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql

from postroom.errors import LedgerError
from postroom.outbox import Ledger, meta
from postroom.outbox.bulk import Bulk, insert_new, lookup
from postroom.outbox.columns import to_micros
from postroom.outbox.hot import array_of
from postroom.outbox.tables import delivery, edition
from postroom.outbox.tables import meta as table

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAMES = ("key", "channel", "article", "variant", "title", "content_hash", "source_hash", "transport")
EDITION = dict.fromkeys((*NAMES, "transport_kind"), "x") | {
    "id": 1,
    "state": "open",
    "due_at": NOW,
    "created_at": NOW,
}
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


def test_whatever_a_text_holds_arrives_unharmed(ledger: Ledger) -> None:
    hostile = {
        "braces": "{1,2}",
        "quotes": '\'"\\"\\',
        "null": "NULL",
        "lines": "a\nb,\tc",
        "wide": "ünïcödé ✉",
        "": "",
    }
    ledger.write(lambda c: ADD.put(c, list(hostile.items())))
    assert {name: ledger.read(meta.get, name) for name in hostile} == hostile


def test_an_update_takes_numbers_texts_and_nothing_for_each_row(ledger: Ledger) -> None:
    def work(connection: Connection) -> list[tuple[object, ...]]:
        rows = [(number, "r", number, 0, "queued", 7) for number in (1, 2, 3)]
        columns = ("id", "identity", "recipient", "part", "state", "due_at")
        connection.execute(insert(edition).values(**EDITION))
        Bulk(insert(delivery), (*columns, "edition_id")).put(connection, [(*row, 1) for row in rows])
        close = Bulk(
            update(delivery)
            .where(delivery.c.id == bindparam("which"))
            .values(state=bindparam("to"), due_at=bindparam("due"), url=bindparam("link"), owner=None),
            ("which", "to", "due", "link"),
        )
        assert (
            close.put(connection, [(3, "sent", 10**15, None), (1, "failed", 8, "x"), (9, "sent", 1, None)])
            == 2
        )
        found = select(delivery.c.id, delivery.c.state, delivery.c.due_at, delivery.c.url).order_by(
            delivery.c.id
        )
        return [(row.id, row.state, to_micros(row.due_at), row.url) for row in connection.execute(found)]

    assert ledger.write(work) == [(1, "failed", 8, "x"), (2, "queued", 7, None), (3, "sent", 10**15, None)]


def test_postgresql_gets_all_rows_in_one_statement(ledger: Ledger, database: str) -> None:
    ledger.write(lambda c: ADD.put(c, [("a", "1"), ("b", "2")]))
    sql, arrange = ADD._plans[database]
    rows = [("a", "1"), ("b", "2")]
    if database == "sqlite":
        assert (sql.count("?"), arrange(rows)) == (2, rows)
    else:
        assert "FROM unnest(" in sql
        assert arrange(rows) == {"name": '{"a","b"}', "value": '{"1","2"}'}


def test_an_array_is_spelt_as_postgresql_reads_it() -> None:
    assert array_of([]) == "{}"
    assert array_of((1, -2, None, True)) == "{1,-2,NULL,True}"
    assert array_of(["", "NULL", 'a"b', "c\\", "{d,e}", None]) == r'{"","NULL","a\"b","c\\","{d,e}",NULL}'
