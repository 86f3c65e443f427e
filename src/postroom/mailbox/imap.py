r"""An account of an IMAP server (RFC 3501), over TLS from the first byte.

What is unread lacks the flag \Seen. UIDs are only good for the session that they were asked in, so a new
UIDVALIDITY can confuse nothing: what was heard before is recognised by its content. Of each mail only the front is
fetched, a few at a time, with BODY.PEEK, which marks nothing.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postroom.errors import MailboxError
from postroom.mailbox.letters import Letter

_CONNECT_SECONDS = 15
_ANSWER_SECONDS = 60
_AT_ONCE = 20
"""Mails a request: 4 MB at most."""

_SEEN, _FLAGGED = b"\\Seen", b"\\Flagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who logs in where, and which folder is read. `ca` is a file of the certificates to trust instead of the usual."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str
    ca: Path | None = None


class Imap:
    """An account that is open; of each mail the first `most` bytes are read. Raises MailboxError where it cannot be."""

    def __init__(self, account: Account, most: int) -> None:
        try:
            from imapclient import IMAPClient, SocketTimeout
        except ImportError as error:
            raise MailboxError("IMAP needs a library: pip install 'postroom[feedback]'") from error
        self._account = account
        self._item = f"BODY.PEEK[]<0.{most}>"
        with self._told("cannot be reached; is it the port that speaks TLS (993)?"):
            self._client: Any = IMAPClient(
                account.host,
                port=account.port,
                ssl_context=ssl.create_default_context(cafile=account.ca),
                timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=_ANSWER_SECONDS),
            )
        try:
            with self._told("refuses the log-in"):
                self._client.login(account.username, account.password)
            with self._told(f"does not open the folder {account.folder}"):
                self._client.select_folder(account.folder)
        except MailboxError:
            self._hang_up()
            raise

    def unread(self) -> Iterator[Letter]:
        """Yield what is not seen."""
        with self._told("does not say what is unread"):
            uids = sorted(self._client.search(["UNSEEN", "UNDELETED"]))
        for start in range(0, len(uids), _AT_ONCE):
            yield from self._letters(uids[start : start + _AT_ONCE])

    def mark(self, keys: Sequence[str], *, flagged: bool = False) -> None:
        r"""Set the flags \Seen and, for `flagged` ones, \Flagged."""
        if keys:
            with self._told("does not let mails be marked as read"):
                self._client.add_flags(
                    [int(key) for key in keys], [_SEEN, *([_FLAGGED] if flagged else [])], silent=True
                )

    def close(self) -> None:
        """Log out."""
        with suppress(*_errors()):
            self._client.logout()
        self._hang_up()

    def _letters(self, uids: Sequence[int]) -> Iterator[Letter]:
        """Fetch some; where that fails, one by one, to find the one that it fails for."""
        try:
            found = self._client.fetch(uids, [self._item])
        except _errors() as error:
            if not _is_refusal(error):
                raise self._error("does not give mails away", error) from error
            if len(uids) == 1:
                yield Letter(key=str(uids[0]), data=None, fault=f"the server does not give it away: {error}")
            else:
                for uid in uids:
                    yield from self._letters([uid])
            return
        for uid in uids:
            data = found.get(uid, {}).get(b"BODY[]<0>")
            if isinstance(data, bytes):
                yield Letter(key=str(uid), data=data)
            elif uid in found:
                yield Letter(
                    key=str(uid), data=None, fault="the server gives another part of it than was asked for"
                )

    def _hang_up(self) -> None:
        with suppress(*_errors()):
            self._client.shutdown()

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except _errors() as error:
            raise self._error(what, error) from error

    def _error(self, what: str, error: BaseException) -> MailboxError:
        """Say what went wrong; a server may quote what it was given, so the password is taken out."""
        said = str(error).replace(self._account.password, "…") if self._account.password else str(error)
        return MailboxError(f"the IMAP server {self._account.host} {what}: {said[:300]}")


def _errors() -> tuple[type[Exception], ...]:
    from imapclient.exceptions import IMAPClientError

    return (IMAPClientError, OSError, ValueError)


def _is_refusal(error: BaseException) -> bool:
    """Whether a server only refused one request, and the connection goes on."""
    from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

    return isinstance(error, IMAPClientError) and not isinstance(error, IMAPClientAbortError | ProtocolError)
