"""The daemon listens while it leads: it reads the mailbox when it is time, acts, tells what is wrong, and ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from feedback_mails import NOW, report
from structlog.testing import capture_logs

from postroom.config import FeedbackSettings, MailboxSettings
from postroom.daemon import listener
from postroom.daemon.listener import MAILBOX, Listener
from postroom.model import Feedback, FeedbackKind
from postroom.outbox import Ledger, feedback
from postroom.pipeline.vitals import Role, Vitals

SOON = 20.0


@pytest.fixture
def box(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    return tmp_path / "box"


@pytest.fixture
def hearing(tmp_path: Path, box: Path) -> Iterator[Listener]:
    """One that has not begun, of a process that leads."""
    vitals = Vitals(time.monotonic)
    vitals.take_role(Role.LEADS)
    settings = FeedbackSettings(mailbox=MailboxSettings(place=box, every=timedelta(minutes=5)))
    with Ledger(f"sqlite:///{tmp_path / 'postroom.db'}") as ledger:
        yield Listener(settings, ledger, vitals, lambda: NOW, str)


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def come_back(box: Path, name: str = "1") -> None:
    (box / "new" / name).write_bytes(
        report(headers=f"Delivered-To: bounces+tok{name}@mail.learning.example\n")
    )


def heard(one: Listener) -> list[str]:
    return [each.outcome for each in one.ledger.read(feedback.recent, 99)]


def test_what_comes_back_is_read_and_acted_upon(hearing: Listener, box: Path) -> None:
    come_back(box)
    hearing.look()
    assert heard(hearing) == ["not believed: it names no mail of ours"]


def test_the_mailbox_is_read_when_it_is_time_and_not_at_every_look(hearing: Listener, box: Path) -> None:
    hearing.look()
    come_back(box)
    hearing.look()
    assert heard(hearing) == []
    hearing._next_fetch = 0
    hearing.look()
    assert len(heard(hearing)) == 1


def test_what_came_by_http_is_acted_on_at_the_next_look(hearing: Listener) -> None:
    hearing.look()
    told = Feedback(kind=FeedbackKind.BOUNCED, source="ses", event="e", address="zoe@example.org")
    hearing.ledger.write(feedback.hear, [told], NOW)
    hearing.look()
    assert heard(hearing) == ["unknown recipient"]


@pytest.mark.parametrize("role", [Role.STANDS_BY, Role.NONE])
def test_one_that_does_not_lead_leaves_everything_to_the_one_that_does(
    hearing: Listener, box: Path, role: Role
) -> None:
    come_back(box)
    hearing.vitals.take_role(role)
    hearing.look()
    assert (heard(hearing), len(list((box / "new").iterdir()))) == ([], 1)


def test_a_mailbox_that_cannot_be_read_is_told_once_until_it_is_mended(hearing: Listener, box: Path) -> None:
    (box / "new").rename(box / "away")
    with capture_logs() as log:
        for _ in range(3):
            hearing._next_fetch = 0
            hearing.look()
    assert [each["event"] for each in log] == ["bounces cannot be read; it is tried again"]
    assert "cannot be read as a Maildir" in hearing.vitals.pulse().broken[MAILBOX]
    (box / "away").rename(box / "new")
    come_back(box)
    hearing._next_fetch = 0
    hearing.look()
    assert MAILBOX not in hearing.vitals.pulse().broken
    assert len(heard(hearing)) == 1


def test_a_mailbox_that_cannot_be_read_is_tried_ever_less_often(hearing: Listener, box: Path) -> None:
    (box / "new").rmdir()
    waits = []
    for _ in range(8):
        hearing._next_fetch = 0
        hearing.look()
        waits.append(round((hearing._next_fetch - time.monotonic()) / 60))
    assert waits == [10, 20, 40, 60, 60, 60, 60, 60]


def test_it_listens_beside_until_it_is_closed(
    hearing: Listener, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "LOOK_SECONDS", 0.01)
    come_back(box)
    hearing.start()
    until(lambda: len(heard(hearing)) == 1)
    hearing.close()
    assert hearing._thread is not None
    until(lambda: not hearing._thread.is_alive())


def test_a_failure_ends_no_listening(hearing: Listener, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "LOOK_SECONDS", 0.01)
    failing = replace(hearing, clock=lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    come_back(box)
    with capture_logs() as log:
        failing.start()
        until(
            lambda: len([each for each in log if each["event"] == "listening failed; it is tried again"]) > 1
        )
        failing.clock = lambda: NOW
        until(lambda: len(heard(failing)) == 1)
        failing.close()


def test_a_stop_does_not_wait_for_the_rest_of_a_flood(hearing: Listener) -> None:
    told = [
        Feedback(kind=FeedbackKind.BOUNCED, source="ses", event=str(number), address="zoe@example.org")
        for number in range(3000)
    ]
    hearing.ledger.write(feedback.hear, told, NOW)
    hearing.start()
    until(lambda: hearing.ledger.read(feedback.waiting) < 3000)
    began = time.monotonic()
    hearing.close()
    assert time.monotonic() - began < SOON / 2
    assert hearing._thread is not None
    until(lambda: not hearing._thread.is_alive())
