"""Tell front matter from body: YAML, TOML, JSON and unfenced headers, as handlers of python-frontmatter.

Each handler says whether a text opens its way, where its front matter ends, and how to read it.
python-frontmatter itself strips texts and so loses line numbers; `take_apart` keeps them.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import frontmatter
from frontmatter.default_handlers import BaseHandler

from postroom.articles.matter import MAX_DEPTH, Matter, MatterError, Plain, Value
from postroom.articles.names import is_known
from postroom.articles.yaml_matter import read_yaml

_LEADING_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")
_KEY_LINE = re.compile(r"""[ \t]*(?:-[ \t]+)?["']?[\w.-]+["']?[ \t]*[:=]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file taken apart. Both lines count from 1 in the file; `handler` reads `matter`, and is
    None for a file without front matter.
    """

    handler: Front | None
    matter: str
    matter_line: int
    body: str
    body_line: int


def take_apart(text: str) -> Sheet:
    """Part front matter and body. Raises MatterError (its line counted from 0 in the file) where
    front matter opens and never closes.
    """
    start = _end_of_blank_lines(text)
    opening_line = text.count("\n", 0, start) + 1
    handler = frontmatter.detect_format(text[start:], HANDLERS)
    if not isinstance(handler, Front):
        return Sheet(handler=None, matter="", matter_line=1, body=text, body_line=1)
    try:
        matter, body = handler.split(text[start:])
    except MatterError as error:
        raise MatterError(str(error), error.line + opening_line - 1) from error
    return Sheet(
        handler=handler,
        matter=matter,
        matter_line=opening_line + isinstance(handler, _Fenced),
        body=body,
        body_line=text.count("\n", 0, len(text) - len(body)) + 1,
    )


def _end_of_blank_lines(text: str) -> int:
    match = _LEADING_BLANK_LINES.match(text)
    return match.end() if match else 0


class Front(BaseHandler, ABC):
    """A kind of front matter."""

    FM_BOUNDARY: re.Pattern[str]

    @abstractmethod
    def load(self, fm: str) -> Matter:
        """Read front matter. Raises MatterError."""


class _Fenced(Front):
    """Front matter between two lines of the same sign."""

    def detect(self, text: str) -> bool:
        """Take the text if a fence opens it and what follows looks like keys: a thematic break
        (`---`) may open a body, too.
        """
        opening = self.FM_BOUNDARY.match(text)
        if opening is None:
            return False
        closing = self.FM_BOUNDARY.search(text, opening.end())
        if closing is None:
            first = text[opening.end() :].lstrip().partition("\n")[0]
            return _KEY_LINE.match(first) is not None
        within = text[opening.end() : closing.start()]
        return not within.strip() or any(_KEY_LINE.match(line) for line in within.split("\n"))

    def split(self, text: str) -> tuple[str, str]:
        """Give the text between the fences, and all behind the second one's line."""
        opening = self.FM_BOUNDARY.match(text)
        closing = opening and self.FM_BOUNDARY.search(text, opening.end())
        if opening is None or closing is None:
            fence = text[:3]
            raise MatterError(
                f"front matter opens with {fence} and never closes; end it with a line {fence}", 0
            )
        return text[opening.end() : closing.start()], text[closing.end() :]


class YAMLFront(_Fenced):
    """YAML between lines of three or more hyphens."""

    FM_BOUNDARY = re.compile(r"^-{3,}[ \t]*(?:\n|\Z)", re.MULTILINE)

    def load(self, fm: str) -> Matter:
        """Read YAML with its lines."""
        return read_yaml(fm)


class TOMLFront(_Fenced):
    """TOML between lines of three plus signs, read by the standard library."""

    FM_BOUNDARY = re.compile(r"^\+{3,}[ \t]*(?:\n|\Z)", re.MULTILINE)

    def load(self, fm: str) -> Matter:
        """Read TOML 1.0. Dates become ISO text, to be read like all others."""
        try:
            tables = tomllib.loads(fm, parse_float=Plain)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            raise MatterError(
                f"not valid TOML: {error}", int(line[1]) - 1 if line else fm.count("\n") - 1
            ) from error
        except RecursionError as error:
            raise MatterError("lists and tables are nested too deep", 0) from error
        except ValueError as error:  # Python reads no number of more than 4,300 digits
            raise MatterError(_TOO_LONG, _longest_line(fm)) from error
        try:
            matter = Matter((key, _open_value(value)) for key, value in tables.items())
        except ValueError as error:  # nor writes one, that stood there in hexadecimal
            raise MatterError(_TOO_LONG, _longest_line(fm)) from error
        matter.lines = _lines_of(matter, fm, r"^[ \t\[]*[\"']?{key}[\"']?[ \t]*[=.\]]")
        return matter


class JSONFront(Front):
    """A JSON object at the start of the file, as Hugo writes it."""

    FM_BOUNDARY = re.compile(r"\{\s*(?:\"|\}\s*$)", re.MULTILINE)
    _END = re.compile(r"^\}[ \t]*$", re.MULTILINE)

    def split(self, text: str) -> tuple[str, str]:
        """Give the object, and all behind the line on which it ends."""
        try:
            end = json.JSONDecoder().raw_decode(text)[1]
        except (ValueError, RecursionError):
            closing = self._END.search(text)
            if closing is None:
                raise MatterError(
                    "front matter opens with { and never closes; end it with a line }", 0
                ) from None
            end = closing.end()
        return text[:end], text[end:].lstrip(" \t").removeprefix("\n")

    def load(self, fm: str) -> Matter:
        """Read JSON; a key given twice is refused."""
        try:
            tables = json.loads(fm, parse_int=Plain, parse_float=Plain, object_pairs_hook=_without_twins)
        except json.JSONDecodeError as error:
            raise MatterError(f"not valid JSON: {error.msg}", error.lineno - 1) from error
        except RecursionError as error:
            raise MatterError("lists and objects are nested too deep", 0) from error
        matter = Matter((key, _open_value(value)) for key, value in tables.items())
        matter.lines = _lines_of(matter, fm, r'"{key}"\s*:')
        return matter


class HeaderFront(Front):
    """MultiMarkdown headers: `Key: value` lines from the first line on, ended by a blank one.

    A title, or two keys that articles use, part them from a paragraph with a colon.
    """

    FM_BOUNDARY = re.compile(
        r"(?:[A-Za-z][\w -]{0,40}:(?:[ \t]+\S.*|[ \t]*)\n(?:[ \t]+\S.*\n)*)+(?:[ \t]*\n|\Z)"
    )
    _HEADER = re.compile(r"^([A-Za-z][\w -]*):[ \t]*(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)

    def detect(self, text: str) -> bool:
        """Take a block of headers that holds a title or two other known keys."""
        block = self.FM_BOUNDARY.match(text + "\n" if text[-1:] != "\n" else text)
        known = [key for key, _ in self._HEADER.findall(block[0])] if block else []
        return any(key.lower() == "title" for key in known) or sum(map(is_known, known)) > 1

    def split(self, text: str) -> tuple[str, str]:
        """Give the headers, and all behind the blank line."""
        block = self.FM_BOUNDARY.match(text)
        end = block.end() if block else len(text)
        return text[:end], text[end:]

    def load(self, fm: str) -> Matter:
        """Read the headers; an indented line goes on with the one above."""
        matter = Matter()
        for header in self._HEADER.finditer(fm):
            key, line = header[1].strip(), fm.count("\n", 0, header.start())
            if key in matter:
                raise MatterError(f"the key `{key}` is given twice; keep one", line)
            matter[key] = Plain(" ".join(header[2].split()))
            matter.lines[key] = line
        return matter


HANDLERS = (YAMLFront(), TOMLFront(), JSONFront(), HeaderFront())


def _without_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Any: what the JSON decoder hands over, opened by `_open_value` right after."""
    entries = dict(pairs)
    if len(entries) < len(pairs):
        seen: set[str] = set()
        twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise MatterError(f"the key `{twin}` is given twice; keep one", 0)
    return entries


_TOO_LONG = 'a number is too long to be read; put it in "quotes"'


def _longest_line(fm: str) -> int:
    """Tell where such a number must stand."""
    lines = fm.splitlines()
    return max(range(len(lines)), key=lambda number: len(lines[number]))


def _open_value(value: object, depth: int = 1) -> Value:
    """Make what a TOML or JSON reader gave to values whose type is open, like those of YAML."""
    if depth > MAX_DEPTH:
        raise MatterError(f"lists and tables are nested more than {MAX_DEPTH} deep", 0)
    if isinstance(value, dict):
        return {str(key): _open_value(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_open_value(item, depth + 1) for item in value]
    if isinstance(value, str) and not value.isascii():
        # JSON's \ud800 makes half a character that no encoding can write.
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return Plain(whole) if isinstance(value, Plain) else whole
    return value if isinstance(value, str) else _plain(value)


def _plain(value: object) -> Plain:
    """Write a scalar as YAML would have it without quotes."""
    if isinstance(value, datetime | date | time):
        return Plain(value.isoformat())
    if value is None or isinstance(value, bool):
        return Plain({None: "null", True: "true", False: "false"}[value])
    return Plain(value)


def _lines_of(matter: Matter, text: str, pattern: str) -> dict[str, int]:
    """Find each top-level key's first line; one that cannot be found stands on line 0."""
    lines: dict[str, int] = {}
    for key in matter:
        found = re.search(pattern.replace("{key}", re.escape(key)), text, re.MULTILINE)
        lines[key] = text.count("\n", 0, found.start()) if found else 0
    return lines
