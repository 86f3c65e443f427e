"""Run processes and say what they cost; compare two ways of doing one thing, pair by pair; keep the figures."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

GLANCE_SECONDS = 0.05
"""How often memory is looked at. The kernel keeps the high-water mark, so only the last glance matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a command took: on the wall, of the processors (with every child it waited for), of memory."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One measurement and its reference, taken directly after each other."""

    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        """How many times the reference ours is."""
        return self.ours / self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured quantity: the median of `values` counts. `at_least` or `at_most` is its target.

    `setting` says under which settings it was measured; `raw` keeps what the values came from.
    """

    section: str
    name: str
    values: Sequence[float]
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    setting: str = ""
    raw: Mapping[str, object] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The value that counts."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is not None:
            return self.median >= self.at_least
        return None if self.at_most is None else self.median <= self.at_most

    def as_dict(self) -> dict[str, object]:
        """Everything about it, for JSON."""
        return {**asdict(self), "median": self.median, "is_met": self.is_met}


def run(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    expect: Sequence[int] = (0,),
    while_running: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Usage:
    """Run a command to its end. Raises RuntimeError, with what it said, if it ends otherwise than expected.

    `while_running` may watch or stop it meanwhile.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        with _peak_of(process.pid) as peaks:
            if while_running is not None:
                while_running(process)
            _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in expect:
            words = " ".join(map(str, command))
            raise RuntimeError(f"{words}: exit {process.returncode}\n{err.read().decode()[-3000:]}")
        return Usage(
            seconds=seconds,
            cpu_seconds=used.ru_utime + used.ru_stime,
            peak_mb=sum(peaks.values()) / 1024,
            stdout=out.read().decode(),
        )


@contextmanager
def _peak_of(pid: int) -> Iterator[dict[int, int]]:
    """Note the most memory (KiB) that each process of a tree ever had, until the block is left.

    `ru_maxrss` would not do: a child begins with that of the process which started it.
    """
    peaks: dict[int, int] = {}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(GLANCE_SECONDS):
            try:
                tree = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
            except psutil.NoSuchProcess:
                return
            peaks.update((each, most) for each in tree if (most := high_water(each)))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        is_over.set()
        watcher.join()


def high_water(pid: int) -> int:
    """Return the most memory in KiB that a process has had since it began; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def is_running(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process still runs; what it used is left for `run` to read, which `poll` would take away."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def pairs(ours: Callable[[], float], reference: Callable[[], float], count: int) -> list[Pair]:
    """Measure in pairs; which of the two comes first changes from pair to pair, so that no drift favours one."""
    found = []
    for number in range(count):
        if number % 2:
            theirs, mine = reference(), ours()
        else:
            mine, theirs = ours(), reference()
        found.append(Pair(ours=mine, reference=theirs))
    return found


def compared(
    section: str,
    name: str,
    found: Sequence[Pair],
    *,
    setting: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """Make the figure of pairs: how many times the reference, with what each ratio came from."""
    return Figure(
        section=section,
        name=name,
        values=[pair.ratio for pair in found],
        unit="×",
        at_least=at_least,
        at_most=at_most,
        setting=setting,
        raw=raw_of(found),
    )


def raw_of(found: Sequence[Pair]) -> dict[str, object]:
    """What the pairs were made of, for JSON."""
    return {"ours": [pair.ours for pair in found], "reference": [pair.reference for pair in found]}


def line(figure: Figure) -> str:
    """Write a figure for a terminal: median [least – most], target, whether it is met."""
    spread = (
        f"[{_plain(min(figure.values))} – {_plain(max(figure.values))}]" if len(figure.values) > 1 else ""
    )
    measured = f"{_plain(figure.median)} {figure.unit} {spread}"
    met = {True: "met", False: "MISSED", None: ""}[figure.is_met]
    return f"{figure.section:9} {figure.name:62} {measured:34} {_target(figure):8} {met:7} {figure.setting}".rstrip()


def _target(figure: Figure) -> str:
    if figure.at_least is not None:
        return f"≥ {_plain(figure.at_least)}"
    return "" if figure.at_most is None else f"≤ {_plain(figure.at_most)}"


def _plain(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
