"""Power cuts without cutting power: what may be on the disk after one, from a trace of a real daemon.

What was written to a file and not flushed yet may be there or not, in any order and torn between sectors.
What a flush of that file has confirmed is there. A file that was made or removed is sure to be so once its
folder was flushed. (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014, for the model.)
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

SECTOR = 512
"""Bytes that a disk writes or does not write as one."""

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_HANDLE = re.compile(r"^(-?\d+)<([^>]*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a daemon did: `call` on `path`, with `data` at `place`.

    `begins` and `ends` are the numbers of the lines at which it was seen to begin and to end.
    """

    call: str
    path: str
    begins: int
    ends: int
    data: bytes = b""
    place: int = 0


def read_trace(file: Path) -> list[Step]:
    """Read what `Tracer` wrote, in the order in which the calls were finished."""
    open_calls: dict[str, tuple[int, str]] = {}
    steps = []
    for number, line in enumerate(file.read_text().splitlines()):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, text = match.groups()
        begins = number
        if text.endswith("<unfinished ...>"):
            open_calls[thread] = (number, text.removesuffix("<unfinished ...>"))
            continue
        if resumed := _RESUMED.match(text):
            begins, start = open_calls.pop(thread)
            text = start.rstrip() + resumed[2]
        if (step := _step(text, begins, number)) is not None:
            steps.append(step)
    return steps


def _step(text: str, begins: int, ends: int) -> Step | None:
    match = _CALL.match(text)
    if match is None or re.search(r"\) += -1 E", text):
        return None
    call, rest = match.groups()
    handle = _HANDLE.match(rest)
    strings = [bytes.fromhex(each.replace("\\x", "")) for each in _STRING.findall(rest)]
    match call:
        case "pwrite64" if handle:
            place = int(re.findall(r", (\d+)\) += ", rest)[-1])
            return Step("write", _path(handle), begins, ends, strings[0], place)
        case "ftruncate" if handle:
            return Step("truncate", _path(handle), begins, ends, place=int(re.findall(r", (\d+)\)", rest)[0]))
        case "fsync" | "fdatasync" if handle:
            return Step("flush", _path(handle), begins, ends)
        case "sendto" | "sendmsg" if handle:
            return Step("send", "", begins, ends, b"".join(strings))
        case "unlink":
            return Step("remove", strings[0].decode(), begins, ends)
        case "openat" if "O_CREAT" in rest:
            return Step("make", strings[0].decode(), begins, ends)
    return None


def _path(handle: re.Match[str]) -> str:
    """Read a path that strace wrote beside a file's number; -xx writes that in hexadecimals too."""
    text = handle[2]
    return bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text


@dataclass(slots=True)
class _Body:
    """What is in a file: what is `sure` to be on the disk, and what was done since."""

    sure: bytearray
    loose: list[Step] = field(default_factory=list)

    def flush(self) -> None:
        for step in self.loose:
            _apply(self.sure, step)
        self.loose.clear()

    def after_a_cut(self, chance: random.Random, mode: str) -> bytes:
        """Return what a power cut may leave: none of what was loose, a part of it, or torn parts."""
        left = bytearray(self.sure)
        for step in self.loose:
            if mode != "none" and chance.random() < 0.5:
                _apply(left, _torn(step, chance) if mode == "torn" and chance.random() < 0.5 else step)
        return bytes(left)


class Disk:
    """A folder of files as the disk would have it. `is_strict`: only a flush of the folder makes sure what
    files are in it; else any flush does, as on ext4.
    """

    def __init__(self, files: dict[str, bytes], *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._sure = {path: _Body(bytearray(content)) for path, content in files.items()}
        self._now = dict(self._sure)
        self._moves: list[tuple[str, _Body | None]] = []

    def do(self, step: Step) -> None:
        """Let one thing happen."""
        match step.call:
            case "make" if step.path not in self._now:
                self._now[step.path] = _Body(bytearray())
                self._moves.append((step.path, self._now[step.path]))
            case "remove" if step.path in self._now:
                del self._now[step.path]
                self._moves.append((step.path, None))
            case "write" | "truncate" if step.path in self._now:
                self._now[step.path].loose.append(step)
            case "flush":
                if step.path in self._now:
                    self._now[step.path].flush()
                if step.path not in self._now or not self._is_strict:
                    self._settle(len(self._moves), self._sure)
                    self._moves.clear()

    def after_a_cut(self, chance: random.Random, mode: str) -> dict[str, bytes]:
        """Return the files that a power cut at this moment may leave."""
        files = dict(self._sure)
        self._settle(0 if mode == "none" else chance.randint(0, len(self._moves)), files)
        return {path: body.after_a_cut(chance, mode) for path, body in files.items()}

    def _settle(self, number: int, files: dict[str, _Body]) -> None:
        for path, body in self._moves[:number]:
            if body is None:
                files.pop(path, None)
            else:
                files[path] = body


def _apply(content: bytearray, step: Step) -> None:
    if step.call == "truncate":
        del content[step.place :]
        content.extend(bytes(step.place - len(content)))
        return
    content.extend(bytes(max(step.place - len(content), 0)))
    content[step.place : step.place + len(step.data)] = step.data


def _torn(step: Step, chance: random.Random) -> Step:
    """Cut a write off at a border between sectors; its beginning or its end is what was written."""
    if step.call == "truncate" or len(step.data) <= SECTOR:
        return step
    cut = chance.randrange(SECTOR, len(step.data), SECTOR)
    if chance.random() < 0.5:
        return replace(step, data=step.data[:cut])
    return replace(step, data=step.data[cut:], place=step.place + cut)
