"""Write the rows of which nobody could be made into a CSV of their own, to be mended there and imported alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from postroom.audience.export import guarded
from postroom.audience.imports.member import REJECTED, REJECTED_TEXT
from postroom.audience.reading import Rejection
from postroom.audience.records import MAX_TOLD
from postroom.errors import AudienceError
from postroom.model import visible

# Half of a letter, which JSON can say and no file can hold: written as its escape it would look mended.
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


@contextmanager
def rejects(path: Path, columns: Sequence[str]) -> Iterator[Callable[[Rejection], None]]:
    """Open a file for rejected rows, readable for its owner alone; what is given writes one row.

    `columns` are those that `count` tells. Each row has its line and the reason before them, under names that an
    import passes over. One that has no cells stands in `rejected_text`, and nobody is read from it until somebody
    fills in its cells. No cell starts as a formula. Raises AudienceError when the file cannot be written.
    """
    names = list(dict.fromkeys(("email", *(name for name in columns if name not in REJECTED))))
    with _told(path):
        stream = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    try:
        writer = csv.writer(stream, lineterminator="\r\n")

        def put(rejection: Rejection) -> None:
            with _told(path):
                writer.writerow(_row(rejection, names))

        with _told(path):
            path.chmod(0o600)
            writer.writerow([*REJECTED, *names])
        yield put
    finally:
        with _told(path):
            stream.close()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say of a failure which file cannot be written."""
    try:
        yield
    except OSError as error:
        raise AudienceError(
            f"{path}: the rejected rows cannot be written there ({error.strerror})"
        ) from error


def _row(rejection: Rejection, names: Sequence[str]) -> list[str]:
    line = f"{rejection.within}:{rejection.line}" if rejection.within else str(rejection.line)
    row = rejection.row
    has_place = not row.keys() - {*names, *REJECTED} and not _SURROGATE.search("".join(row.values()))
    text = rejection.text or row.get(REJECTED_TEXT, "")
    if not has_place:
        text = " | ".join(f"{name}: {cell}" for name, cell in row.items())[:MAX_TOLD]
    cells = [row.get(name, "") if has_place else "" for name in names]
    return [guarded(cell) for cell in (line, rejection.why, visible(text), *cells)]
