"""Figures for monitoring: read from kept counts and indexes, true after every step, and cheap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from postroom.model import Deferred, Refused, Sent, Unknown
from postroom.outbox import Ledger, arrivals, attempts, doubts, failures, figures, operate, pauses
from postroom.outbox.attempts import BUCKETS, reply_class
from postroom.outbox.backlogs import backlogs
from postroom.outbox.figures import MOST_DOMAINS
from postroom.outbox.standing import standing
from postroom.outbox.tables import attempt, edition, pace
from postroom.transports._smtp_outcome import Reply, Stage, Trouble, judge

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def look(outbox: Any, now: datetime) -> figures.Figures:
    found: figures.Figures = outbox.ledger.read(figures.figures, now)
    return found


def test_an_empty_ledger_has_no_figures_and_none_that_is_wrong(ledger: Ledger) -> None:
    found = ledger.read(figures.figures, NOW)
    assert (found.deliveries, found.editions, found.unbalanced) == ({}, {}, 0)
    assert (found.oldest_due, found.oldest_begun, found.pauses, found.slowed) == ({}, {}, (), ())
    assert (found.heartbeat, found.backed_up_at) == (None, None)


def test_deliveries_are_counted_by_channel_and_state(outbox: Any) -> None:
    outbox.freeze("ada", "ben", "cleo", "dan")
    claimed = outbox.claim(limit=3)
    outbox.record(claimed[:1], Sent(reply="250 ok"))
    outbox.record(claimed[1:2], Refused(reason="550 no"))
    found = look(outbox, NOW)
    assert {state: count for (channel, state), count in found.deliveries.items() if count} == {
        "sent": 1,
        "failed": 1,
        "sending": 1,
        "queued": 1,
    }
    assert found.editions == {("newsletter", "open"): 1}


def test_what_is_due_and_what_is_unfinished_grows_old(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    outbox.claim(limit=1)
    found = look(outbox, NOW + MINUTE)
    assert found.oldest_due == {"mail": NOW}
    assert found.oldest_begun == {"mail": NOW}
    assert outbox.ledger.read(standing, NOW + MINUTE).begun == {"mail": NOW}


def test_what_was_put_off_is_not_yet_due(outbox: Any) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="later"), retry_at=NOW + 10 * MINUTE)
    assert look(outbox, NOW + MINUTE).oldest_due == {}
    assert look(outbox, NOW + 11 * MINUTE).oldest_due == {"mail": NOW + 10 * MINUTE}


def test_accounts_that_do_not_balance_are_counted(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    assert look(outbox, NOW).unbalanced == 0
    outbox.ledger.write(lambda connection: connection.execute(update(edition).values(queued=7)))
    assert look(outbox, NOW).unbalanced == 1


def test_a_count_that_was_bent_is_found_by_counting(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    (one,) = outbox.ledger.read(figures.to_prove, NOW)
    assert outbox.ledger.read(figures.is_proved, one)
    bent = update(edition).values(queued=1, sent=1)
    outbox.ledger.write(lambda connection: connection.execute(bent))
    assert look(outbox, NOW).unbalanced == 0
    assert not outbox.ledger.read(figures.is_proved, one)


def test_only_what_may_have_changed_is_proved_again(outbox: Any) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Sent(reply="250 ok"), now=NOW)
    assert outbox.ledger.read(figures.to_prove, NOW - MINUTE) != []
    assert outbox.ledger.read(figures.to_prove, NOW) == []


def test_a_paused_transport_is_named_until_it_may_go_on(outbox: Any) -> None:
    outbox.ledger.write(pauses.pause_transport, "mail", "no route", until=NOW + MINUTE, now=NOW)
    assert [pause.transport for pause in look(outbox, NOW).pauses] == ["mail"]
    assert look(outbox, NOW + MINUTE).pauses == ()


def slow(ledger: Ledger, **row: Any) -> None:
    values = {"transport": "mail", "gap": 0, "until": None, **row}
    ledger.write(lambda connection: connection.execute(insert(pace).values(values)))


def test_the_domains_that_want_less_are_named_the_slowest_first(outbox: Any) -> None:
    for number in range(MOST_DOMAINS + 5):
        slow(outbox.ledger, domain=f"d{number}.example", tat=NOW + number * MINUTE, gap=1000)
    slow(outbox.ledger, domain="resting.example", tat=NOW, until=NOW + timedelta(days=1))
    slow(outbox.ledger, domain="", tat=NOW + timedelta(days=2), gap=1)
    found = look(outbox, NOW).slowed
    assert len(found) == MOST_DOMAINS
    assert [each.domain for each in found[:2]] == ["resting.example", f"d{MOST_DOMAINS + 4}.example"]


def since(outbox: Any, last: int, now: datetime) -> Any:
    return outbox.ledger.read(attempts.since, last, now + MINUTE)


def test_each_attempt_is_counted_once(outbox: Any) -> None:
    outbox.freeze("ada", "ben", "cleo")
    claimed = outbox.claim()
    outbox.record(claimed[:2], Sent(reply="250 2.0.0 kept"), now=NOW + timedelta(seconds=2))
    last, found = since(outbox, 0, NOW)
    assert [(each.outcome, each.reply, each.count) for each in found] == [("sent", "2xx", 2)]
    assert found[0].seconds == pytest.approx(4)
    assert BUCKETS[found[0].bucket] == 2.5
    outbox.record(claimed[2:], Refused(reason="h answered RCPT TO with 550 5.1.1 no"), now=NOW)
    last, found = since(outbox, last, NOW)
    assert [(each.outcome, each.reply, each.count) for each in found] == [("refused", "5xx", 1)]
    assert since(outbox, last, NOW) == (last, ())


def test_an_attempt_after_a_lost_answer_is_a_possible_repeat(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    first = outbox.claim()
    outbox.record(first, Unknown(reason="gone"), retry_at=NOW)
    last, found = since(outbox, 0, NOW)
    assert sum(each.repeats for each in found) == 0
    second = outbox.claim()
    outbox.record(second[:1], Sent(reply="250 ok"))
    outbox.record(second[1:], Deferred(reason="451 later"), retry_at=NOW)
    _, found = since(outbox, last, NOW)
    assert {each.outcome: each.repeats for each in found} == {"sent": 1, "deferred": 0}


def test_a_log_that_was_pruned_stops_no_count(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    claimed = outbox.claim()
    outbox.record(claimed[:1], Sent(reply="250 ok"))
    outbox.record(claimed[1:], Sent(reply="250 ok"))
    far = attempts.MOST * 3
    move = update(attempt).where(attempt.c.id == 2).values(id=far)
    outbox.ledger.write(lambda connection: connection.execute(move))
    last, counted = 0, 0
    for _ in range(6):
        last, found = since(outbox, last, NOW)
        counted += sum(each.count for each in found)
    assert (last, counted) == (far, 2)


@pytest.mark.parametrize("code", [421, 450, 550, 554])
@pytest.mark.parametrize("stage", [Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
def test_the_class_of_a_reply_is_found_in_what_the_log_says_of_it(stage: Stage, code: int) -> None:
    outcome = judge(Trouble(stage, Reply.of(code, b"4.2.0 with 250 words")), "smtp.example.org")
    assert not isinstance(outcome, Sent)
    assert reply_class(outcome.reason) == f"{code // 100}xx"


@pytest.mark.parametrize(
    "said", ["writ", "written to out/mail", "smtp.example.org, the connection: refused", ""]
)
def test_what_is_no_reply_has_no_class(said: str) -> None:
    assert reply_class(said) == ""


def test_the_looks_use_indexes_and_kept_counts_alone(tmp_path: Path) -> None:
    # A look that reads every delivery would cost seconds at a million: no plan may scan them, or the log.
    with Ledger(f"sqlite:///{tmp_path / 'plans.db'}") as ledger:
        statements = seen_by(ledger, lambda: ledger.read(figures.figures, NOW))
        statements += seen_by(ledger, lambda: ledger.read(standing, NOW))
        statements += seen_by(ledger, lambda: ledger.read(attempts.since, 0, NOW))
        statements += seen_by(ledger, lambda: ledger.read(attempts.worked))
        statements += seen_by(ledger, lambda: ledger.read(arrivals.since, arrivals.Marks(), NOW))
        plans = [step for sql, values in statements for step in plan(ledger, sql, values)]
    waiting = ("INDEX greeting_unwritten", "INDEX feedback_unheard")  # nothing but what is still to be done
    plans = [step for step in plans if not any(index in step for index in waiting)]
    scanned = {step.split()[1] for step in plans if step.startswith("SCAN")}
    assert scanned <= {"edition", "news", "pace", "request", "transport_state"}
    assert {step.split()[1] for step in plans} >= {"edition", "delivery", "attempt"}


@pytest.mark.sqlite_only
def test_what_status_worries_about_is_found_without_reading_all_that_waits(outbox: Any) -> None:
    outbox.freeze("ada", "ben", "cem")
    outbox.record(outbox.claim(limit=1), Deferred(reason="450 later"), retry_at=NOW + MINUTE)
    ledger, few = outbox.ledger, ("delivery_doubted", "delivery_owned")
    statements = seen_by(ledger, lambda: ledger.read(backlogs, NOW))
    statements += seen_by(ledger, lambda: doubts.doubts(ledger, NOW))
    statements += seen_by(ledger, lambda: ledger.read(failures.undecided))
    plans = [step for sql, values in statements for step in plan(ledger, sql, values)]
    scans = [step for step in plans if "delivery" in step and not any(index in step for index in few)]
    assert scans
    assert [step for step in scans if step.startswith("SCAN") or "due_at" in step] == []
    assert [each.reason for each in ledger.read(backlogs, NOW)] == ["450 later"]


def seen_by(ledger: Ledger, act: Any) -> list[tuple[str, Any]]:
    """The statements that `act` runs, with their values."""
    from sqlalchemy import event

    found: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        found.append((statement, parameters))

    engine = ledger.read(lambda connection: connection.engine)
    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [each for each in found if each[0].startswith("SELECT")]


def plan(ledger: Ledger, sql: str, values: Any) -> list[str]:
    def explain(connection: Any) -> list[str]:
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]

    return ledger.read(explain)


def test_standing_names_what_may_need_a_person(outbox: Any) -> None:
    outbox.freeze("ada", article="one")
    outbox.freeze("ben", article="two")
    outbox.ledger.write(operate.hold, "newsletter/article/two", "wait")
    outbox.record(outbox.claim(), Unknown(reason="gone"))
    found = outbox.ledger.read(standing, NOW)
    assert {each.key: (each.state.value, each.accounts.uncertain) for each in found.found} == {
        "newsletter/article/one": ("finished", 1),
        "newsletter/article/two": ("held", 0),
    }


def test_what_waits_is_told_with_when_its_transport_last_worked(outbox: Any) -> None:
    outbox.freeze("ada", "ben")
    outbox.record(outbox.claim(limit=1), Sent(reply="250 ok"), now=NOW + MINUTE)
    (waiting,) = outbox.ledger.read(standing, NOW + 20 * MINUTE).waiting
    assert (waiting.transport, waiting.due_at, waiting.worked_at) == ("mail", NOW, NOW + MINUTE)
    assert not waiting.limited
    slow(outbox.ledger, domain="", tat=NOW + 30 * MINUTE)
    (waiting,) = outbox.ledger.read(standing, NOW + 20 * MINUTE).waiting
    assert waiting.limited


def test_the_finished_are_told_for_a_day(outbox: Any) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Sent(reply="250 ok"), now=NOW)
    assert len(outbox.ledger.read(standing, NOW + timedelta(hours=23)).found) == 1
    assert outbox.ledger.read(standing, NOW + timedelta(hours=25)).found == ()
