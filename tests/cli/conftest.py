"""A project that is worked from the command line, by the clock on the wall."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from postroom.cli import main, session


@dataclass
class Answer:
    """What a command left behind: its exit code, and what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """Both, in one line."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def office(desk):
    """A desk whose channels were first seen two hours ago."""
    desk.now = session.now() - timedelta(hours=2)
    desk.run()
    desk.now += timedelta(hours=2)
    return desk


@pytest.fixture
def postroom(desk, capsys) -> Iterator[Callable[..., Answer]]:
    """Run a command of the project in this process, and give signals back as they were."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*words: str) -> Answer:
        capsys.readouterr()
        code = main(["--config", str(desk.folder / "config.yaml"), *words])
        written = capsys.readouterr()
        return Answer(code=code, out=written.out, err=written.err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def approved(office, mailbox, postroom, hours):
    """An office whose newsletter may go out by SMTP, to three."""
    office.configure(mailbox.instead)
    office.article(date=hours(-1))
    office.run()
    assert postroom("outbox", "approve", "newsletter/article/letters", "--recipients", "3").code == 0
    return office


@pytest.fixture
def hours() -> Callable[[float], str]:
    """Write the moment that is so many hours from now as an article's date."""

    def from_now(number: float) -> str:
        return (session.now() + timedelta(hours=number)).isoformat(timespec="minutes")

    return from_now
