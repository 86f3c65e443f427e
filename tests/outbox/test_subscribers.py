"""People on lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from postroom.outbox import Ledger, operate, subscribers

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def load(ledger: Ledger, people, list_name: str = "weekly") -> subscribers.Imported:
    return subscribers.import_rows(ledger, list_name, people, "a.csv", NOW)


def members(ledger: Ledger, list_name: str = "weekly"):
    return list(subscribers.stream(ledger, list_name))


def test_imported_people_come_back_with_a_uuid(ledger: Ledger, person) -> None:
    found = load(ledger, [person("ada"), person("bea")])
    assert (found.added, found.already, found.suppressed) == (2, 0, 0)
    first, second = members(ledger)
    assert replace(first, uuid="") == person("ada")
    assert first.uuid
    assert first.uuid != second.uuid


def test_new_uuids_are_unique_and_of_version_7_and_grow(ledger: Ledger, person) -> None:
    load(ledger, [person(f"reader{number:04}") for number in range(1000)])
    found = [UUID(one.uuid) for one in members(ledger)]
    assert len(set(found)) == 1000
    assert {(one.version, one.variant) for one in found} == {(7, RFC_4122)}
    counts = [one.int >> 64 for one in found]
    assert counts == sorted(counts)


def test_importing_again_adds_only_the_new_and_keeps_the_uuid(ledger: Ledger, person) -> None:
    load(ledger, [person("ada")])
    uuid = members(ledger)[0].uuid
    found = load(ledger, [person("ada"), person("bea"), person("bea")])
    assert (found.added, found.already) == (1, 2)
    assert members(ledger)[0].uuid == uuid
    assert ledger.read(subscribers.count, "weekly") == 2


def test_one_person_may_be_on_several_lists(ledger: Ledger, person) -> None:
    load(ledger, [person("ada")], "weekly")
    load(ledger, [person("ada"), person("bea")], "daily")
    assert ledger.read(subscribers.list_names) == ("daily", "weekly")
    assert members(ledger)[0].uuid == members(ledger, "daily")[0].uuid


def test_the_suppressed_are_counted(ledger: Ledger, person) -> None:
    ledger.write(operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    assert load(ledger, [person("ada"), person("bea")]).suppressed == 1


def test_a_long_list_comes_in_pages_and_in_order(ledger: Ledger, person) -> None:
    names = [f"p{number}" for number in range(4_500)]
    load(ledger, [person(name) for name in names])
    assert [one.merge["first_name"] for one in subscribers.stream(ledger, "weekly")] == names
    assert [one.merge["first_name"] for one in members(ledger)] == names


def test_an_unknown_list_is_empty(ledger: Ledger) -> None:
    assert members(ledger) == []
    assert ledger.read(subscribers.count, "weekly") == 0
    assert ledger.read(subscribers.list_names) == ()
