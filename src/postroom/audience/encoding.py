"""Open an audience file as text, in whatever encoding a spreadsheet has saved it."""

from __future__ import annotations

import codecs
import io
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TextIO

from postroom.errors import AudienceError
from postroom.model import Finding, Severity
from postroom.plainfiles import NoPlainFile, open_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK_BYTES: Final = 1 << 16
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SINGLE_BYTES: Final = "postroom.windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read only the bytes that are no UTF-8 as Windows-1252, which is what a spreadsheet on
    Windows saves: the rest of a file glued together from two stays right.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_SINGLE_BYTES, _as_windows_1252)


def open_text(path: Path, shown: str) -> TextIO:
    """Open the file with its line ends kept; the caller closes it.

    Raises AudienceError when it is missing, no plain file, or not readable.
    """
    try:
        return decoded(partial(open_plain, path))
    except OSError as error:
        raise AudienceError(f"{shown}: {why_not(path, error)}") from error


def decoded(opened: Callable[[], IO[bytes]]) -> TextIO:
    """Open bytes as text with its line ends kept, by the encoding that their beginning shows.

    `opened` opens them at their start, and is called twice; the caller closes the text.
    """
    encoding = _encoding(opened)
    errors = _SINGLE_BYTES if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(opened(), encoding=encoding, errors=errors, newline="")


def findings(path: Path, shown: str) -> tuple[Finding, ...]:
    """Warn about the first place in the file that is not UTF-8.

    Raises AudienceError when the file cannot be read.
    """
    try:
        if not _encoding(partial(open_plain, path)).startswith("utf-8"):
            return ()
        return tuple(_not_utf8(path, shown))
    except OSError as error:
        raise AudienceError(f"{shown}: {why_not(path, error)}") from error


def _encoding(opened: Callable[[], IO[bytes]]) -> str:
    with opened() as stream:
        start = stream.read(1024)
    for mark, name in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name
    return _unmarked_utf16(start) or "utf-8"


def _unmarked_utf16(start: bytes) -> str | None:
    """Tell UTF-16 without a mark by its header: ASCII letters, so every other byte is zero."""
    even, odd = start[0::2], start[1::2]
    if len(odd) > 2 and odd.count(0) > 0.9 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if len(odd) > 2 and even.count(0) > 0.9 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def _not_utf8(path: Path, shown: str) -> Iterator[Finding]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with open_plain(path) as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                yield _finding(shown, line, error.object[error.start])
                return
            if not chunk:
                return


def _finding(shown: str, line: int, byte: int) -> Finding:
    return Finding(
        rule="audience-encoding",
        severity=Severity.WARNING,
        file=shown,
        line=line,
        message=f"byte 0x{byte:02X} is not UTF-8 and was read as Windows-1252; "
        "if names look wrong, save the file as UTF-8",
    )


def why_not(path: Path, error: OSError) -> str:
    """Say in a clause why the file cannot be opened, and the cure."""
    match error:
        case FileNotFoundError():
            return f"there is no such file{_nearest(path)} Create it, or correct `file:` in config.yaml"
        case IsADirectoryError():
            return "this is a folder; name the CSV file in it"
        case NoPlainFile():
            return "this is a pipe, a socket or a device; name a plain file"
        case PermissionError():
            return "the file may not be read; give this user permission (chmod u+r)"
        case _:
            return f"the file cannot be read ({error.strerror})"


def _nearest(path: Path) -> str:
    from difflib import get_close_matches

    names = [entry.name for entry in path.parent.glob("*")] if path.parent.is_dir() else []
    close = get_close_matches(path.name, sorted(names), n=1)
    return f'; did you mean "{close[0]}"?' if close else "."
