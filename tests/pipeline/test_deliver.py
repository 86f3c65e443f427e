"""Delivering: what is handed over is what may still go out, and every answer ends where it belongs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from smtp_server import smtp_server
from structlog.testing import capture_logs

from postroom.compose import Keys
from postroom.errors import LedgerBroken, LedgerError, TransportError
from postroom.model import (
    Deferred,
    DeliveryState,
    Edition,
    Email,
    Message,
    Outcome,
    Prepared,
    Recipient,
    Refused,
    Scope,
    Sender,
    Sent,
    Unknown,
    Unsubscribe,
)
from postroom.outbox import Ledger, claim, content, enqueue, operate, status
from postroom.outbox.claim import keep_progress
from postroom.outbox.pace import Limits
from postroom.outbox.record import record
from postroom.outbox.turns import last_turn, turn
from postroom.pipeline import deliver as delivering
from postroom.pipeline import sender as sending
from postroom.pipeline.deliver import Lane, Tally, deliver
from postroom.transports import smtp
from postroom.transports.protocol import TransportSettings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAMES = ("ada", "bea", "cleo", "dora")
FIRST, OTHER = "newsletter/article/first", "newsletter/article/other"
NO_ROUTE = Deferred(reason="no route to host", scope=Scope.TRANSPORT)


@dataclass
class Scripted:
    """A transport that answers by a script; `before` is called with each name before it is sent to."""

    kind: ClassVar[str] = "smtp"
    accepts: ClassVar[frozenset[type[Email]]] = frozenset({Email})
    rehearsal: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    limits: ClassVar[Mapping[str, int]] = {}
    Settings: ClassVar[type[TransportSettings]] = TransportSettings

    answer: Callable[[str], Outcome] = lambda name: Sent(reply=f"250 {name}")
    before: Callable[[str], object] = lambda name: None
    ready: Callable[[str], Prepared | Deferred] = lambda name: Prepared()
    prepares: bool = False
    ahead: int = 1
    tried: list[str] = field(default_factory=list)

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared | Deferred:
        return self.ready(name_of(message))

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        rest = iter(messages)
        while pulled := list(islice(rest, self.ahead)):
            for message in pulled:
                self.before(name_of(message))
                self.tried.append(name_of(message))
                yield self.answer(name_of(message))

    def close(self) -> None:
        pass


def name_of(message: Message) -> str:
    """Tell who a message is for, and of which edition where that is not the first."""
    name = message.content.rcpt_to.partition("@")[0]
    return f"{name}, other" if b"Subject: other" in message.content.data else name


@dataclass
class Bench:
    """A ledger with an edition, and one lane."""

    ledger: Any
    now: datetime = NOW
    stop: Event = field(default_factory=Event)
    clock: Callable[[], datetime] | None = None

    def freeze(self, *names: str, key: str = FIRST, **changes: Any) -> Edition:
        article = key.rpartition("/")[2]
        values: dict[str, Any] = {
            "due_at": NOW,
            "sender": Sender(from_="News <news@example.org>", list_id="news.example.org", list_name="News"),
            **changes,
        }
        body = Email(
            subject=article,
            preheader="",
            html=changes.pop("html", "<p>Dear reader</p>"),
            text="Dear reader",
            mjml="",
            language="en",
            fence="@@",
        )
        values.pop("html", None)
        edition = Edition(
            key=key,
            channel="newsletter",
            article=article,
            variant="article",
            title=article,
            content=body,
            content_hash=content.digest(body),
            source_hash="source",
            transport="mail",
            transport_kind="smtp",
            rehearsal=False,
            created_at=NOW,
            unsubscribe=Unsubscribe(mailto="off@example.org"),
            **values,
        )
        people = [
            Recipient(address=f"{name}@example.com", identity=f"{name}@example.com", domain="example.com")
            for name in names
        ]
        audience = enqueue.Audience(people=people, rows_read=len(people))
        return enqueue.freeze(self.ledger, edition, audience, parts=1, now=NOW)

    def deliver(self, transport: Scripted, **changes: Any) -> Tally:
        lane = Lane(
            name="mail",
            kind="smtp",
            lines=changes.pop("lines", (transport,)),
            owner="host:1",
            keys=Keys(links=(b"k" * 32,)),
            clock=self.clock or (lambda: self.now),
            **changes,
        )
        return deliver(self.ledger, lane, self.stop)

    def states(self, key: str = FIRST) -> dict[str, str]:
        rows = self.ledger.read(lambda c: list(status.deliveries(c, key)))
        return {row.delivery.recipient.address.partition("@")[0]: str(row.delivery.state) for row in rows}

    def row(self, key: str = FIRST) -> status.EditionRow:
        assert self.ledger.read(status.reconcile) == []
        return self.ledger.read(status.show, key).row

    def suppress(self, name: str) -> None:
        address = f"{name}@example.com"
        self.ledger.write(operate.suppress, address, address, "left", NOW)

    def owned(self) -> int:
        """Count the deliveries that anybody holds."""
        sql = "SELECT count(*) FROM delivery WHERE owner IS NOT NULL"
        return self.ledger.read(lambda c: c.exec_driver_sql(sql).scalar_one())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Ledger(f"sqlite:///{tmp_path / 'postroom.db'}") as ledger:
        yield Bench(ledger)


class Failing:
    """A ledger that refuses one function `times` times, as one that another program keeps locked."""

    error: type[LedgerError] = LedgerError

    def __init__(self, ledger: Ledger, function: object, times: int) -> None:
        self.ledger, self.function, self.times = ledger, function, times
        self.read = ledger.read

    def write(self, function: Any, *args: Any, **named: Any) -> Any:
        if function is self.function and self.times:
            self.times -= 1
            raise self.error("another program keeps it locked")
        return self.ledger.write(function, *args, **named)


class FullDisk:
    """A disk without room, and the reserve for what was answered already."""

    def __init__(self) -> None:
        self.is_full = self.is_given = False

    def claims(self) -> bool:
        return True

    def give(self) -> bool:
        was, self.is_given = self.is_given, True
        return not was

    def under(self, ledger: Ledger) -> Any:
        """Let a ledger refuse turns while the disk has no room."""

        def write(function: Any, *args: Any, **named: Any) -> Any:
            if self.is_full and not self.is_given and function in (turn, last_turn):
                raise LedgerError("the disk is full")
            return ledger.write(function, *args, **named)

        return SimpleNamespace(read=ledger.read, write=write)


@pytest.mark.parametrize("stops", [False, True])
def test_what_was_answered_is_recorded_with_the_reserve_also_while_it_stops(bench, stops: bool) -> None:
    bench.freeze(*NAMES)
    disk, ledger = FullDisk(), bench.ledger

    def fill(_: str) -> None:
        disk.is_full = True
        if stops:
            bench.stop.set()

    transport = Scripted(before=fill)
    bench.ledger = disk.under(ledger)
    bench.deliver(transport, space=disk)
    bench.ledger = ledger
    assert transport.tried
    assert {bench.states()[name] for name in transport.tried} == {"sent"}


def test_everybody_gets_it_once(bench: Bench) -> None:
    bench.freeze(*NAMES)
    transport = Scripted()
    assert bench.deliver(transport).counts() == {"sent": 4, "deferred": 0, "refused": 0, "unknown": 0}
    assert transport.tried == list(NAMES)
    assert bench.row().state == "finished"
    assert not bench.deliver(transport)


def test_never_more_than_the_window_is_in_flight(bench: Bench) -> None:
    bench.freeze(*(f"p{number}" for number in range(100)))
    in_flight = []
    transport = Scripted(before=lambda name: in_flight.append(bench.row().accounts.sending))
    bench.deliver(transport, window=8)
    assert max(in_flight) <= 8
    assert bench.row().accounts.sent == 100


def test_whoever_is_suppressed_before_their_turn_gets_nothing(bench: Bench) -> None:
    bench.freeze(*NAMES)
    transport = Scripted(before=lambda name: bench.suppress("cleo"))
    bench.deliver(transport)
    assert transport.tried == ["ada", "bea", "dora"]
    assert bench.states()["cleo"] == "cancelled"
    assert bench.row().state == "finished"


def test_an_edition_that_is_held_in_the_middle_stops_there(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.freeze("ada", key=OTHER)

    def hold(name: str) -> None:
        if name == "ada":
            bench.ledger.write(operate.hold, FIRST, "wrong picture")

    transport = Scripted(before=hold)
    bench.deliver(transport)
    assert transport.tried == ["ada", "bea", "ada, other"]
    assert bench.states() == {"ada": "sent", "bea": "sent", "cleo": "queued", "dora": "queued"}
    assert bench.owned() == 0
    bench.ledger.write(operate.release, FIRST, NOW)
    bench.deliver(transport)
    assert transport.tried[3:] == ["cleo", "dora"]


def test_a_stop_waits_for_one_message_and_gives_the_rest_back(bench: Bench) -> None:
    bench.freeze(*NAMES)
    transport = Scripted(before=lambda name: bench.stop.set())
    assert bench.deliver(transport).counts()["sent"] == 1
    assert list(bench.states().values()) == ["sent", "queued", "queued", "queued"]
    assert bench.owned() == 0
    attempts = bench.ledger.read(lambda c: [row.delivery.attempts for row in status.deliveries(c)])
    assert attempts == [1, 0, 0, 0]


@pytest.mark.parametrize("ahead", [1, 2])
def test_a_fault_of_the_transport_pauses_it_and_spends_nothing(bench: Bench, ahead: int) -> None:
    bench.freeze(*NAMES)
    transport = Scripted(answer=lambda name: NO_ROUTE, ahead=ahead)
    tally = bench.deliver(transport)
    assert (len(transport.tried), tally.deferred) == (ahead, ahead)
    (pause,) = bench.ledger.read(operate.paused_transports, NOW)
    assert (pause.reason, pause.until) == ("no route to host", NOW + timedelta(minutes=5))
    assert bench.owned() == 0
    for row in bench.ledger.read(lambda c: list(status.deliveries(c))):
        assert (row.delivery.attempts, row.delivery.first_begun_at) == (0, None)


def test_what_a_fault_kept_from_going_out_has_its_whole_time_later(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.deliver(Scripted(answer=lambda name: NO_ROUTE))
    bench.now += timedelta(hours=60)
    bench.deliver(Scripted(answer=lambda name: Deferred(reason="450 greylisted")))
    assert set(bench.states().values()) == {"queued"}


def test_a_server_that_names_a_time_is_left_alone_until_then(bench: Bench) -> None:
    bench.freeze("ada")
    busy = Deferred(reason="429", after=timedelta(hours=1), scope=Scope.TRANSPORT)
    bench.deliver(Scripted(answer=lambda name: busy))
    bench.now += timedelta(minutes=59)
    assert not bench.deliver(Scripted())
    bench.now += timedelta(minutes=1)
    assert bench.deliver(Scripted()).sent == 1


def test_no_server_makes_a_transport_rest_for_longer_than_a_day(bench: Bench) -> None:
    bench.freeze("ada")
    joker = Deferred(reason="421", after=timedelta(hours=99_999), scope=Scope.TRANSPORT)
    bench.deliver(Scripted(answer=lambda name: joker))
    (pause,) = bench.ledger.read(operate.paused_transports, NOW)
    assert pause.until == NOW + timedelta(days=1)


def test_a_transport_that_is_let_go_tries_at_once_what_met_its_fault(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.deliver(Scripted(answer=lambda name: NO_ROUTE))
    assert not bench.deliver(Scripted())
    bench.ledger.write(operate.resume_transport, "mail")
    assert bench.deliver(Scripted()).sent == 4


@pytest.mark.parametrize(
    "outcome",
    [
        Unknown(reason="the connection broke"),
        Deferred(reason="450 greylisted"),
        Deferred(reason="450 wait", after=timedelta(hours=1)),
    ],
)
def test_a_transport_that_is_let_go_leaves_waiting_what_waits_for_itself(
    bench: Bench, outcome: Outcome
) -> None:
    bench.freeze("ada", "bea")
    bench.deliver(Scripted(answer=lambda name: outcome if name == "ada" else NO_ROUTE))
    bench.ledger.write(operate.resume_transport, "mail")
    transport = Scripted()
    bench.deliver(transport)
    assert transport.tried == ["bea"]


def rests(bench: Bench, transport: Scripted, hours: int) -> list[timedelta]:
    """Deliver every minute for so long; return how far the tries were apart."""
    times, end = [], bench.now + timedelta(hours=hours)
    while bench.now < end:
        before = len(transport.tried)
        bench.deliver(transport)
        times += [bench.now] if len(transport.tried) > before else []
        bench.now += timedelta(minutes=1)
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_transport_that_cannot_be_reached_is_tried_ever_less_often_and_given_up(bench: Bench) -> None:
    bench.freeze(*NAMES)
    transport = Scripted(answer=lambda name: NO_ROUTE)
    apart = rests(bench, transport, 72)
    minutes = [round(each / timedelta(minutes=1)) for each in apart]
    assert minutes[0] == 5
    assert 40 < len(minutes) < 80
    assert all(44 <= each <= 60 for each in minutes[5:])
    assert len({*minutes[5:]}) > 4
    assert bench.states() == dict.fromkeys(NAMES, "failed")
    assert bench.row().state == "finished"
    told = {row.delivery.reason for row in bench.ledger.read(lambda c: list(status.deliveries(c)))}
    assert told == {"given up: no route to host"}
    assert sum(apart, timedelta()) < timedelta(hours=50)


def test_what_a_person_has_tried_again_is_not_given_up_at_once(bench: Bench) -> None:
    bench.freeze("ada")
    transport = Scripted(answer=lambda name: NO_ROUTE)
    rests(bench, transport, 50)
    assert bench.states() == {"ada": "failed"}
    bench.ledger.write(operate.retry, FIRST, [DeliveryState.FAILED], bench.now)
    assert rests(bench, transport, 4)
    assert bench.states() == {"ada": "queued"}


def test_what_became_due_later_is_not_given_up_with_the_rest(bench: Bench) -> None:
    bench.freeze("ada")
    transport = Scripted(answer=lambda name: NO_ROUTE)
    rests(bench, transport, 40)
    edition = bench.freeze("bea", key=OTHER, due_at=bench.now)
    rests(bench, transport, 10)
    assert (bench.states(), bench.states(edition.key)) == ({"ada": "failed"}, {"bea": "queued"})


def test_who_may_have_got_it_before_the_connection_failed_is_left_to_a_person(bench: Bench) -> None:
    bench.freeze("ada", "bea")
    lost, down = Unknown(reason="the connection broke"), Scripted(answer=lambda name: NO_ROUTE)
    bench.deliver(Scripted(answer=lambda name: lost if name == "ada" else NO_ROUTE))
    rests(bench, down, 72)
    assert bench.states() == {"ada": "uncertain", "bea": "failed"}


def test_a_weekend_off_gives_nobody_up(bench: Bench) -> None:
    bench.freeze("ada")
    bench.deliver(Scripted(answer=lambda name: NO_ROUTE))
    bench.now += timedelta(hours=63)
    bench.deliver(Scripted(answer=lambda name: NO_ROUTE))
    (pause,) = bench.ledger.read(operate.paused_transports, bench.now)
    assert pause.until == bench.now + timedelta(minutes=5)
    assert bench.states() == {"ada": "queued"}


def test_a_transport_that_sends_again_begins_with_a_short_rest(bench: Bench) -> None:
    bench.freeze(*NAMES)
    rests(bench, Scripted(answer=lambda name: NO_ROUTE), 12)
    bench.now += timedelta(hours=1)
    bench.deliver(Scripted(answer=lambda name: Sent(reply="250") if name == "ada" else NO_ROUTE))
    (pause,) = bench.ledger.read(operate.paused_transports, bench.now)
    assert (pause.since, pause.until) == (bench.now, bench.now + timedelta(minutes=5))


def test_a_log_in_that_is_refused_three_times_is_left_to_a_person(bench: Bench) -> None:
    bench.freeze(*NAMES)
    refusal = Refused(reason="535 5.7.8 wrong password", scope=Scope.TRANSPORT)
    transport = Scripted(answer=lambda name: refusal)
    for tries in (1, 2, 3, 3):
        bench.deliver(transport)
        assert len(transport.tried) == tries
        bench.now += timedelta(minutes=6)
    (pause,) = bench.ledger.read(operate.paused_transports, NOW)
    assert pause.until is None
    assert "postroom outbox resume mail" in pause.reason
    assert set(bench.states().values()) == {"queued"}
    bench.ledger.write(operate.resume_transport, "mail")
    assert bench.deliver(Scripted()).sent == 4


def test_a_refused_sender_holds_their_edition_and_no_other(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.freeze("ada", "bea", key=OTHER)
    refusal = Refused(reason="553 5.7.1 not your address", scope=Scope.EDITION)
    transport = Scripted(answer=lambda name: Sent(reply="250") if "other" in name else refusal)
    bench.deliver(transport)
    assert transport.tried == ["ada"]
    assert bench.row().state == "held"
    assert bench.row().reason.startswith("553 5.7.1 not your address; ")
    assert f"postroom outbox release {FIRST}" in bench.row().reason
    (pause,) = bench.ledger.read(operate.paused_transports, NOW)
    assert pause.until == NOW + timedelta(minutes=5)
    assert bench.owned() == 0
    bench.now += timedelta(minutes=5)
    bench.deliver(transport)
    assert transport.tried == ["ada", "ada, other", "bea, other"]
    assert set(bench.states().values()) == {"queued"}
    assert bench.row(OTHER).state == "finished"


def test_an_edition_that_refusals_stop_is_told_once_as_an_error(bench: Bench) -> None:
    bench.freeze(*NAMES)
    with capture_logs() as logs:
        bench.deliver(Scripted(answer=lambda name: Refused(reason="553 5.7.1 no", scope=Scope.EDITION)))
    (told,) = [each for each in logs if each["event"] == "edition held for a person"]
    assert (told["log_level"], told["edition"]) == ("error", FIRST)
    assert told["reason"].startswith("553 5.7.1 no; ")


def test_an_address_that_is_suppressed_for_its_answer_is_told(bench: Bench) -> None:
    bench.freeze(*NAMES)
    gone = Refused(reason="550 5.1.1 nobody here", enhanced="5.1.1")
    with capture_logs() as logs:
        bench.deliver(Scripted(answer=lambda name: gone if name == "bea" else Sent(reply="250")))
    (told,) = [each for each in logs if each["event"] == "address suppressed"]
    assert (told["address"], told["reason"]) == ("bea@example.com", "bounced (5.1.1)")
    assert (told["edition"], told["delivery"]) == (FIRST, 2)


def test_each_lost_answer_is_named_in_the_log(bench: Bench) -> None:
    bench.freeze(*NAMES)
    lost = Unknown(reason="the connection was closed")
    with capture_logs() as logs:
        bench.deliver(Scripted(answer=lambda name: lost if name in ("bea", "dora") else Sent(reply="250")))
    told = [(each["edition"], each["message_id"]) for each in logs if each["event"] == "an answer was lost"]
    rows = bench.ledger.read(lambda connection: list(status.deliveries(connection)))
    assert sorted(told) == sorted((FIRST, row.delivery.message_id) for row in rows if row.doubts)
    assert len(told) == 2


WAIT_FOR_SENDER = Deferred(reason="451 4.1.8 sender domain not found", scope=Scope.EDITION)


def test_an_edition_whose_sender_has_to_wait_stops_no_other(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.freeze("ada", "bea", key=OTHER)
    transport = Scripted(answer=lambda name: Sent(reply="250") if "other" in name else WAIT_FOR_SENDER)
    tally = bench.deliver(transport)
    assert (tally.sent, bench.row(OTHER).state) == (2, "finished")
    assert bench.ledger.read(operate.paused_transports, NOW) == ()
    assert len(transport.tried) <= 4
    assert set(bench.states().values()) == {"queued"}
    dues = {row.delivery.due_at for row in bench.ledger.read(lambda c: list(status.deliveries(c, FIRST)))}
    assert len(dues) == 1
    assert NOW + timedelta(minutes=5) <= dues.pop() <= NOW + timedelta(minutes=16)


def test_over_smtp_too_a_sender_that_has_to_wait_stops_no_other(bench: Bench) -> None:
    class Server:
        taken: ClassVar[list[str]] = []

        async def handle_MAIL(self, _: Any, session: Any, envelope: Any, address: str, *more: Any) -> str:  # noqa: N802
            if address.startswith("bad"):
                return "451 4.1.8 sender domain not found"
            envelope.mail_from = address
            return "250 2.1.0 ok"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            self.taken.extend(envelope.rcpt_tos)
            return "250 2.0.0 ok"

    bench.freeze("ada", sender=Sender(from_="Bad <bad@example.org>", list_id="l.example.org", list_name="L"))
    bench.freeze("bea", key=OTHER)
    with smtp_server(Server()) as port:
        chosen = {"host": "127.0.0.1", "port": port, "tls": "none"}
        line = smtp.Transport(smtp.Transport.Settings.model_validate(chosen), str)
        bench.deliver(line)
        line.close()
    assert Server.taken == ["bea@example.com"]
    assert bench.states() == {"ada": "queued"}


def test_an_edition_whose_sender_has_to_wait_is_tried_ever_less_often_and_then_held(bench: Bench) -> None:
    people = [f"p{number}" for number in range(500)]
    bench.freeze(*people)
    transport, times = Scripted(answer=lambda name: WAIT_FOR_SENDER), []
    while bench.now < NOW + timedelta(hours=60):
        before = len(transport.tried)
        bench.deliver(transport)
        times += [bench.now] if len(transport.tried) > before else []
        bench.now += timedelta(minutes=5)
    assert len(transport.tried) < 60
    assert max(later - earlier for earlier, later in pairwise(times)) > timedelta(minutes=80)
    assert times[-1] <= NOW + timedelta(hours=49)
    assert bench.row().state == "held"
    assert bench.row().reason.startswith(
        "its sender had to wait for too long (451 4.1.8 sender domain not found); "
    )
    assert set(bench.states().values()) == {"queued"}


def test_an_edition_goes_out_once_its_sender_is_taken(bench: Bench) -> None:
    bench.freeze(*NAMES)
    bench.deliver(Scripted(answer=lambda name: WAIT_FOR_SENDER))
    bench.now += timedelta(minutes=16)
    assert bench.deliver(Scripted()).sent == 4


def test_a_message_that_cannot_be_made_fails_alone(bench: Bench) -> None:
    bench.freeze("ada", sender=None)
    bench.freeze("ada", key=OTHER)
    tally = bench.deliver(Scripted())
    assert (tally.refused, tally.sent) == (1, 1)
    assert (bench.states(), bench.states(OTHER)) == ({"ada": "failed"}, {"ada": "sent"})
    assert "could not be made" in tally.reasons["refused"]


def test_a_message_that_is_not_ready_waits_while_others_go(bench: Bench) -> None:
    bench.freeze(*NAMES)
    waits = Deferred(reason="still processing", after=timedelta(minutes=1))
    transport = Scripted(prepares=True, ready=lambda name: waits if name == "bea" else Prepared())
    assert bench.deliver(transport).counts() == {"sent": 3, "deferred": 1, "refused": 0, "unknown": 0}
    assert bench.states()["bea"] == "queued"
    bench.now += timedelta(minutes=1)
    transport.ready = lambda name: Prepared()
    assert bench.deliver(transport).sent == 1


def no_secret(name: str) -> Any:
    raise TransportError("the environment variable KEY is not set")


@pytest.mark.parametrize(
    "broken",
    [
        {"ready": no_secret, "prepares": True},
        {"answer": no_secret},
        {"ready": lambda name: NO_ROUTE, "prepares": True},
    ],
    ids=["raised by prepare", "raised by send", "told by prepare"],
)
@pytest.mark.parametrize("ahead", [1, 3])
def test_a_transport_that_cannot_be_opened_fails_no_delivery(
    bench: Bench, broken: dict[str, Any], ahead: int
) -> None:
    bench.freeze(*NAMES)
    tally = bench.deliver(Scripted(**broken, ahead=ahead))
    assert (tally.sent, tally.refused) == (0, 0)
    assert set(bench.states().values()) == {"queued"}
    assert len(bench.ledger.read(operate.paused_transports, NOW)) == 1
    assert bench.owned() == 0
    bench.now += timedelta(minutes=6)
    assert bench.deliver(Scripted()).sent == 4


def broken_wire(name: str) -> Outcome:
    raise RuntimeError("a bug")


class Silent(Scripted):
    """A transport that takes messages and tells nothing."""

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        list(messages)
        return iter(())


class Idle(Scripted):
    """A transport that takes no message at all."""

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        return iter(())


@pytest.mark.parametrize(
    "transport", [Scripted(answer=broken_wire), Silent()], ids=["raises", "tells nothing"]
)
def test_a_transport_with_a_bug_leaves_a_doubt_and_no_more(bench: Bench, transport: Scripted) -> None:
    bench.freeze("ada", hold_when_uncertain=True)
    assert bench.deliver(transport).unknown == 1
    assert bench.states() == {"ada": "uncertain"}


def test_a_transport_that_takes_nothing_is_paused(bench: Bench) -> None:
    bench.freeze(*NAMES)
    assert not bench.deliver(Idle())
    assert set(bench.states().values()) == {"queued"}
    assert len(bench.ledger.read(operate.paused_transports, NOW)) == 1


def test_trouble_with_the_ledger_while_preparing_fails_nothing(bench: Bench) -> None:
    bench.freeze(*NAMES)
    whole = bench.ledger
    transport = Scripted(prepares=True, ready=lambda name: Prepared(progress={"asset": name}))
    bench.ledger = Failing(whole, keep_progress, 1)
    with pytest.raises(LedgerError):
        bench.deliver(transport)
    bench.ledger = whole
    assert set(bench.states().values()) == {"queued"}
    assert bench.owned() == 0
    assert bench.deliver(transport).sent == 4


@pytest.mark.parametrize("refused", [turn, last_turn])
def test_an_answer_is_recorded_although_the_ledger_is_busy(
    bench: Bench, refused: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "RECORD_AGAIN_SECONDS", 0)
    bench.freeze(*NAMES)
    whole, transport = bench.ledger, Scripted()

    def lock_after_the_first(name: str) -> None:
        bench.ledger.times = 1 if name == "ada" else bench.ledger.times

    transport.before = lock_after_the_first
    bench.ledger = Failing(whole, refused, 0)
    assert bench.deliver(transport, window=2).sent == 4
    bench.ledger = whole
    assert transport.tried == list(NAMES)
    assert set(bench.states().values()) == {"sent"}


def test_on_a_disk_that_fails_nothing_is_given_back(bench: Bench) -> None:
    bench.freeze(*NAMES)
    whole, transport = bench.ledger, Scripted()
    bench.ledger = Failing(whole, turn, 0)
    bench.ledger.error = LedgerBroken

    def fail_from_now_on(name: str) -> None:
        bench.ledger.times = 1

    transport.before = fail_from_now_on
    with pytest.raises(LedgerBroken):
        bench.deliver(transport)
    bench.ledger = whole
    assert transport.tried[0] == "ada"
    assert {bench.states()[name] for name in transport.tried} == {"sending"}
    assert bench.owned() >= len(transport.tried)


def test_several_lines_send_at_the_same_time(bench: Bench) -> None:
    bench.freeze(*(f"p{number}" for number in range(40)))
    met = [Scripted(before=lambda name: time.sleep(0.002)) for _ in range(4)]
    assert bench.deliver(met[0], lines=tuple(met), window=16).sent == 40
    assert sorted(name for line in met for name in line.tried) == sorted(f"p{number}" for number in range(40))
    assert all(line.tried for line in met)


def no_thread_for(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Let the system have no thread for these senders, counted from 1."""
    start, asked = Thread.start, iter(range(1, 100))

    def sparing(self: Thread) -> None:
        if self.name.startswith("sender") and next(asked) in numbers:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(sending.Thread, "start", sparing)


