"""An SMTP server that writes down what it takes before it answers, in a process of its own.

Each line of its log: moment, recipient, Message-ID, SHA-256 of the message as everyone gets it, fate. What is
in the log was accepted, whatever the client came to know of it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_ADDRESS = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)
_OWN = re.compile(
    rb"^(?:to|message-id|date|list-unsubscribe):.*\r\n(?:[ \t].*\r\n)*", re.IGNORECASE | re.MULTILINE
)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that the sink took. `is_answered` is false where it broke the connection instead."""

    at: float
    recipient: str
    message_id: str
    same: str
    is_answered: bool


class Sink:
    """A running sink. `seconds` is how long it thinks about each message, half of that after its log line.

    `drop` is the share of messages that it takes and never answers.
    `port` is any unless given.
    """

    def __init__(
        self, folder: Path, *, seconds: float = 0.0, drop: float = 0.0, keep: bool = False, port: int = 0
    ) -> None:
        self.log = folder / "sink.log"
        self.log.touch()
        self.kept = folder / "kept"
        command = [sys.executable, "-S", __file__, str(self.log), str(port), str(seconds), str(drop)]
        if keep:
            self.kept.mkdir(exist_ok=True)
            command.append(str(self.kept))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._offset = 0
        self._count = 0

    def count(self) -> int:
        """Tell how many messages were taken, by what was added to the log since it was last asked."""
        with self.log.open("rb") as log:
            log.seek(self._offset)
            news = log.read()
        self._offset += len(news)
        self._count += news.count(b"\n")
        return self._count

    def taken(self) -> list[Taken]:
        """Read the whole log."""
        rows = (line.split(" ") for line in self.log.read_text().splitlines())
        return [Taken(float(row[0]), row[1], row[2], row[3], row[4] == "answered") for row in rows]

    def copies(self) -> Counter[str]:
        """Count what was taken by recipient."""
        return Counter(each.recipient for each in self.taken())

    def forget(self) -> None:
        """Begin a new log; nobody may be sending."""
        os.truncate(self.log, 0)
        self._offset = self._count = 0

    def hurry(self) -> None:
        """Think no more, and answer everything from now on."""
        self._process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """Freeze: connections stay open and nothing is answered, until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Answer again."""
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


class _Server:
    def __init__(self, log: str, port: int, seconds: float, drop: float, kept: str | None) -> None:
        self.port = port
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND)
        self.half = seconds / 2
        self.drop = drop
        self.kept = kept
        self.chance = random.Random(5)

    def serve(self) -> None:
        signal.signal(signal.SIGUSR1, self._hurry)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        door = socket.create_server(("127.0.0.1", self.port), backlog=64)
        print(door.getsockname()[1], flush=True)
        while True:
            line, _ = door.accept()
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _hurry(self, number: int, frame: object) -> None:
        self.half = self.drop = 0.0

    def _talk(self, line: socket.socket) -> None:
        with line, suppress(ConnectionError, EOFError):
            self._session(line)

    def _session(self, line: socket.socket) -> None:
        reader = line.makefile("rb", buffering=1 << 16)
        line.sendall(b"220 sink ESMTP\r\n")
        recipient = ""
        while command := reader.readline():
            match command[:4].upper():
                case b"EHLO":
                    line.sendall(_EHLO)
                case b"RCPT":
                    recipient = _address(command)
                    line.sendall(b"250 2.1.5 ok\r\n")
                case b"DATA":
                    line.sendall(b"354 go on\r\n")
                    if not self._take(reader, recipient):
                        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                        return
                    line.sendall(b"250 2.0.0 taken\r\n")
                case b"QUIT":
                    line.sendall(b"221 2.0.0 bye\r\n")
                    return
                case _:
                    line.sendall(b"250 2.0.0 ok\r\n")

    def _take(self, reader: BufferedReader, recipient: str) -> bool:
        """Read a message, write it down, and say whether it shall be answered."""
        lines = []
        while (each := reader.readline()) != b".\r\n":
            if not each:
                raise EOFError
            lines.append(each)
        message = b"".join(lines)
        time.sleep(self.half)
        is_answered = self.chance.random() >= self.drop
        self._write(message, recipient, is_answered)
        time.sleep(self.half)
        return is_answered

    def _write(self, message: bytes, recipient: str, is_answered: bool) -> None:
        found = _MESSAGE_ID.search(message)
        message_id = found[1].decode() if found else "none"
        same = hashlib.sha256(_OWN.sub(b"", message)).hexdigest()
        fate = "answered" if is_answered else "dropped"
        if self.kept:
            name = hashlib.sha256(message_id.encode()).hexdigest()
            Path(self.kept, name).write_bytes(message)
        os.write(self.log, f"{time.time_ns() / 1e9:.6f} {recipient} {message_id} {same} {fate}\n".encode())


def _end_with_parent() -> None:
    """Stay no longer than whoever holds the other end of stdin."""
    sys.stdin.read()
    os._exit(0)


def _address(command: bytes) -> str:
    found = _ADDRESS.search(command)
    return found[1].decode() if found else ""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("log")
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("drop", type=float)
    parser.add_argument("kept", nargs="?")
    given = parser.parse_args()
    _Server(given.log, given.port, given.seconds, given.drop, given.kept).serve()
