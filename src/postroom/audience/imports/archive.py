"""The ZIP that Mailchimp exports an audience as: a table for each state, read without unpacking it anywhere.

It holds, in a folder or not, `subscribed_email_audience_export_….csv`, `unsubscribed_…`, `cleaned_…` and
`nonsubscribed_…`; older ones say `members` or `segment` for `email_audience` (exports of 2018 to 2026 as public
scripts read them, and "Account Exports", mailchimp.com/developer, read 2026-11-23). Other files in it are passed over:
`sms_only_audience_export_….csv` tells of nobody with an address.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, TextIO

from postroom.audience.encoding import decoded, why_not
from postroom.audience.imports.table import Table
from postroom.errors import AudienceError
from postroom.model import MembershipState, visible
from postroom.plainfiles import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""How a ZIP begins, and how an empty one does (PKWARE APPNOTE 6.3.10 §4.3)."""
MAX_TABLES: Final = 20
MAX_DIRECTORY_BYTES: Final = 1 << 20
"""A directory has 46 bytes and a name for each file; the names of ten thousand files fit."""
MAX_RATIO: Final = 100
"""How many times its size a file may unpack to. Addresses and ids pack to a tenth; Deflate reaches 1,032."""
_SMALL_BYTES: Final = 1 << 20
"""What unpacks to no more than this harms nobody, however well it is packed."""
_STATES: Final = {
    "subscribed": MembershipState.CONFIRMED,
    "unsubscribed": MembershipState.UNSUBSCRIBED,
    "cleaned": MembershipState.BOUNCED,
    "nonsubscribed": MembershipState.UNCONFIRMED,
}
_TABLE: Final = re.compile(rf"(?P<state>{'|'.join(_STATES)})_[\w.() -]+\.csv", re.IGNORECASE | re.ASCII)
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What the standard library raises for damaged archives: OSError for a place before their beginning."""
_ENCRYPTED: Final = 0x41
"""Bits 0 and 6 of a file's flags (APPNOTE §4.4.4)."""


def tables(path: Path, shown: str) -> Sequence[Table]:
    """Find the tables of an export. Raises AudienceError where there is none, or one that may not be read."""
    with _opened(path, shown) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    for entry in entries:
        _refuse_strange(entry, shown)
    found = [(entry, _TABLE.fullmatch(PurePosixPath(entry.filename).name)) for entry in entries]
    named = [(entry, match) for entry, match in found if match and entry.file_size]
    if not 0 < len(named) <= MAX_TABLES:
        raise AudienceError(f"{shown}: {_wrong_number(len(named), entries)}")
    return [_table(path, shown, entry, _STATES[match["state"].lower()]) for entry, match in named]


def _table(path: Path, shown: str, entry: zipfile.ZipInfo, state: MembershipState) -> Table:
    name = PurePosixPath(entry.filename).name
    place = f"{shown}/{name}"
    _refuse_costly(entry, place)
    return Table(opened=partial(_text, path, shown, entry), shown=place, within=name, state=state)


@contextmanager
def _text(path: Path, shown: str, entry: zipfile.ZipInfo) -> Iterator[TextIO]:
    """Open a file of the archive as text, from its beginning."""
    with _opened(path, shown) as archive:
        try:
            with decoded(partial(archive.open, entry)) as stream:
                yield stream
        except _UNREADABLE as error:
            name = PurePosixPath(entry.filename).name
            raise AudienceError(f"{shown}/{name}: it is damaged ({error}); export it again") from error


@contextmanager
def _opened(path: Path, shown: str) -> Iterator[zipfile.ZipFile]:
    try:
        stream = _Stream(open_plain(path).detach())
    except OSError as error:
        raise AudienceError(f"{shown}: {why_not(path, error)}") from error
    with stream:
        try:
            archive = zipfile.ZipFile(stream)
        except _TooManyFiles as error:
            raise AudienceError(
                f"{shown}: it holds too many files; put the export's alone in a ZIP"
            ) from error
        except _UNREADABLE as error:
            raise AudienceError(
                f"{shown}: the ZIP is damaged or cut off ({error}); export it again"
            ) from error
        with archive:
            yield archive


class _TooManyFiles(Exception):
    """The directory of an archive is larger than memory should hold."""


class _Stream(io.BufferedReader):
    """A file of which nothing larger than a directory may be is read at once: the reader of archives asks for as
    much as the archive says.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Read. Raises _TooManyFiles."""
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise _TooManyFiles
        return super().read(size)


def _refuse_strange(entry: zipfile.ZipInfo, shown: str) -> None:
    """Raise AudienceError for a name that Mailchimp never writes, or an archive in the archive."""
    name = PurePosixPath(entry.filename)
    told = f"{shown}: it holds {visible(entry.filename[:80])}, "
    if ".." in name.parts or name.is_absolute() or "\\" in entry.filename:
        raise AudienceError(
            f"{told}a path out of the ZIP; nobody's export has that, so nothing of it is read"
        )
    if name.suffix.lower() == ".zip":
        raise AudienceError(f"{told}a ZIP in the ZIP; unpack it, and import the one inside")


def _refuse_costly(entry: zipfile.ZipInfo, place: str) -> None:
    """Raise AudienceError for a table that cannot be read, or not in bounded time."""
    if entry.flag_bits & _ENCRYPTED:
        raise AudienceError(
            f"{place}: it is encrypted; unpack the ZIP with its password, and import the CSV files"
        )
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise AudienceError(
            f"{place}: it is packed in a way that is not known here; pack it again as a plain ZIP"
        )
    if entry.file_size > max(_SMALL_BYTES, MAX_RATIO * entry.compress_size):
        raise AudienceError(
            f"{place}: it would unpack to {entry.file_size:,} bytes, more than {MAX_RATIO} times its size; "
            "no export does, so nothing of it is read"
        )


def _wrong_number(number: int, entries: Sequence[zipfile.ZipInfo]) -> str:
    if number:
        return f"it holds {number} exports; at most {MAX_TABLES} are read at once"
    if any(entry.filename == "xl/workbook.xml" for entry in entries):
        return "this is a workbook; save its sheet as CSV, and import that"
    return (
        "this ZIP is no export of Mailchimp: it has no file such as subscribed_email_audience_export_….csv or "
        "unsubscribed_….csv. Unpack it, and import the CSV or JSON file in it"
    )
