"""Serving on this machine until Ctrl-C."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette

from postroom.errors import UsageError
from postroom.web.serve import serve

PROGRAM = """
import asyncio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from postroom.web.serve import serve

async def hello(request):
    return PlainTextResponse("hello")

async def wait(request):
    while not request.app.state.closing:
        await asyncio.sleep(0.02)
    return PlainTextResponse("closing")

app = Starlette(routes=[Route("/in/", hello), Route("/in/wait", wait)])
app.state.entrance, app.state.closing = "/in/", False
serve(app, 0, lambda address: print(address, flush=True))
print("ended", flush=True)
"""


@contextmanager
def running() -> Iterator[tuple[subprocess.Popen[str], str]]:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        yield program, program.stdout.readline().strip()
    finally:
        program.kill()
        program.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_says_nothing(number: signal.Signals) -> None:
    with running() as (program, address):
        assert urllib.request.urlopen(address).read() == b"hello"
        program.send_signal(number)
        out, err = program.communicate(timeout=20)
        assert (program.returncode, out, err) == (0, "ended\n", "")


def test_an_answer_that_waits_is_let_go_at_the_end() -> None:
    with running() as (program, address):
        answers: list[bytes] = []
        waiting = threading.Thread(
            target=lambda: answers.append(urllib.request.urlopen(f"{address}wait").read())
        )
        waiting.start()
        time.sleep(0.3)  # long enough for the request to be under way; if it is not, the test still holds
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=20) == 0
        waiting.join(timeout=5)
        assert answers == [b"closing"]


def test_it_listens_to_this_machine_alone() -> None:
    with running() as (_, address):
        host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
        assert host == "127.0.0.1"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(port)), timeout=2)


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} cannot be used .* --port"):
            serve(Starlette(), port, lambda _: None)
