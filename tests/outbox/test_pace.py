"""Pace: limits hold over time, restarts and processes, and a domain that wants less gets less."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from postroom import retry
from postroom.model import Deferred, Recipient, Scope, Sent
from postroom.outbox import Ledger, claim, enqueue, pace, record, turns, upcoming

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TEN_A_SECOND = pace.Limits(gap=SECOND / 10)


def freeze(outbox, make_edition, **people: int) -> None:
    """Freeze an edition for so many people at each of the domains `NAME.example`, in this order."""
    rows = [
        Recipient(
            address=f"p{number}@{name}.example",
            identity=f"p{number}@{name}.example",
            domain=f"{name}.example",
        )
        for name, count in people.items()
        for number in range(count)
    ]
    audience = enqueue.Audience(people=rows, rows_read=len(rows))
    enqueue.freeze(outbox.ledger, make_edition(), audience, parts=1, now=NOW)


def domains(claimed: list[claim.Claimed]) -> Counter[str]:
    return Counter(one.delivery.recipient.domain.removesuffix(".example") for one in claimed)


def throttled(outbox) -> list[tuple[str, str, timedelta]]:
    """The domains that their own answers slow down: (transport, domain, gap)."""
    sql = "SELECT transport, domain, gap FROM pace WHERE domain > '' AND gap > 0"
    rows = outbox.ledger.read(lambda connection: connection.exec_driver_sql(sql).all())
    return [(row.transport, row.domain, timedelta(microseconds=row.gap)) for row in rows]


def test_a_rate_holds_over_a_long_run_whoever_claims_and_however_often_it_starts_anew(
    url: str, outbox, make_edition
) -> None:
    """Two owners in turn, each on a ledger that was just opened, ask for all there is every 70 ms."""
    freeze(outbox, make_edition, a=700)
    taken = 0
    for turn in range(600):
        at = NOW + turn * timedelta(milliseconds=70)
        if turn % 100 == 0:
            outbox.ledger.close()
            outbox.ledger = Ledger(url)
        got = outbox.claim(500, owner=f"host-{turn % 2}:1", now=at, limits=TEN_A_SECOND)
        taken += len(got)
        allowed = (at - NOW + pace.AHEAD) / SECOND * 10 + 1
        assert allowed - 2 <= taken <= allowed
    outbox.ledger.close()


def test_what_was_not_used_is_not_saved_up(outbox, make_edition) -> None:
    freeze(outbox, make_edition, a=50)
    assert len(outbox.claim(50, limits=TEN_A_SECOND)) == 2
    assert len(outbox.claim(50, now=NOW + timedelta(hours=1), limits=TEN_A_SECOND)) == 2


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=400)])
def test_a_clock_that_is_set_back_stalls_nothing(outbox, make_edition, back: timedelta) -> None:
    freeze(outbox, make_edition, a=50)
    assert len(outbox.claim(50, now=NOW + back, limits=TEN_A_SECOND)) == 2
    assert len(outbox.claim(50, now=NOW + 2 * SECOND, limits=TEN_A_SECOND)) == 2
    complain(outbox, "a", NOW + back, asked=timedelta(minutes=50))
    assert outbox.claim(50, now=NOW + timedelta(hours=2)) != []


def complain(
    outbox, name: str, at: datetime, *, asked: timedelta | None = None, begun: datetime = NOW
) -> None:
    heard = pace.Complaint(transport="mail", domain=f"{name}.example", begun=begun, asked=asked)
    outbox.ledger.write(pace.slow_down, heard, at)


def test_the_next_claim_is_no_sooner_than_the_rate_allows(outbox, make_edition) -> None:
    freeze(outbox, make_edition, a=50)
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="me", limits=pace.Limits(gap=SECOND))
    outbox.ledger.write(claim.claim, hand, 50, NOW)
    assert outbox.ledger.read(upcoming.next_claim, hand, NOW) == NOW + SECOND


def test_a_domain_at_its_limit_is_put_off_and_stalls_no_other(outbox, make_edition) -> None:
    freeze(outbox, make_edition, slow=700, fast=30)
    limits = pace.Limits(domains={"slow.example": SECOND})
    assert domains(outbox.claim(25, limits=limits)) == {"slow": 1, "fast": 24}
    assert domains(outbox.claim(25, limits=limits)) == {"fast": 6}
    later = outbox.claim(25, now=NOW + 3 * SECOND, limits=limits)
    assert set(domains(later)) == {"slow"}
    assert outbox.counts() == {"rows_read": 730, "recipients": 730, "queued": 698, "sending": 32}


def test_each_domain_has_a_limit_of_its_own(outbox, make_edition) -> None:
    freeze(outbox, make_edition, a=20, b=20, c=20)
    limits = pace.Limits(domain_gap=SECOND, domains={"c.example": timedelta(milliseconds=50)})
    assert domains(outbox.claim(60, limits=limits)) == {"a": 1, "b": 1, "c": 3}


def test_a_put_off_domain_gets_its_whole_rate(outbox, make_edition) -> None:
    freeze(outbox, make_edition, slow=120)
    limits = pace.Limits(domain_gap=SECOND)
    taken = sum(len(outbox.claim(50, now=NOW + second * SECOND, limits=limits)) for second in range(100))
    assert 95 <= taken <= 101


def test_a_domain_that_asks_for_less_rests_while_others_go_on(outbox, make_edition) -> None:
    freeze(outbox, make_edition, slow=40, fast=40)
    first = outbox.claim(1)
    wants_less = Deferred(reason="421 4.7.0 try later", scope=Scope.DOMAIN, after=timedelta(seconds=30))
    outbox.record(first, wants_less, retry_at=NOW + 30 * SECOND)
    assert domains(outbox.claim(60)) == {"fast": 40}
    assert outbox.claim(60, now=NOW + 29 * SECOND) == []
    assert set(domains(outbox.claim(60, now=NOW + 95 * SECOND))) == {"slow"}
    assert [name for _, name, _ in throttled(outbox)] == ["slow.example"]


def test_complaints_while_a_domain_rests_count_once(outbox) -> None:
    for _ in range(50):
        complain(outbox, "a", NOW)
    assert throttled(outbox) == [("mail", "a.example", pace.FIRST_GAP)]


def test_a_domain_that_takes_all_it_gets_is_fast_again(outbox, make_edition) -> None:
    complain(outbox, "a", NOW)
    freeze(outbox, make_edition, a=1)
    outbox.record(outbox.claim(now=NOW + 5 * SECOND), Sent(reply="250"))
    ((_, _, gap),) = throttled(outbox)
    assert gap < pace.FIRST_GAP
    outbox.ledger.write(pace.speed_up, "mail", Counter({"a.example": 5000}), NOW + 10 * SECOND)
    assert throttled(outbox) == []
    assert not outbox.ledger.read(pace.is_any_domain_slow, "mail")


@pytest.mark.parametrize("taken", [0, 5000], ids=["slow", "fast again"])
def test_what_a_domain_says_never_shortens_the_gap_that_config_wants(
    outbox, make_edition, taken: int
) -> None:
    freeze(outbox, make_edition, a=3)
    limits = pace.Limits(domain_gap=60 * SECOND)
    assert len(outbox.claim(1, limits=limits)) == 1
    complain(outbox, "a", NOW + SECOND)
    outbox.ledger.write(pace.speed_up, "mail", Counter({"a.example": taken}), NOW + 2 * SECOND)
    assert outbox.claim(limits=limits, now=NOW + 5 * SECOND) == []
    assert len(outbox.claim(limits=limits, now=NOW + 60 * SECOND)) == 1
    assert bool(throttled(outbox)) == (not taken)


def test_no_gap_grows_without_end(outbox) -> None:
    for hour in range(40):
        at = NOW + hour * 2 * pace.LONGEST_REST
        complain(outbox, "a", at, asked=timedelta(days=9), begun=at)
    ((_, _, gap),) = throttled(outbox)
    assert gap <= pace.LONGEST_GAP


def test_paces_that_say_nothing_are_forgotten(outbox, make_edition) -> None:
    freeze(outbox, make_edition, a=1)
    outbox.claim(limits=replace(TEN_A_SECOND, domain_gap=SECOND))
    complain(outbox, "b", NOW)
    outbox.ledger.write(pace.forget_old, NOW + timedelta(days=1))
    rows = "SELECT domain FROM pace"
    assert outbox.ledger.read(lambda c: c.exec_driver_sql(rows).scalars().all()) == ["b.example"]


def test_domains_whose_time_has_come_are_not_kept_in_mind(outbox, make_edition) -> None:
    """A process that runs for months meets more domains than it should remember."""
    freeze(outbox, make_edition, **{f"d{number}": 2 for number in range(300)})
    limits = pace.Limits(domain_gap=10 * SECOND)
    kept = []
    for second in range(0, 400, 20):
        outbox.claim(40, now=NOW + second * SECOND, limits=limits)
        kept.append(outbox.ledger.write(lambda connection: len(connection.info["put_off"])))
    assert outbox.counts() == {"rows_read": 600, "recipients": 600, "sending": 600}
    assert max(kept) < 300 // 2


class Receiver:
    """A domain that takes `rate` messages in any second, and complains about each one beyond."""

    def __init__(self, rate: int) -> None:
        self._times: deque[datetime] = deque(maxlen=rate)
        self.taken = self.complaints = 0

    def takes(self, at: datetime) -> bool:
        is_full = len(self._times) == self._times.maxlen and at - self._times[0] < SECOND
        if is_full:
            self.complaints += 1
            return False
        self._times.append(at)
        self.taken += 1
        return True


def simulate(connection: Connection, receiver: Receiver, length: timedelta) -> None:
    """Do the arithmetic of a lane's paces alone: 20 in flight at most, answers after 100 ms, never a lack of mail."""
    at, step = NOW, timedelta(milliseconds=50)
    flight: deque[tuple[datetime, datetime, bool]] = deque()
    while at < NOW + length:
        answers = [flight.popleft()[1:] for _ in range(len(flight)) if flight[0][0] <= at]
        for begun, is_taken in answers:
            if not is_taken:
                pace.slow_down(connection, pace.Complaint(transport="mail", domain="d", begun=begun), at)
        pace.speed_up(connection, "mail", Counter(d=sum(is_taken for _, is_taken in answers)), at)
        meter = pace.meter_of(connection, "mail", "d", timedelta(0), at)
        room = 20 - len(flight)
        while room and meter.take():
            begun = at + step * (20 - room) / 20
            flight.append((at + 2 * step, at, receiver.takes(begun)))
            room -= 1
        meter.save(connection)
        at = max(at + step, flight[0][0] if flight else meter.opens_at())