def test_without_a_thread_to_send_in_nothing_is_in_doubt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.freeze("ada", "bea")
    no_thread_for(monkeypatch, 1)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        bench.deliver(Scripted())
    assert (bench.states(), bench.owned()) == ({"ada": "queued", "bea": "queued"}, 0)


def test_without_a_thread_for_a_second_line_the_first_sends_it_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.freeze(*NAMES)
    no_thread_for(monkeypatch, *range(2, 100))
    one, two, three = (Scripted(before=lambda name: time.sleep(0.02)) for _ in range(3))
    assert bench.deliver(one, lines=(one, two, three), window=2).sent == 4
    assert (one.tried, two.tried, three.tried) == (list(NAMES), [], [])


def test_a_run_that_breaks_waits_for_what_is_on_its_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run after it judges as left over whatever it finds in hand."""
    bench.freeze("ada")
    begun = Event()

    def broken(run: Any) -> None:
        begun.wait(5)
        raise ZeroDivisionError

    monkeypatch.setattr(delivering._Run, "_until_due", broken)
    monkeypatch.setattr(delivering._Run, "_write_last", broken)

    def before(name: str) -> None:
        begun.set()
        time.sleep(0.2)

    transport = Scripted(before=before)
    with pytest.raises(ZeroDivisionError):
        bench.deliver(transport)
    assert transport.tried == ["ada"]


def test_what_was_put_off_and_taken_again_stays_in_hand_until_its_answer(bench: Bench) -> None:
    bench.freeze("ada", "bea")
    begun, asked = time.monotonic(), []
    bench.clock = lambda: NOW + timedelta(seconds=time.monotonic() - begun)
    seen = []

    def ready(name: str) -> Prepared | Deferred:
        asked.append(name)
        is_early = name == "ada" and asked.count("ada") == 1
        return Deferred(reason="processing", after=timedelta(milliseconds=50)) if is_early else Prepared()

    def before(name: str) -> None:
        if name == "ada":
            bench.stop.set()
            time.sleep(0.3)
            seen.append(bench.states()["ada"])

    bench.deliver(Scripted(ready=ready, before=before, prepares=True))
    assert (asked.count("ada"), seen, bench.states()["ada"]) == (2, ["sending"], "sent")


@pytest.mark.parametrize("lost", [1, 2])
def test_a_claim_whose_commit_was_not_heard_of_leaves_nobody_in_doubt(
    bench: Bench, monkeypatch, lost: int
) -> None:
    bench.freeze(*NAMES, hold_when_uncertain=True)
    write, turns = bench.ledger.write, []

    def deaf(work: Any, *rest: Any, **more: Any) -> Any:
        done = write(work, *rest, **more)
        if work is turn:
            turns.append(done)
            if len(turns) == lost:
                raise LedgerError("the connection broke while the answer to COMMIT was awaited")
        return done

    monkeypatch.setattr(bench.ledger, "write", deaf)
    monkeypatch.setattr(delivering, "RECORD_AGAIN_SECONDS", 0)
    transport = Scripted()
    if lost == 1:  # there is nothing that must be recorded: the next run goes on
        with pytest.raises(LedgerError):
            bench.deliver(transport, window=2)
        assert bench.row().accounts.queued == len(NAMES)
    bench.deliver(transport, window=2)
    assert sorted(transport.tried) == sorted(NAMES)
    assert turns[lost - 1], "it claimed nothing"
    assert bench.row().accounts.sent == len(NAMES)


def test_a_lost_answer_is_tried_once_more_later(bench: Bench) -> None:
    bench.freeze("ada")
    lost = Scripted(answer=lambda name: Unknown(reason="the connection broke"))
    bench.deliver(lost)
    assert bench.states() == {"ada": "queued"}
    bench.now += timedelta(hours=1)
    assert bench.deliver(lost).unknown == 1
    assert bench.states() == {"ada": "uncertain"}


def test_what_is_deferred_for_too_long_is_given_up(bench: Bench) -> None:
    bench.freeze("ada")
    later = Scripted(answer=lambda name: Deferred(reason="450 full"))
    for _ in range(60):
        bench.deliver(later)
        bench.now += timedelta(hours=1)
    assert bench.states() == {"ada": "failed"}
    assert 5 < len(later.tried) < 60


def test_a_first_try_before_its_edition_was_made_gives_nobody_up(bench: Bench) -> None:
    """The clock stood at 1970 then."""
    bench.freeze("ada")
    bench.ledger.write(lambda c: c.exec_driver_sql("UPDATE delivery SET first_begun_at = 0, attempts = 1"))
    later = Scripted(answer=lambda name: Deferred(reason="450 greylisted"))
    bench.deliver(later)
    assert bench.states() == {"ada": "queued"}
    for _ in range(60):
        bench.now += timedelta(hours=1)
        bench.deliver(later)
    assert bench.states() == {"ada": "failed"}


def test_what_another_has_taken_over_meanwhile_is_left_to_them(bench: Bench) -> None:
    bench.freeze("ada", "bea")

    def take_over(name: str) -> None:
        sql = "UPDATE delivery SET owner = 'other' WHERE state = 'sending'"
        bench.ledger.write(lambda c: c.exec_driver_sql(sql))

    transport = Scripted(before=take_over)
    bench.deliver(transport, hold=lambda: lambda: not transport.tried)
    assert transport.tried == ["ada"]
    assert bench.owned() == 2
    assert bench.ledger.write(record, "host:1", [], NOW) == []


def test_what_was_left_in_our_hands_is_judged_and_never_sent_at_once(bench: Bench) -> None:
    bench.freeze("ada", "bea")
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="host:1")
    assert len(bench.ledger.write(claim.claim, hand, 1, NOW)) == 1
    transport = Scripted()
    assert bench.deliver(transport).sent == 1
    assert transport.tried == ["bea"]
    bench.now += timedelta(minutes=15)
    assert bench.deliver(transport).sent == 1
    (ada,) = [row for row in bench.ledger.read(lambda c: list(status.deliveries(c))) if row.doubts]
    assert ada.delivery.recipient.address == "ada@example.com"


def test_one_that_hangs_stops_neither_the_others_nor_their_records(bench: Bench) -> None:
    bench.freeze(*(f"p{number}" for number in range(30)))
    hung = Event()

    def hang(name: str) -> None:
        if name == "p5":
            hung.wait(10)

    lines = tuple(Scripted(before=hang) for _ in range(3))

    def let_go_when_the_rest_is_recorded() -> None:
        while bench.row().accounts.sent < 29:
            time.sleep(0.01)
        bench.freeze("late", key=OTHER)
        while bench.row(OTHER).accounts.sent < 1:
            time.sleep(0.01)
        hung.set()

    watcher = Thread(target=let_go_when_the_rest_is_recorded, daemon=True)
    watcher.start()
    assert bench.deliver(lines[0], lines=lines, window=4).sent == 31
    watcher.join()


def test_a_rate_is_kept(bench: Bench) -> None:
    bench.freeze(*NAMES)
    begun = time.monotonic()
    bench.clock = lambda: NOW + timedelta(seconds=time.monotonic() - begun)
    limits = Limits(gap=timedelta(milliseconds=200))
    assert bench.deliver(Scripted(), limits=limits).sent == 4
    assert time.monotonic() - begun >= 0.5
