"""smtplib with answers read strictly and in time.

smtplib turns a line that is too long into a made-up 500, takes garbage for code -1, and lets a server
that sends a byte every few seconds keep us for ever. After the final dot each of these would be a lie
about whether the mail went out.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

_REPLY_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_MAX_LINE: Final = 8192  # RFC 5321 §4.5.3.1.5 says 512 octets; servers write longer ones
_MAX_LINES: Final = 128  # an EHLO answer has about 20
_CHUNK: Final = 4096
_WAKE_UPS: Final = 10  # at most, while an answer is waited for
_LATE_BY: Final = 1.01  # the time to set a timeout and look at the clock again passes, too
_LINE_IS_LATE: Final = (TimeoutError, BlockingIOError)  # by Python's clock, by the kernel's
_TIMEVAL: Final = struct.Struct("@ll")  # seconds and microseconds, socket(7)
_ELLIPSIS: Final = "…".encode()
_COMMON: Final[Mapping[bytes, int]] = {b"%d " % code: code for code in (220, 250, 354)}


class Garbled(Exception):
    """What the server sent is no SMTP reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for each thing, in seconds (RFC 5321 §4.5.3.2, minima).

    `connect` is the time for TCP and TLS to come up, which the RFC leaves open (Postfix: 30 s).
    `answer` serves all commands without a time of their own. `transaction` is the most that one
    message may take up to its final dot, so that a server that drips cannot hold us for hours.
    """

    connect: float = 30
    greeting: float = 300
    answer: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    transaction: float = 900
    farewell: float = 5


class Wire(smtplib.SMTP):
    """A connection that starts in clear. Set `patience` (seconds) before each command."""

    patience: float = 0
    deadline: float | None = None
    """The `monotonic` moment at which whatever is going on must end."""

    hidden: re.Pattern[bytes] | None = None
    """What no answer may be told with: our secrets, which some servers quote."""

    marks: re.Pattern[bytes] | None = None
    """By which it is seen in an instant that a success, which comes with every mail, holds nothing `hidden`.

    They are in small letters, and are looked for in an answer in small letters: so it takes no time.
    """

    _unread = b""
    _waits: float = 0
    _is_timed_by_kernel = False

    def __init__(self, host: str, port: int, ehlo: str, patience: Patience) -> None:
        self.patience = patience.greeting
        try:
            super().__init__(host, port, local_hostname=ehlo, timeout=patience.connect)
        except BaseException:
            self.close()
            raise

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Open the connection; small writes, such as the final dot, leave at once."""
        answer = super().connect(*args, **kwargs)
        self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return answer

    def send(self, s: Any) -> None:
        """Send within `patience`. Raises as smtplib does."""
        self._wait_for(self._socket(), self._left(monotonic() + self.patience))
        super().send(s)

    def settle(self) -> None:
        """Let the kernel keep the time from here on, on a line without TLS.

        Python asks whether a line is ready before each use of one that it keeps the time of: twice as many
        system calls, and turns at the interpreter's lock, for every mail.
        """
        line = self._socket()
        if not isinstance(line, ssl.SSLSocket):
            with suppress(OSError):  # a kernel that has other ideas of a time: Python keeps it, as before
                _set_timers(line, self.patience or 1)
                self._is_timed_by_kernel = True
        self._waits = 0

    def write(self, *parts: bytes) -> int:
        """Send one part after another, each step within `patience`; return how many bytes the network has taken.

        They are fewer than all when the connection broke, when time ran out, or when the other side
        spoke before it had heard us out; the next answer tells. Raises Garbled when it spoke without
        having been asked: from then on, each answer would be taken for another's.
        """
        if self._unread:
            raise Garbled("an answer to nothing that was asked")
        written, whole = 0, sum(map(len, parts))
        try:
            until = monotonic() + self.patience
            written = self._taken(until, parts)
            rest = memoryview(b"".join(parts) if written < whole else b"")
            while written < whole and not self._is_interrupted(until):
                until = monotonic() + self.patience
                written += self._taken(until, (rest[written:],))
        except OSError:
            pass
        return written

    def _taken(self, until: float, parts: Sequence[bytes | memoryview]) -> int:
        """Write what the network takes now; none of it may be."""
        line = self._line_until(until)
        try:
            if (
                self._is_timed_by_kernel
            ):  # never waiting: while it waits, nobody hears what the other side has to say
                return line.sendmsg(parts, (), socket.MSG_DONTWAIT)
            return line.send(b"".join(parts))
        except _LINE_IS_LATE:  # which may be sooner than we
            return 0

    def _is_interrupted(self, until: float) -> bool:
        """Wait until more can be written; tell whether the other side speaks or leaves instead.

        On a connection with TLS, what comes in may be no text at all.
        """
        line = self._socket()
        poll = select.poll()
        poll.register(line, select.POLLIN | select.POLLOUT)
        while True:
            events = dict(poll.poll(self._left(until) * 1000)).get(line.fileno(), 0)
            if events & ~select.POLLOUT:
                line.settimeout(0)
                self._waits = 0
                with suppress(BlockingIOError, ssl.SSLWantReadError):
                    self._unread += line.recv(_CHUNK)
                    return True
            if events & select.POLLOUT:
                return False

    def has_heard(self, beginnings: Sequence[bytes]) -> bool:
        """Take as many answers as there are `beginnings`, if they have come and each is one line that begins so.

        Else nothing is taken, for `getreply` to read.
        """
        *lines, rest = self._unread.split(b"\n", len(beginnings))
        if len(lines) < len(beginnings) or not all(map(bytes.startswith, lines, beginnings)):
            return False
        self._unread = rest
        return True

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer of any number of lines within `patience`.

        Raises Garbled, TimeoutError, or SMTPServerDisconnected.
        """
        if not self._unread:
            self._read(monotonic() + self.patience)
        unread = self._unread
        end = unread.find(b"\n")
        if end > 0 and (known := _COMMON.get(unread[:4])) is not None:  # it has come whole
            self._unread = unread[end + 1 :]
            text = unread[4:end].rstrip(b"\r")
            is_clear = self.marks is None or not self.marks.search(text.lower())
            return known, text if is_clear else self._bare(text)
        until = monotonic() + self.patience
        texts: list[bytes] = []
        while len(texts) < _MAX_LINES:
            code, more, text = self._parsed(self._line(until))
            texts.append(text)
            if not more:
                return code, b"\n".join(texts)
        raise Garbled(f"an answer of more than {_MAX_LINES} lines")

    def _parsed(self, line: bytes) -> tuple[int, bool, bytes]:
        """Take a reply line apart: its code, whether more follow, its text."""
        match = _REPLY_LINE.fullmatch(line)
        if match is None:
            shown = self._bare(line[:_MAX_LINE]).decode("utf-8", "backslashreplace")
            raise Garbled(f"{shown[:60]!r} instead of an answer")
        return int(match[1]), match[2] == b"-", self._bare(match[3] or b"")

    def _bare(self, text: bytes) -> bytes:
        """Take what is `hidden` out of an answer."""
        return text if self.hidden is None else self.hidden.sub(_ELLIPSIS, text)

    def starttls(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Change to TLS. What came in clear together with the answer is an attack (RFC 3207 §6)."""
        answer = super().starttls(*args, **kwargs)
        if self._unread:
            raise Garbled("text in clear after the answer")
        return answer

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._unread:
            self._read(until)
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def _read(self, until: float) -> None:
        if len(self._unread) > _MAX_LINE:
            raise Garbled(f"a line of more than {_MAX_LINE} bytes")
        chunk: bytes | None = None
        while chunk is None:
            line = self._line_until(until)
            try:
                chunk = line.recv(_CHUNK)
            except _LINE_IS_LATE:  # which may be sooner than we
                continue
        if not chunk:
            self.close()
            raise smtplib.SMTPServerDisconnected("the connection was closed")
        self._unread += chunk

    def _line_until(self, until: float) -> socket.socket:
        """Return the line, to be waited for until then. Raises TimeoutError if that is over.

        To set its own timeout costs a system call, and in Python a turn at the lock: it stays where it is
        no later, so that it may pass before `until`, and not so soon that it would pass over and over.
        """
        left, line = self._left(until), self._socket()
        if not left / _WAKE_UPS <= self._waits <= left * _LATE_BY:
            self._wait_for(line, left)
        return line

    def _wait_for(self, line: socket.socket, seconds: float) -> None:
        """Set the line's own timeout."""
        if self._is_timed_by_kernel:
            line.settimeout(None)
            _set_timers(line, seconds)
        else:
            line.settimeout(seconds)
        self._waits = seconds

    def _left(self, until: float) -> float:
        """Return the seconds that are left; raise TimeoutError if none are."""
        left = min(until, self.deadline or until) - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection was closed")
        return self.sock


class TLSWire(Wire):
    """A connection that is TLS from its first byte (RFC 8314 §3.3)."""

    def __init__(self, host: str, port: int, ehlo: str, patience: Patience, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(host, port, ehlo, patience)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Wrap the new socket, as smtplib.SMTP_SSL does."""
        plain: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # typeshed hides it
        try:
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise


def _set_timers(line: socket.socket, seconds: float) -> None:
    time = _TIMEVAL.pack(*divmod(max(1, round(seconds * 1e6)), 1_000_000))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, time)
