"""Any order of events leaves the books balanced and no one sent to twice or against their will."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from postgresql_server import Server

from postroom.errors import LedgerError
from postroom.model import (
    Deferred,
    DeliveryState,
    Edition,
    Email,
    Outcome,
    Recipient,
    Refused,
    Scope,
    Sender,
    Sent,
    Unknown,
)
from postroom.outbox import Ledger, claim, enqueue, operate, record, recover, status, turns

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMES = ("ada", "bea", "cleo", "dora")
ARTICLES = ("first", "second")
OWNERS = ("alpha", "beta")
MAIL = claim.Carrier("mail", "smtp")
EMAIL = Email(subject="s", preheader="", html="", text="", mjml="", language="en", fence="@@")
OUTCOMES = st.sampled_from(
    [
        Sent(reply="250"),
        Deferred(reason="451"),
        Deferred(reason="421", scope=Scope.TRANSPORT),
        Refused(reason="550"),
        Unknown(reason="lost"),
    ]
)


class OutboxModel(RuleBasedStateMachine):
    """Two editions of up to four people and three parts, two workers, and everything that can befall them."""

    make: Callable[[], str]
    drop: Callable[[str], None]

    @initialize(hold=st.booleans(), parts=st.integers(1, 3))
    def open(self, hold: bool, parts: int) -> None:
        self.url = self.make()
        self.ledger = Ledger(self.url)
        self.now = START
        self.parts = parts
        self.hold_when_uncertain = hold
        self.leased: dict[str, set[int]] = {owner: set() for owner in OWNERS}
        self.flying: dict[str, set[int]] = {owner: set() for owner in OWNERS}
        self.suppressed: set[str] = set()
        self.accepted: dict[tuple[str, str, int], int] = {}
        self.doubted: set[tuple[str, str, int]] = set()
        self.decided: set[tuple[str, str, int]] = set()

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.drop(self.url)

    @rule(
        article=st.sampled_from(ARTICLES),
        names=st.lists(st.sampled_from(NAMES), max_size=5),
        held=st.booleans(),
        revision=st.sampled_from([1, 1, 2]),
    )
    def freeze(self, article: str, names: list[str], held: bool, revision: int) -> None:
        """Freeze an article, or its corrected version in place of the first."""
        if revision == 2:
            self.decide(article, "replace")
        edition = Edition(
            key=f"news/article/{article}" + ("#2" if revision == 2 else ""),
            revision=revision,
            channel="news",
            article=article,
            variant="article",
            title=article,
            content=EMAIL,
            content_hash="h",
            source_hash="s",
            transport="mail",
            transport_kind="smtp",
            rehearsal=False,
            due_at=START,
            created_at=START,
            holds=("late",) if held else (),
            hold_when_uncertain=self.hold_when_uncertain,
            sender=Sender(from_="a@example.org", list_id="l", list_name="l"),
        )
        people = [Recipient(address=f"{name}@x.example", identity=name, domain="x.example") for name in names]
        audience = enqueue.Audience(people=people, rows_read=len(people))
        if revision == 2 and self.waits_for_the_first(article):
            with pytest.raises(LedgerError, match="on their way"):
                enqueue.freeze(self.ledger, edition, audience, parts=self.parts, now=self.now)
        else:
            enqueue.freeze(self.ledger, edition, audience, parts=self.parts, now=self.now)

    def waits_for_the_first(self, article: str) -> bool:
        """Whether a correction may not be frozen yet: who gets what is on its way is not known."""
        first, second = f"news/article/{article}", f"news/article/{article}#2"
        known = {row.key: row.accounts.sending for row in self.ledger.read(status.editions)}
        return second not in known and known.get(first, 0) > 0

    @rule(owner=st.sampled_from(OWNERS), room=st.integers(1, 4), begins=st.booleans())
    def claim(self, owner: str, room: int, begins: bool) -> None:
        hand = claim.Hand(carrier=MAIL, owner=owner, begins=begins)
        taken = self.ledger.write(turns.turn, hand, [], room, self.now)
        ids = {one.delivery.id for one in taken}
        assert len(ids) == len(taken) <= room
        assert not ids & set.union(*self.flying.values())
        for one in taken:
            assert one.delivery.recipient.identity not in self.suppressed
            assert one.delivery.due_at <= self.now
        (self.flying if begins else self.leased)[owner] |= ids

    def _give_all_back(self, owner: str) -> None:
        hand = claim.Hand(carrier=MAIL, owner=owner)
        left = sorted(self.flying[owner] | self.leased[owner])
        self.ledger.write(turns.last_turn, hand, [], left, self.now)

    @rule(owner=st.sampled_from(OWNERS))
    def stop(self, owner: str) -> None:
        """The process ends in good order: of what it has in hand nothing has gone out."""
        self._give_all_back(owner)
        self.flying[owner], self.leased[owner] = set(), set()

    @rule(minutes=st.integers(-90, 90))
    def jump(self, minutes: int) -> None:
        """Somebody sets the clock."""
        self.now += minutes * MINUTE

    @rule(owner=st.sampled_from(OWNERS))
    def begin(self, owner: str) -> None:
        self.go(owner)

    def go(self, owner: str) -> None:
        """Begin everything that an owner has leased."""
        ids = self.ledger.write(claim.begin, sorted(self.leased[owner]), owner, self.now)
        identities = {row.delivery.recipient.identity for row in self.rows() if row.delivery.id in ids}
        assert not identities & self.suppressed
        assert set(ids) <= self.leased[owner]
        assert not set(ids) & set.union(*self.flying.values())
        self.leased[owner] = set()
        self.flying[owner] |= set(ids)

    @rule(owner=st.sampled_from(OWNERS), outcome=OUTCOMES, again=st.booleans(), some=st.integers(1, 4))
    def record(self, owner: str, outcome: Outcome, again: bool, some: int) -> None:
        ids = sorted(self.flying[owner])[:some]
        retry_at = self.now + MINUTE if again else None
        results = [record.Result(delivery_id=id_, outcome=outcome, retry_at=retry_at) for id_ in ids]
        names = {row.delivery.id: self.name_of(row) for row in self.rows()}
        refused = self.ledger.write(record.record, owner, results, self.now)
        assert refused == []
        self.flying[owner] -= set(ids)
        for id_ in ids:
            self.note(names[id_], outcome)

    @rule(owner=st.sampled_from(OWNERS), outcome=OUTCOMES)
    def write_what_is_not_mine(self, owner: str, outcome: Outcome) -> None:
        other = OWNERS[1 - OWNERS.index(owner)]
        results = [record.Result(delivery_id=id_, outcome=outcome) for id_ in sorted(self.flying[other])]
        refused = self.ledger.write(record.record, owner, results, self.now)
        assert set(refused) == self.flying[other]

    @rule(owner=st.sampled_from(OWNERS), accepted=st.booleans())
    def crash(self, owner: str, accepted: bool) -> None:
        """The process dies; what it had in flight may have been accepted."""
        names = {row.delivery.id: self.name_of(row) for row in self.rows()}
        for id_ in self.flying[owner] if accepted else ():
            self.accepted[names[id_]] = self.accepted.get(names[id_], 0) + 1
        found = self.ledger.write(
            lambda connection: recover.recover(
                connection, self.now, owner_alive=lambda one: one != owner, idempotent=lambda kind: False
            )
        )
        judged = {doubt.delivery_id for doubt in (*found.repeats, *found.uncertain)}
        assert judged == self.flying[owner]
        self.doubted |= {names[id_] for id_ in judged}
        self.flying[owner], self.leased[owner] = set(), set()

    @rule(minutes=st.integers(1, 30))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule()
    def restart(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(self.url)

    @rule(name=st.sampled_from(NAMES))
    def opt_out(self, name: str) -> None:
        self.ledger.write(operate.suppress, name, f"{name}@x.example", "asked", self.now)
        self.suppressed.add(name)

    @rule(
        article=st.sampled_from(ARTICLES),
        decision=st.sampled_from(["approve", "hold", "release", "cancel", "retry", "replace"]),
    )
    def decide(self, article: str, decision: str) -> None:
        key = f"news/article/{article}"
        failed = [DeliveryState.FAILED]
        acts = {
            "approve": lambda c: operate.approve(c, key, recipients=None, now=self.now),
            "hold": lambda c: operate.hold(c, key, "why"),
            "release": lambda c: operate.release(c, key, self.now),
            "cancel": lambda c: operate.cancel(c, key, "why", self.now),
            "replace": lambda c: operate.replace(c, key, self.now),
            "retry": lambda c: operate.retry(c, key, failed, self.now),
        }
        with suppress(LedgerError):
            self.ledger.write(acts[decision])

    @precondition(lambda self: any(may_be_decided(row) for row in self.rows()))
    @rule(state=st.sampled_from(["queued", "sent", "failed", "cancelled"]))
    def resolve(self, state: str) -> None:
        row = next(row for row in self.rows() if may_be_decided(row))
        with suppress(LedgerError):
            self.ledger.write(operate.resolve, row.delivery.id, DeliveryState(state), self.now)
        self.decided.add(self.name_of(row))

    @invariant()
    def the_promises_hold(self) -> None:
        """Read the ledger once for all of them."""
        self.editions, self.deliveries = self.ledger.read(status.editions), self.rows()
        self.the_books_balance()
        self.what_is_sending_is_in_somebodys_hands()
        self.nothing_is_sent_without_being_accepted_or_decided()
        self.a_repeat_was_in_doubt_before()
        self.a_part_goes_only_after_the_one_before_it()
        self.an_open_edition_has_something_left_to_do()

    def the_books_balance(self) -> None:
        assert self.ledger.read(status.reconcile) == []
        for row in self.editions:
            assert row.accounts.balances
            if row.state == "finished":
                assert (row.accounts.queued, row.accounts.sending) == (0, 0)

    def what_is_sending_is_in_somebodys_hands(self) -> None:
        sending = {row.delivery.id for row in self.deliveries if row.delivery.state == "sending"}
        assert sending == set.union(*self.flying.values())

    def nothing_is_sent_without_being_accepted_or_decided(self) -> None:
        for row in self.deliveries:
            if row.delivery.state == "sent":
                name = self.name_of(row)
                assert self.accepted.get(name) or name in self.decided

    def a_repeat_was_in_doubt_before(self) -> None:
        for name, count in self.accepted.items():
            assert count == 1 or name in self.doubted | self.decided
            assert count <= 2 or name in self.decided

    def a_part_goes_only_after_the_one_before_it(self) -> None:
        states = {self.name_of(row): row.delivery.state for row in self.deliveries}
        for (key, who, part), state in states.items():
            if part and state in ("sending", "sent", "uncertain", "failed"):
                assert states[key, who, part - 1] == "sent"

    def an_open_edition_has_something_left_to_do(self) -> None:
        for row in self.editions:
            if row.state == "open":
                assert row.accounts.queued + row.accounts.sending > 0

    def rows(self) -> list[status.DeliveryRow]:
        return self.ledger.read(lambda connection: list(status.deliveries(connection)))

    def name_of(self, row: status.DeliveryRow) -> tuple[str, str, int]:
        return row.edition, row.delivery.recipient.identity, row.delivery.part

    def note(self, name: tuple[str, str, int], outcome: Outcome) -> None:
        if isinstance(outcome, Sent):
            self.accepted[name] = self.accepted.get(name, 0) + 1
        if isinstance(outcome, Unknown):
            self.doubted.add(name)


def may_be_decided(row: status.DeliveryRow) -> bool:
    return row.delivery.state == "uncertain" or (row.delivery.state == "queued" and row.doubts > 0)


def check(make: Callable[[], str], drop: Callable[[str], None], examples: int) -> None:
    model = type("Model", (OutboxModel,), {"make": staticmethod(make), "drop": staticmethod(drop)})
    run_state_machine_as_test(
        model,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_of_events_keeps_the_promises_on_sqlite(fresh: Path) -> None:
    def make() -> str:
        folder = tempfile.mkdtemp()
        return f"sqlite:///{shutil.copy(fresh, folder)}"

    check(make, lambda url: shutil.rmtree(Path(url.removeprefix("sqlite:///")).parent), 100)


def test_any_order_of_events_keeps_the_promises_on_postgresql(
    postgresql: Server, fresh_database: str
) -> None:
    check(lambda: postgresql.create(fresh_database), postgresql.drop, 100)
