"""On a line without TLS the kernel keeps the time, and every wait still ends when it should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic

import pytest

from postroom.transports._smtp_wire import Patience, Wire

MEGABYTE = b"x" * 1_000_000
Play = Callable[[socket.socket, threading.Event], None]


@pytest.fixture
def line_to() -> Iterator[Callable[[Play], Wire]]:
    """Open a settled line to a server that greets and then does what the test says."""
    over, threads, wires = threading.Event(), [], []

    def open_line(play: Play) -> Wire:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            with listener, listener.accept()[0] as peer, suppress(OSError):
                peer.sendall(b"220 ready\r\n")
                play(peer, over)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        wires.append(Wire("127.0.0.1", listener.getsockname()[1], "me", Patience()))
        wires[-1].sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        wires[-1].settle()
        return wires[-1]

    yield open_line
    over.set()
    for wire in wires:
        wire.close()
    for thread in threads:
        thread.join()


def test_a_server_that_reads_slowly_but_steadily_gets_all(line_to) -> None:
    def read_slowly(peer: socket.socket, over: threading.Event) -> None:
        while peer.recv(40_000):
            over.wait(0.02)

    wire = line_to(read_slowly)
    wire.patience = 0.3
    began = monotonic()
    assert wire.write(MEGABYTE) == len(MEGABYTE)
    assert monotonic() - began > wire.patience, "this proves nothing: it went too fast"


def test_a_server_that_speaks_in_between_is_heard_at_once(line_to) -> None:
    def refuse_midway(peer: socket.socket, over: threading.Event) -> None:
        peer.recv(10_000)
        peer.sendall(b"552 5.3.4 too big\r\n")
        over.wait(20)

    wire = line_to(refuse_midway)
    wire.patience = 20
    began = monotonic()
    assert wire.write(MEGABYTE) < len(MEGABYTE)
    assert wire.getreply() == (552, b"5.3.4 too big")
    assert monotonic() - began < 5


def test_a_server_that_stops_reading_is_left_in_time(line_to) -> None:
    wire = line_to(lambda peer, over: over.wait(20) and None)
    wire.patience = 0.3
    began = monotonic()
    assert wire.write(MEGABYTE) < len(MEGABYTE)
    assert 0.3 <= monotonic() - began < 5


@pytest.mark.parametrize("word", [b"", b"2"], ids=["silent", "dripping"])
def test_a_server_that_does_not_answer_is_left_in_time(word, line_to) -> None:
    def drip(peer: socket.socket, over: threading.Event) -> None:
        while not over.wait(0.1):
            peer.sendall(word)

    wire = line_to(drip)
    wire.patience = 0.5
    began = monotonic()
    with pytest.raises(TimeoutError):
        wire.getreply()
    assert 0.5 <= monotonic() - began < 5


def test_the_deadline_of_a_mail_counts_for_its_waits(line_to) -> None:
    wire = line_to(lambda peer, over: over.wait(20) and None)
    wire.patience, wire.deadline = 20, monotonic() + 0.3
    began = monotonic()
    with pytest.raises(TimeoutError):
        wire.getreply()
    assert monotonic() - began < 5


def test_where_the_kernel_takes_no_time_python_keeps_it(line_to, monkeypatch) -> None:
    monkeypatch.setattr(socket, "SO_RCVTIMEO", -1)
    wire = line_to(lambda peer, over: over.wait(20) and None)
    wire.patience = 0.3
    with pytest.raises(TimeoutError):
        wire.getreply()
