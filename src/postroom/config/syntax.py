"""What a YAML parser complains about, in the words of someone who edits a file of settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import ScalarToken

# Looked up in order in "<what was being read>: <what was wrong>". True: told where the thing began.
_WORDS: Final = (
    (r"quoted scalar.*unexpected end", "this quote is never closed", True),
    (r"unknown escape", "a \\ means something in \"double quotes\"; use 'single quotes'", False),
    (r"flow mapping", "this { is never closed by a }, or a comma is missing in between", True),
    (r"flow sequence", "this [ is never closed by a ], or a comma is missing in between", True),
    (r"'\\t'", "found a tab; indent with blanks", False),
    (r"tab", "found a tab; indent with blanks", False),
    (r"mapping values", 'found a second ": "; check the indentation, or put the text in quotes', False),
    (r"could not find expected ':'", "expected `name: value`; the colon is missing", True),
    (r"block scalar", "text that begins with | or > needs quotes", True),
    (r"sequence entries", "a list begins in a line of its own; text that begins with - needs quotes", False),
    (r"block (mapping|collection|sequence|end)", "the indentation does not fit the lines above", False),
    (r"found character '(?P<found>.)'", "text that begins with {found} needs quotes", False),
    (r"flow node.*stream end", "a { or a [ above is never closed", False),
    (r"node content|document start", "found something that does not belong here", False),
    (r"incompatible YAML document", "expected YAML 1.2; remove the line that begins with %YAML", False),
)

_COMMENTED: Final = re.compile(r"[:\[{,][ \t]+(#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3}))\b")
"""A colour without quotes: to YAML it is a comment, and the { or [ before it is never closed."""


_SETTING: Final = re.compile(r"[ \t]*[A-Za-z_][\w-]*:([ \t]|$)")
"""A line that looks like `name: value`."""


def explain(error: YAMLError, text: str) -> tuple[str, int, int]:
    """Say what is wrong: message, line and column (from 1). Never in the parser's own words, if known."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        return "found a character that cannot be seen; delete it", before.count("\n") + 1, column
    if not isinstance(error, MarkedYAMLError):
        return "cannot be read as YAML", 1, 1
    complaint = f"{error.context or ''}: {error.problem or ''}"
    if "flow" in complaint and (colour := _COMMENTED.search(text)):
        return _beside(colour, text)
    if error.problem_mark is not None and (quote := _open_quote(text, error.problem_mark.line)):
        return quote
    message, at_beginning = _message(complaint)
    mark = (error.context_mark if at_beginning else None) or error.problem_mark or error.context_mark
    return (message, mark.line + 1, mark.column + 1) if mark else (message, 1, 1)


def _message(complaint: str) -> tuple[str, bool]:
    for pattern, words, at_beginning in _WORDS:
        if found := re.search(pattern, complaint, re.DOTALL):
            return words.format(**found.groupdict()) if found.groupdict() else words, at_beginning
    return f"cannot be read as YAML ({complaint.strip(': ')})", False


def doubtful_quote(text: str) -> tuple[str, int, int] | None:
    """Find a quoted text that runs on over a line which looks like a setting: its quote was probably left open.

    Returns what to say of it, and its line and column (from 1).
    """
    lines = text.splitlines()
    for start, end in _long_quotes(text):
        if any(_SETTING.match(line) for line in lines[start.line + 1 : end.line + 1]):
            return _open(start, end.line)
    return None


def _open_quote(text: str, line: int) -> tuple[str, int, int] | None:
    """Find a quote that was left open, and so runs on to the next quote, in the line where the parser stumbled."""
    return next((_open(start, line) for start, end in _long_quotes(text) if end.line == line), None)


def _open(start: StringMark, line: int) -> tuple[str, int, int]:
    message = f"this quote is not closed before line {line + 1}; close it where its text ends"
    return message, start.line + 1, start.column + 1


def _long_quotes(text: str) -> Iterator[tuple[StringMark, StringMark]]:
    """Find where quoted texts of several lines begin and end."""
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            is_quoted = isinstance(token, ScalarToken) and not token.plain and token.style in ("'", '"')
            if is_quoted and token.start_mark.line < token.end_mark.line:
                yield token.start_mark, token.end_mark
    except YAMLError:  # it stumbles where the parser did
        return


def _beside(colour: re.Match[str], text: str) -> tuple[str, int, int]:
    """Tell of a colour that swallowed the end of its group."""
    line, before = text.count("\n", 0, colour.start(1)) + 1, text[: colour.start(1)]
    message = f'what follows # is a comment; put the colour in quotes: "{colour[1]}"'
    return message, line, len(before) - before.rfind("\n")
