"""JSON text → its objects with the line each begins on: an array of them, or JSON Lines, an object a line.

The standard library's decoder reads each object; here it is only found where one begins. ijson, the well-kept parser of
JSON in streams, was tried (3.6.0, 2026-11-23). It is twice as fast, but tells neither line nor position of what it
reads, cannot go on behind a broken object, and holds a string of any length in memory.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO, TypeAlias

from postroom.audience.records import MAX_CHARACTERS, MAX_TOLD, Broken
from postroom.errors import AudienceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_CHARACTERS: Final = 1 << 16
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_MAX_LINE_CHARACTERS: Final = 4 * MAX_CHARACTERS
"""Characters within which the end of a broken line is looked for."""
_NEAR_END: Final = 16
"""Characters before the end of what is read in which a fault may be that more has to be read: `\\ud83d\\ud` is cut."""


class Pairs(list[tuple[str, "Value"]]):
    """A JSON object: its keys with their values in order, also where a key comes twice."""


Value: TypeAlias = "str | bool | list[Value] | Pairs | None"
"""A JSON value. A number is its text, exactly as written; NaN, which is no JSON, means that nothing is there."""


class Found(NamedTuple):
    """An object, or another value in its place; the line it begins on, and the beginning of its text."""

    line: int
    value: Value
    text: str


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=Pairs, parse_float=str, parse_int=str, parse_constant=lambda _: None
)


def is_json(beginning: str) -> bool:
    """Whether a text that begins so is to be read as JSON."""
    return beginning.lstrip().startswith(("[", "{"))


def objects(stream: TextIO, shown: str) -> Iterator[Found | Broken]:
    """Read objects one by one, in memory for one. `stream` is at its start.

    Raises AudienceError where it cannot be said where the next object begins: the file is no such JSON, or cut off.
    """
    text = _Text(stream=stream, shown=shown)
    if text.sign() == "[":
        text.step()
        return _in_array(text)
    stream.seek(0)
    return _a_line_each(stream, shown)


@dataclass(slots=True, kw_only=True)
class _Text:
    """Text that is read as it is needed; `line` is that of the character `at`."""

    stream: TextIO
    shown: str
    buffer: str = ""
    at: int = 0
    line: int = 1

    def sign(self) -> str:
        """Go to the next character that is no blank, and return it; "" at the end."""
        while True:
            blanks = _BLANKS.match(self.buffer, self.at)
            assert blanks is not None  # nothing is blank, too
            self.go(blanks.end())
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return ""

    def step(self) -> None:
        """Go one character on, which is no line break."""
        self.at += 1

    def go(self, to: int) -> None:
        """Go on to a place in the buffer."""
        self.line += self.buffer.count("\n", self.at, to)
        self.at = to

    def more(self) -> bool:
        """Read on, as much again as waits to be used, and forget what is behind; False at the end."""
        read = self.stream.read(max(_CHUNK_CHARACTERS, self.waiting()))
        if read:
            self.buffer, self.at = self.buffer[self.at :] + read, 0
        return bool(read)

    def waiting(self) -> int:
        """Count the characters that are read and not used."""
        return len(self.buffer) - self.at

    def refusal(self, why: str, at: int | None = None) -> AudienceError:
        """Say what is wrong here, or at another place in the buffer."""
        line = self.line if at is None else self.line + self.buffer.count("\n", self.at, at)
        return AudienceError(f"{self.shown}:{line}: {why}")


_CUT: Final = "the file ends within the list; it is cut off, so get it whole"


def _in_array(text: _Text) -> Iterator[Found | Broken]:
    """Read the objects of an array whose bracket is behind."""
    if text.sign() != "]":
        yield _item(text)
        while text.sign() == ",":
            text.step()
            text.sign()
            yield _item(text)
    if (sign := text.sign()) != "]":
        raise text.refusal(f"expected a comma or the end of the list, found {sign!r}" if sign else _CUT)
    text.step()
    if text.sign():
        raise text.refusal("there is more behind the end of the list; write one list, or an object a line")


def _item(text: _Text) -> Found | Broken:
    """Read the value at which a text is; one that is broken costs its line, if it has that line to itself."""
    while True:
        try:
            value, end = _DECODER.raw_decode(text.buffer, text.at)
        except json.JSONDecodeError as error:
            if _may_be_cut(error, text) and text.waiting() < MAX_CHARACTERS and text.more():
                continue
            return _broken(text, _why(error, text), error.pos)
        except RecursionError:
            return _broken(text, _TOO_DEEP, text.at)
        if end < len(text.buffer) or not text.more():
            break
    if end - text.at > MAX_CHARACTERS:
        return _broken(text, _TOO_LONG, text.at)
    found = Found(text.line, value, text.buffer[text.at : min(end, text.at + MAX_TOLD)])
    text.go(end)
    return found


def _may_be_cut(error: json.JSONDecodeError, text: _Text) -> bool:
    return "Unterminated" in error.msg or error.pos >= len(text.buffer) - _NEAR_END


def _why(error: json.JSONDecodeError, text: _Text) -> str:
    if text.waiting() >= MAX_CHARACTERS and _may_be_cut(error, text):
        return _TOO_LONG
    is_cut = "Unterminated" in error.msg or error.pos >= len(text.buffer.rstrip())
    return _CUT if is_cut else f"this is no JSON: {_clause(error)}"


def _broken(text: _Text, why: str, at: int) -> Broken:
    """Go behind a broken object that is a whole line; where it is not, nobody knows where the next one begins."""
    refusal = text.refusal(f"{why}; nothing behind that can be read, so nothing of the file is used", at)
    end = text.buffer.find("\n", text.at)
    while end < 0 and text.waiting() < _MAX_LINE_CHARACTERS and text.more():
        end = text.buffer.find("\n", text.at)
    line = text.buffer[text.at : end if end >= 0 else len(text.buffer)].rstrip()
    if not line.startswith("{") or not line.endswith(("}", "},")):
        raise refusal
    broken = Broken(line=text.line, why=why, text=line[:MAX_TOLD])
    text.go(text.at + len(line) - line.endswith(","))
    return broken


def _a_line_each(stream: TextIO, shown: str) -> Iterator[Found | Broken]:
    """Read JSON Lines; what is broken costs its line."""
    for number, line in enumerate(_lines(stream), start=1):
        stripped = line.strip()
        if not stripped:
            continue
        found = _decoded(stripped, number)
        if number == 1 and isinstance(found, Broken) and not stripped.endswith("}"):
            raise AudienceError(
                f"{shown}:1: this is neither a list of objects, [{{…}}, {{…}}], nor an object a line: {found.why}"
            )
        yield found


def _lines(stream: TextIO) -> Iterator[str]:
    """Give lines; of one that is too long only its start."""
    while line := stream.readline(MAX_CHARACTERS):
        rest = line
        while len(rest) == MAX_CHARACTERS and not rest.endswith("\n"):
            rest = stream.readline(MAX_CHARACTERS)
        yield line


def _decoded(line: str, number: int) -> Found | Broken:
    try:
        return Found(number, _DECODER.decode(line), line[:MAX_TOLD])
    except json.JSONDecodeError as error:
        is_long = len(line) >= MAX_CHARACTERS - 1
        why = _TOO_LONG if is_long else f"this is no JSON: {_clause(error)}, at column {error.colno}"
    except RecursionError:
        why = _TOO_DEEP
    return Broken(line=number, why=why, text=line[:MAX_TOLD])


_TOO_DEEP: Final = "it is nested too deeply"
_TOO_LONG: Final = f"the object is longer than {MAX_CHARACTERS:,} characters"


def _clause(error: json.JSONDecodeError) -> str:
    return error.msg[:1].lower() + error.msg[1:]
