"""A full or failing disk while mail goes out: it waits, loses nothing, and goes on when the disk does."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from rig.books import Books, open_books
from rig.forge import wait_until
from rig.office import MUST_HAVE_TOOLS, Office
from rig.station import WINDOW
from rig.tracing import Tracer

PEOPLE = 60
BROKEN = 75
"""How a daemon ends whose disk failed: EX_TEMPFAIL of sysexits(3)."""
SOON = timedelta(minutes=1)
LATER = timedelta(hours=1)


def _end(opened: Office, pid: int, everyone: list[str]) -> Books:
    """Wait until everyone has it, stop the daemon, and send again what was in doubt."""
    assert wait_until(lambda: opened.sink.count() >= len(everyone), 30), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    return _settled(opened, everyone)


def _settled(opened: Office, everyone: list[str]) -> Books:
    open_books(opened.station).check()
    for shift in (SOON, LATER):
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check_complete(everyone)
    return books


@pytest.mark.timeout(900)
def test_it_goes_on_by_itself_after_the_disk_was_full(office, strace, many, report, tmp_path: Path) -> None:
    """Twelve writes in a row find no space, from the n-th on, for many n."""
    opened = office(seconds=0.002, connections=2)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    opened.station.keep()
    points = many(44, 200)
    writes = _writes_of_a_run(opened, tmp_path / "undisturbed")
    doubled = refused = 0
    for number in range(points):
        opened.station.restore()
        first = 1 + writes * 3 // 4 * number // points  # on a busy machine a run writes less often
        pid = opened.forge.start(stopped=True)
        full = f"pwrite64:error=ENOSPC:when={first}..{first + 11}"
        tracer = Tracer(pid, tmp_path / "trace", calls="pwrite64", inject=full)
        if _gave_up_at_start(opened, pid):
            tracer.close()
            pid = opened.forge.start()
        books = _end(opened, pid, everyone)
        tracer.close()
        doubled += sum(books.doubled.values())
        assert sum(books.doubled.values()) <= WINDOW
        refused += "(INJECTED)" in (tmp_path / "trace").read_text()
    report(points=points, writes=writes, refused=refused, lost=0, doubled=doubled)
    assert refused >= points * 0.8


def _writes_of_a_run(opened: Office, trace: Path) -> int:
    """Count how often a daemon that nothing befalls writes to its ledger until everyone has the edition."""
    pid = opened.forge.start(stopped=True)
    tracer = Tracer(pid, trace, calls="pwrite64")
    assert wait_until(lambda: opened.sink.count() >= PEOPLE, 30), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    tracer.close()
    return trace.read_text().count("pwrite64(")


@pytest.mark.timeout(900)
def test_a_disk_that_fails_to_flush_forgets_nothing(office, strace, many, report, tmp_path: Path) -> None:
    """A daemon ends at it, for nobody knows what was kept; what the ledger says is nevertheless true, and the next
    start goes on.
    """
    opened = office(connections=2)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    opened.station.keep()
    points = many(10, 20)
    doubled = ended = injected = 0
    for number in range(1, 1 + points):
        opened.station.restore()
        pid = opened.forge.start(stopped=True)
        broken = f"fsync,fdatasync:error=EIO:when={number}..{number + 1}"
        tracer = Tracer(pid, tmp_path / "trace", calls="fsync,fdatasync", inject=broken)
        _wait_for_either(opened, pid)
        code = opened.forge.has_ended(pid)
        ended += code == BROKEN
        assert code == BROKEN or opened.forge.end(pid, signal.SIGTERM) in (0, BROKEN)
        tracer.close()
        injected += "(INJECTED)" in (tmp_path / "trace").read_text()
        books = _settled(opened, everyone)
        doubled += sum(books.doubled.values())
        assert sum(books.doubled.values()) <= WINDOW
    report(points=points, injected=injected, ended=ended, lost=0, doubled=doubled)
    assert injected >= points * 0.8
    assert ended >= injected * 0.8


def _wait_for_either(opened: Office, pid: int) -> None:
    """Wait until everyone has it or the daemon has ended, but not for long."""
    wait_until(lambda: opened.sink.count() >= PEOPLE or opened.forge.has_ended(pid) is not None, 3)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    place = tmp_path / "volume"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        (pytest.fail if MUST_HAVE_TOOLS else pytest.skip)("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.timeout(900)
def test_it_waits_while_a_real_disk_is_full(office, volume: Path, many, report) -> None:
    """The disk fills up at random moments while mail goes out, for long enough to be noticed, and is freed.

    The daemon's log is on it, too.
    """
    opened = office(seconds=0.02, connections=2, place=volume)
    points = many(8, 100)
    everyone = opened.station.ready(opened.forge, points * 30)
    chance = random.Random(3)
    pid = opened.forge.start()
    for number in range(points):
        goal = number * 30 + chance.randint(1, 20)
        assert wait_until(lambda at=goal: opened.sink.count() >= at, 30), opened.log()
        _fill(volume / "ballast")
        before = len(opened.forge.events())
        wait_until(lambda at=before: "disk is full" in str(opened.forge.events()[at:]), 1)
        (volume / "ballast").unlink()
    opened.sink.hurry()
    books = _end(opened, pid, everyone)
    noticed = sum("disk is full" in str(each) for each in opened.forge.events())
    report(points=points, noticed=noticed, lost=0, doubled=len(books.doubled))
    assert sum(books.doubled.values()) <= WINDOW
    assert noticed >= points // 6  # what fits into the pages of a log that is written anew needs no room


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(bytes(size)):
                    pass


def _gave_up_at_start(opened: Office, pid: int) -> bool:
    """A daemon that finds no space before it has begun says so and ends; whoever supervises it starts it again."""
    wait_until(lambda: opened.sink.count() > 0 or opened.forge.has_ended(pid) is not None, 10)
    return opened.sink.count() == 0
