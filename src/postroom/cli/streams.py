"""Standard streams as they may come: closed, full, or unable to show a letter."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any, Final

EX_IOERR: Final = 74
"""The exit code where an answer cannot be written (sysexits.h)."""

_LAST: Final = 2  # stdin, stdout and stderr are 0, 1 and 2


class Unwritable(Exception):
    """Stdout takes no more: `code` is what to end with, `why` is empty where nobody wants to read on.

    It is no OSError: those are caught in many places, where they are about another file.
    """

    def __init__(self, code: int, why: str = "") -> None:
        self.code, self.why = code, why
        super().__init__(why)


class _Stdout(io.FileIO):
    """Stdout, telling its own failures from those of other files."""

    def write(self, data: Any) -> Any:  # Any: as FileIO has it, a buffer of any kind
        """Write. Raises Unwritable."""
        try:
            return super().write(data)
        except BrokenPipeError as error:
            raise Unwritable(0) from error
        except OSError as error:
            raise Unwritable(EX_IOERR, error.strerror or "unknown") from error


def answered(command: Callable[[], int]) -> int:
    """Run a command on streams that take any text; return its exit code, or `EX_IOERR` where stdout took no answer."""
    _fill_gaps()
    _settle()
    try:
        code = command()
        sys.stdout.flush()
        return code
    except Unwritable as error:
        if error.why:
            sys.stderr.write(f"postroom: stdout takes no answer: {error.why}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the interpreter writes the rest when it ends
        return error.code


def _fill_gaps() -> None:
    """Put /dev/null in the place of a stream that is closed: else the next file, the ledger, would become it."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(handle, True)
    os.close(handle)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _settle() -> None:
    """Write letters that a stream's encoding lacks by their numbers, such as U+00E4 with a backslash and `xe4`."""
    old = sys.stdout if isinstance(sys.stdout, io.TextIOWrapper) else None
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Stdout(1, "wb", closefd=False)),
        encoding=old.encoding if old else "utf-8",
        errors="backslashreplace",
        line_buffering=old is not None and old.line_buffering,
        write_through=old is not None and old.write_through,
    )
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
