"""A recipient domain that wants less: it is left alone, and nobody else waits for it."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from rig.forge import Forge, wait_until
from rig.station import Station

EACH = 150
"""People at each of the two domains."""


@pytest.fixture
def resting(mailbox):
    """A server whose slow domain wants less, and then a rest that is longer than any test."""
    said = iter(["451 4.7.1 too much"])

    async def answer(server, session, envelope, address, options) -> str:
        if address.endswith("@slow.example"):
            return next(said, "451 4.7.1 too much, try again in 600 seconds")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    mailbox.handle_RCPT = answer
    return mailbox


@pytest.fixture
def station(tmp_path: Path, resting) -> Station:
    """A project with people at both domains, the slow one first."""
    made = Station(tmp_path / "project", resting)
    people = [f"reader{number}@{name}.example" for name in ("slow", "fast") for number in range(EACH)]
    made.write("subscribers.csv", "email\n" + "\n".join(people) + "\n")
    made.article()
    return made


@pytest.fixture
def forge(station: Station) -> Iterator[Forge]:
    """A forge whose daemon has an approved edition to send."""
    opened = Forge(station.folder)
    opened.run("run", "--once")
    station.approve()
    yield opened
    opened.close()


def domains(mailbox) -> Counter[str]:
    """Count who was sent to, by domain."""
    return Counter(each.partition("@")[2] for each in mailbox.recipients)


def test_a_run_ends_when_all_that_is_left_has_to_wait(forge: Forge, resting, capfd) -> None:
    begun = time.monotonic()
    assert forge.run("run", "--once") == 0
    took = time.monotonic() - begun
    assert domains(resting) == {"fast.example": EACH}
    assert took < 10, f"{EACH} people who come due ten a second, and rest, kept it for {took:.1f} s"
    assert f"{EACH} deliveries wait in mail until " in " ".join(forge.log.read_text().split())


def test_a_daemon_idles_meanwhile_and_sends_to_others_at_once(forge: Forge, station, resting) -> None:
    pid = forge.start()
    assert wait_until(lambda: domains(resting) == {"fast.example": EACH}, 20), forge.log.read_text()
    daemon = psutil.Process(pid)
    begun, before = time.monotonic(), sum(daemon.cpu_times()[:2])
    wait_until(lambda: False, 5)
    share = (sum(daemon.cpu_times()[:2]) - before) / (time.monotonic() - begun)
    station.article("second", title="On others")
    assert wait_until(lambda: "edition enqueued" in forge.log.read_text(), 20), forge.log.read_text()
    assert wait_until(lambda: domains(resting)["fast.example"] == 2 * EACH, 10), forge.log.read_text()[-2000:]
    assert domains(resting)["slow.example"] == 0
    assert forge.end(pid, signal.SIGTERM) == 0
    assert share < 0.3, "it spins"
