"""Too few files, too little memory, no name service: mail waits, none is lost."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.office import Office

PEOPLE = 100


OUT_OF_FILES = ("Too many open files",)
OUT_OF_MEMORY = (
    *("MemoryError", "can't start new thread", "memory allocation of"),
    "SystemError: error return without exception set",  # of CPython, where not even the exception can be made
)


def _restart_well(
    opened: Office, pid: int, everyone: list[str], *, hours: int = 1, by: int = signal.SIGTERM
) -> None:
    """End the poor daemon, if it has not ended by itself, and let others finish its work."""
    wait_until(lambda: opened.sink.count() >= PEOPLE or opened.forge.has_ended(pid) is not None, 3)
    if opened.forge.has_ended(pid) is None:
        opened.forge.end(pid, by)
    open_books(opened.station).check()
    for hour in (0, *range(1, hours + 1)):
        opened.forge.run("run", "--once", shift=timedelta(hours=hour, minutes=1))
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert sum(books.doubled.values()) <= sum(books.listed.values())


def _assert_it_was_short(opened: Office, complaints: tuple[str, ...]) -> None:
    """See that the limit was met at all."""
    said = opened.forge.log.read_text()
    assert any(each in said for each in complaints), said[-3000:]


@pytest.mark.timeout(200)
@pytest.mark.parametrize("files", [8, 12, 16])
def test_too_few_files_lose_nothing(office, files: int) -> None:
    """Eight are too few to begin with, sixteen for all connections."""
    opened = office()
    everyone = opened.station.ready(opened.forge, PEOPLE)
    pid = opened.forge.start(limits={"RLIMIT_NOFILE": files})
    _restart_well(opened, pid, everyone)
    _assert_it_was_short(opened, OUT_OF_FILES)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("more_megabytes", [1, 8, 32, 96])
def test_too_little_memory_loses_nothing(office, more_megabytes: int) -> None:
    """The limit stands so much above what the process has mapped when it starts: it is met in the first moment, or
    while mail goes out. A machine in such need ends processes by kill -9.
    """
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    pid = opened.forge.start(spare_bytes=more_megabytes << 20)
    _restart_well(opened, pid, everyone, by=signal.SIGKILL)
    _assert_it_was_short(opened, OUT_OF_MEMORY)


@pytest.mark.timeout(200)
def test_a_name_that_nobody_can_resolve_only_delays(office) -> None:
    opened = office()
    everyone = opened.station.ready(opened.forge, PEOPLE)
    opened.station.configure(("host: 127.0.0.1", "host: nowhere.invalid"))
    pid = opened.forge.start()
    assert wait_until(lambda: "transport paused" in opened.forge.log.read_text(), 30), opened.log()
    assert opened.sink.count() == 0
    opened.station.configure(("host: nowhere.invalid", "host: 127.0.0.1"))
    _restart_well(opened, pid, everyone, hours=5)
    assert open_books(opened.station).doubled == {}
