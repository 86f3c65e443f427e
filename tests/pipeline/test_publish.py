"""Publishing tick by tick: what breaks off is made up for, what is decided meanwhile is not overlooked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from postroom import config
from postroom.errors import LedgerBroken, LedgerError
from postroom.model import Ready
from postroom.outbox import history, operate, status
from postroom.outbox.absent import absent
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import open_project
from postroom.pipeline.publish import Publisher
from postroom.pipeline.survey import judge_all
from postroom.readiness import judge

KEY = "newsletter/article/letters"
TICK = timedelta(seconds=30)


@dataclass
class Between:
    """A ledger at which something happens right after one of its reads, as in a busy office."""

    ledger: Ledger
    then: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def read(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        answer = self.ledger.read(fn, *args, **kwargs)
        if self.then is not None and isinstance(answer, tuple) and isinstance(answer[-1], history.History):
            happening, self.then = self.then, None
            happening()
        return answer


@dataclass
class Counting:
    """A ledger that notes how often an audience was counted: only that reads whom to leave out."""

    ledger: Ledger
    heads_counted: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def read(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.heads_counted += fn is absent
        return self.ledger.read(fn, *args, **kwargs)


def publisher(desk, ledger) -> Publisher:
    project = open_project(config.load(desk.folder / "config.yaml"), settle=True)
    return Publisher(project=project, ledger=ledger)


def ticks(desk, worker: Publisher, number: int = 5) -> list[str]:
    """Tick some times; name what was frozen."""
    frozen = []
    for _ in range(number):
        desk.now += TICK
        frozen += [edition.key for edition in worker.publish(desk.now).frozen]
    return frozen


def first_sight(desk) -> None:
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.now += timedelta(hours=2)


def with_approval(desk) -> None:
    desk.configure(("    transport: mail", "    approval: required\n    transport: mail"))


def test_an_idle_tick_does_nothing(desk) -> None:
    first_sight(desk)
    desk.article()
    with desk.ledger() as ledger:
        worker = publisher(desk, ledger)
        assert KEY in ticks(desk, worker, 1)
        ticks(desk, worker, 1)
        assert worker.publish(desk.now).is_idle


def test_a_tick_that_broke_off_is_made_up_for(desk) -> None:
    def locked() -> None:
        raise LedgerError("another program keeps it locked")

    first_sight(desk)
    with desk.ledger() as real:
        ledger = Between(real)
        worker = publisher(desk, ledger)
        ticks(desk, worker, 2)
        desk.article()
        ledger.then = locked
        with pytest.raises(LedgerError):
            worker.publish(desk.now)
        assert KEY in ticks(desk, worker)


def test_a_disk_that_fails_is_not_taken_for_one_articles_fault(desk, monkeypatch) -> None:
    first_sight(desk)
    desk.article()

    def fail(*_: object) -> None:
        raise LedgerBroken("the disk under the ledger failed")

    monkeypatch.setattr(Publisher, "_publish_one", fail)
    with desk.ledger() as ledger, pytest.raises(LedgerBroken):
        publisher(desk, ledger).publish(desk.now)


def test_a_decision_taken_during_a_tick_is_seen_by_the_next(desk, mailbox) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    folder = "{kind: folder, path: out/mail}"
    desk.configure((folder, f"{{kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none}}"))
    with desk.ledger() as real:
        ledger = Between(real, then=lambda: real.write(operate.settle_rehearsed, [KEY], "resend") and None)
        assert ticks(desk, publisher(desk, ledger)) == [KEY]


def test_a_proposal_that_somebody_let_go_meanwhile_is_not_withdrawn(desk) -> None:
    with_approval(desk)
    first_sight(desk)
    desk.article()
    desk.run()
    with desk.ledger() as real:
        ledger = Between(real)
        worker = publisher(desk, ledger)
        ticks(desk, worker, 2)
        desk.article(body="Another text altogether. It was saved at the very moment of the approval.\n")
        ledger.then = lambda: real.write(operate.approve, KEY, recipients=None, now=desk.now) and None
        ticks(desk, worker, 1)
        (row,) = [each for each in real.read(status.editions) if each.channel == "newsletter"]
        assert (row.key, row.state) == (KEY, "open")


def test_an_audience_is_counted_once_for_all_that_wait_for_approval_and_anew_after_a_freeze(desk) -> None:
    with_approval(desk)
    first_sight(desk)
    for name in ("letters", "stamps", "seals"):
        desk.article(name)
    desk.run()
    with desk.ledger() as real:
        ledger = Counting(real)
        assert ticks(desk, publisher(desk, ledger), 2) == []
        assert ledger.heads_counted == 1
        desk.article("wax")
        desk.article("twine")
        ledger.heads_counted = 0
        frozen = ticks(desk, publisher(desk, ledger), 2)
        assert len([key for key in frozen if key.startswith("newsletter/")]) == 2
        assert ledger.heads_counted >= 2


def test_the_followers_of_a_lead_that_was_only_rehearsed_wait(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    later = desk.now + timedelta(days=3)
    project = open_project(config.load(desk.folder / "config.yaml"))
    with desk.ledger() as ledger:
        known = ledger.read(history.read)
    seen = judge_all(project, project.shelf.read(later), known, later)
    follower = next(each.candidate for each in seen.verdicts if each.candidate.variant.name == "takeaways")
    assert isinstance(judge(follower, known, later), Ready)
    real = replace(follower, channel=replace(follower.channel, rehearsal=False, transport_kind="smtp"))
    assert "only rehearsed" in getattr(judge(real, known, later), "why", "")


def test_whoever_is_suppressed_counts_neither_as_growth_nor_as_somebody(desk, mailbox) -> None:
    folder = "{kind: folder, path: out/mail}"
    desk.configure((folder, f"{{kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none}}"))
    desk.subscribers(10)
    first_sight(desk)
    with desk.ledger() as ledger:
        for number in range(3):
            address = f"reader{number}@example.org"
            ledger.write(operate.suppress, address, address, "left", desk.now)
    desk.article()
    desk.run()
    with desk.ledger() as ledger:
        ledger.write(operate.approve, KEY, recipients=7, now=desk.now)
    desk.run()
    desk.article("stamps", date="2026-03-10 12:30")
    desk.run(after=timedelta(hours=1))
    assert len(mailbox.messages) == 14


def test_an_edition_to_nobody_waits_for_somebody(desk) -> None:
    desk.subscribers(1)
    first_sight(desk)
    with desk.ledger() as ledger:
        ledger.write(operate.suppress, "reader0@example.org", "reader0@example.org", "left", desk.now)
    desk.article()
    desk.run()
    assert desk.mails() == []
    desk.subscribers(5)
    desk.run(after=timedelta(minutes=1))
    assert len(desk.mails()) == 4


def test_a_proposal_moves_to_the_transport_that_its_channel_has_now(desk, mailbox) -> None:
    with_approval(desk)
    first_sight(desk)
    desk.article()
    desk.run()
    folder = "{kind: folder, path: out/mail}"
    smtp = f"{{kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none}}"
    desk.configure((folder, smtp), ("    transport: mail", "    approval: required\n    transport: mail"))
    desk.run()
    with desk.ledger() as ledger:
        row = next(each for each in ledger.read(status.editions) if each.key == KEY)
        assert (row.transport_kind, row.rehearsal, row.state) == ("smtp", False, "held")
        assert set(row.holds) == {"approval", "first-edition"}
        with pytest.raises(LedgerError, match="--recipients 3"):
            ledger.write(operate.approve, KEY, recipients=None, now=desk.now)


def test_a_hold_that_a_changed_setting_lifts_is_lifted(desk) -> None:
    late = 'url: "{publication.url}/{slug}", hold_if_late: 3 days}'
    desk.configure(('url: "{publication.url}/{slug}"}', late))
    first_sight(desk)
    desk.article()
    done = desk.run(after=timedelta(days=4))
    told = next(line.reason for line in done.lines if line.channel == "newsletter")
    assert f"`postroom outbox approve {KEY}` lets it go" in told
    desk.configure()
    desk.run()
    assert len(desk.mails()) == 3


def test_a_merge_field_that_nobody_has_is_named_and_sends_nothing(desk) -> None:
    first_sight(desk)
    desk.article(body="Dear {{frist_name|reader}}, this is a letter about letters and their rooms.\n")
    done = desk.run()
    assert desk.mails() == []
    assert "did you mean `first_name`?" in str(done.findings[0])