@pytest.mark.sqlite_only
@pytest.mark.parametrize("rate", [1, 5, 20, 50])
def test_what_a_domain_teaches_comes_near_its_limit_in_the_long_run(ledger, rate: int) -> None:
    receiver = Receiver(rate)
    length = timedelta(minutes=10)
    ledger.write(simulate, receiver, length)
    assert receiver.taken >= 0.8 * rate * (length / SECOND)
    assert receiver.complaints <= 0.05 * (receiver.taken + receiver.complaints)


def take_turns(outbox, receiver: Receiver, length: timedelta) -> None:
    """Claim and record as a lane does, by a clock that is moved: 20 in flight at most, answers after 100 ms."""
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="me")
    at, step = NOW, timedelta(milliseconds=50)
    flight: deque[tuple[datetime, claim.Claimed, bool]] = deque()
    while at < NOW + length:
        answered = [flight.popleft()[1:] for _ in range(len(flight)) if flight[0][0] <= at]
        results = [result(one, at, is_taken=is_taken) for one, is_taken in answered]
        claimed = outbox.ledger.write(turns.turn, hand, results, 20 - len(flight), at)
        for number, one in enumerate(claimed):
            flight.append((at + 2 * step, one, receiver.takes(at + step * number / 20)))
        next_moment = flight[0][0] if flight else outbox.ledger.read(upcoming.next_claim, hand, at)
        at = max(at + step, next_moment)


def result(one: claim.Claimed, at: datetime, *, is_taken: bool) -> record.Result:
    """Say what an answer comes to: a delivery that is refused for now is tried again as any other is."""
    if is_taken:
        return record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250"))
    told = Deferred(reason="421 4.7.0 not so fast", scope=Scope.DOMAIN)
    again = retry.retry_at(
        told,
        attempts=1,
        first_begun=at,
        now=at,
        give_up_after=timedelta(days=2),
        seed=one.delivery.message_id,
    )
    return record.Result(delivery_id=one.delivery.id, outcome=told, retry_at=again)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("rate", [1, 2, 4, 8])
def test_turns_give_a_domain_nearly_all_that_it_allows(outbox, make_edition, rate: int) -> None:
    length = 2400 / rate * SECOND
    receiver = Receiver(rate)
    freeze(outbox, make_edition, a=int(rate * (length / SECOND)) + 100)
    take_turns(outbox, receiver, length)
    assert receiver.complaints <= 0.05 * (receiver.taken + receiver.complaints)
    assert receiver.taken >= 0.8 * rate * (length / SECOND)
