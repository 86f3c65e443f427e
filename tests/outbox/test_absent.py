"""Who is suppressed, left the list or was erased gets nothing, whatever a file says."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom.outbox import Ledger, leaving, operate, subscribers
from postroom.outbox.absent import absent
from postroom.outbox.erasures import note
from postroom.outbox.leaving import Act

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EVERYBODY = [f"{name}@example.com" for name in ("ada", "bea", "cyd", "dan")]


def test_nobody_is_absent_at_first(ledger: Ledger) -> None:
    assert ledger.read(absent, "@file", EVERYBODY) == set()
    assert ledger.read(absent, "@file", []) == set()


def test_each_reason_counts_and_leaving_counts_for_that_list_alone(ledger: Ledger, person) -> None:
    number = ledger.write(subscribers.enrol_one, person("ada"), "audience", NOW)
    ledger.write(leaving.leave, number, "@file", Act(how="one-click"), NOW)
    ledger.write(operate.suppress, EVERYBODY[1], EVERYBODY[1], "asked", NOW)
    ledger.write(note, EVERYBODY[2], NOW)
    assert ledger.read(absent, "@file", EVERYBODY) == set(EVERYBODY[:3])
    assert ledger.read(absent, "@another", EVERYBODY) == set(EVERYBODY[1:3])
