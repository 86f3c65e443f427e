"""A Maildir: a folder with a file for each mail, under `new` until somebody has seen it, then under `cur`.

What the names mean: cr.yp.to/proto/maildir.html (read 2026-11-23). A mail server such as Dovecot moves files from
`new` to `cur` when anybody looks; what bears no `S` there is unread all the same. The standard library's `mailbox`
writes a mail anew to mark it; here it is only renamed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from postroom.errors import MailboxError
from postroom.mailbox.letters import Letter
from postroom.plainfiles import read_plain

_MARK = ":2,"


@dataclass(frozen=True, slots=True)
class Maildir:
    """The Maildir at `path`; of each mail the first `most` bytes are read."""

    path: Path
    most: int

    def unread(self) -> Iterator[Letter]:
        """Yield what nobody has seen. What vanishes meanwhile was somebody else's."""
        for key in [*self._names("new"), *self._names("cur")]:
            try:
                yield Letter(key=key, data=read_plain(self.path / key, self.most, follow=False))
            except FileNotFoundError:
                continue
            except OSError as error:
                yield Letter(key=key, data=None, fault=error.strerror or str(error))

    def mark(self, keys: Sequence[str], *, flagged: bool = False) -> None:
        """Rename mails so that they count as seen."""
        for key in keys:
            name, _, flags = key.partition("/")[2].partition(_MARK)
            marks = "".join(sorted({*flags, "S", *("F" if flagged else "")}))
            try:
                (self.path / key).rename(self.path / "cur" / f"{name}{_MARK}{marks}")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MailboxError(
                    f"{self.path}: a mail cannot be marked as read ({error.strerror}); let Postroom's user "
                    "write into it"
                ) from error

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def _names(self, folder: str) -> list[str]:
        """List what is unread in a folder, by name: names begin with the time of delivery."""
        try:
            with os.scandir(self.path / folder) as entries:
                names = [each.name for each in entries if not each.name.startswith(".")]
        except OSError as error:
            raise MailboxError(
                f"{self.path} cannot be read as a Maildir ({folder}: {error.strerror}); "
                "write its path, and let Postroom's user read and write it"
            ) from error
        return [f"{folder}/{name}" for name in sorted(names) if "S" not in name.partition(_MARK)[2]]
