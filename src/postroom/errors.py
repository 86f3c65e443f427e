"""Every exception that Postroom raises on purpose.

    PostroomError                      anything below
    ├── ConfigError                    config.yaml cannot be used; carries all its findings
    ├── ArticleError                   one article file cannot be read; carries one finding
    ├── TemplateError                  a template fails; carries the finding with its file and line
    ├── ConditionError                 a condition such as `tags has "lead"` cannot be parsed
    ├── AudienceError                  an audience file cannot be read, or a row in it is wrong
    ├── AddressError                   text that is no mail address
    ├── HeaderError                    a value cannot be written into a mail header
    ├── SigningError                   a DKIM key cannot be used
    ├── LedgerError                    the outbox's database
    │   ├── LedgerLocked               another daemon holds it; carries its pid
    │   ├── LedgerCorrupt              SQLite says that the file is damaged
    │   │   └── DeliveryUnreadable     one delivery's own values are damaged, and nothing else
    │   ├── LedgerBroken               the disk failed to read or write: stop, and start anew
    │   ├── LedgerTooNew               written by a newer Postroom
    │   ├── LedgerUnreachable          the database server does not answer, or the connection broke
    │   ├── NoSuchEdition              an edition that a command names does not exist
    │   └── AmbiguousEdition           a name fits several editions
    ├── AssetError                     a folder for images cannot be written
    ├── MailboxError                   the mailbox that bounces return to cannot be read
    ├── TransportError                 a transport cannot be opened (settings, secret, folder)
    └── UsageError                     a command was called with arguments that make no sense

Each message is written for the person who can mend its cause, and says how.
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom.model.finding import Finding


class PostroomError(Exception):
    """Root of all errors that Postroom raises on purpose."""


class ConfigError(PostroomError):
    """config.yaml cannot be used. `findings` holds every fault found, in file order."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class _FindingError(PostroomError):
    """An error that is one finding."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding))


class ArticleError(_FindingError):
    """One article cannot be read; `finding` says where and why."""


class TemplateError(_FindingError):
    """A template cannot be rendered; `finding` names the template's own file and line."""


class ConditionError(PostroomError, ValueError):
    """A condition cannot be parsed. `position` is the 0-based character where it went wrong."""

    def __init__(self, message: str, position: int) -> None:
        self.position = position
        super().__init__(message)


class AudienceError(PostroomError):
    """An audience file cannot be read; the message names file, line and cure."""


class AddressError(PostroomError, ValueError):
    """The text is not one mail address that can be written to; the message says why."""


class HeaderError(PostroomError, ValueError):
    """A value holds what a mail header must not (CR, LF, NUL, other control characters)."""


class SigningError(PostroomError, ValueError):
    """A key cannot sign mail; the message says what is wrong with it and how to make a good one."""


class LedgerError(PostroomError):
    """The outbox's database cannot do what was asked."""


class LedgerLocked(LedgerError):
    """Another daemon works on this ledger. `pid` is its process id, where it could be read."""

    def __init__(self, message: str, pid: int | None) -> None:
        self.pid = pid
        super().__init__(message)


class LedgerCorrupt(LedgerError):
    """The database file is damaged."""


class DeliveryUnreadable(LedgerCorrupt):
    """What one delivery keeps of its own cannot be read; it harms no other."""


class LedgerBroken(LedgerError):
    """The disk under the database failed to read or write.

    Nothing is tried again: after a failed fsync nobody knows which bytes the disk has, and a second one may
    say that all is well. The process ends with `DISK_FAILED`, and a new one reads what is there.
    """


DISK_FAILED = 75
"""The exit code after LedgerBroken: EX_TEMPFAIL of sysexits.h, for a supervisor that starts another process."""


class LedgerTooNew(LedgerError):
    """A newer Postroom wrote this ledger; this one must not touch it."""


class LedgerUnreachable(LedgerError):
    """The database server does not answer, or the connection to it broke; the next call connects anew.

    Whether a change was kept that was being committed at that moment is not known.
    """


class NoSuchEdition(LedgerError):
    """No edition goes by this name; the message offers the nearest."""


class AssetError(PostroomError):
    """An image cannot be put where mails will refer to it; the message names path and cure."""


class AmbiguousEdition(LedgerError):
    """The name fits several editions; the message lists them."""


class MailboxError(PostroomError):
    """The mailbox that bounces return to cannot be opened, read or marked."""


class TransportError(PostroomError):
    """A transport cannot be opened; the message names its setting and the cure."""


class UsageError(PostroomError):
    """A command was called with arguments that make no sense together."""
