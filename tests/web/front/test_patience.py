"""Nobody keeps the pages from others by asking slowly, or for nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from postroom.web.front import patience
from postroom.web.front.serving import serve_beside

WAIT = 0.4


@pytest.fixture
def place(stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(patience, "REQUEST_SECONDS", WAIT)
    handle = serve_beside(stand.front, "127.0.0.1:0")
    there = urlsplit(handle.address)
    assert there.hostname
    assert there.port
    yield there.hostname, there.port
    handle.close()


def seconds_open(line: socket.socket, *, feed: bytes = b"") -> float:
    """Tell how long a connection stays open, while a byte more is sent each moment."""
    began = time.monotonic()
    line.settimeout(0.05)
    while time.monotonic() - began < 10:
        try:
            if feed:
                line.send(feed)
            if line.recv(65536) == b"":
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("begin", "feed"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x"),
        (b"POST /u/abc HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", b"x"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nX: ", b"x"),
    ],
    ids=["silent", "half a head", "half a body", "half of a second one"],
)
def test_what_does_not_come_to_its_end_is_cut_off(place: tuple[str, int], begin: bytes, feed: bytes) -> None:
    with socket.create_connection(place) as line:
        line.sendall(begin)
        assert WAIT * 0.8 <= seconds_open(line, feed=feed) < 5


def test_what_is_whole_is_answered_however_long_the_connection_lasts(place: tuple[str, int]) -> None:
    with httpx.Client(base_url=f"http://{place[0]}:{place[1]}") as client:
        for _ in range(4):
            assert client.get("/").status_code == 200
            time.sleep(WAIT / 2)
        assert client.post("/u/abc", data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_one_address_holds_no_more_connections_than_its_share(
    place: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_HERE", ())
    monkeypatch.setattr(patience, "MOST_OF_ONE", 3)
    lines = [socket.create_connection(place) for _ in range(4)]
    try:
        assert seconds_open(lines[-1]) < WAIT
        lines[0].sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert lines[0].recv(12) == b"HTTP/1.1 200"
    finally:
        for each in lines:
            each.close()


def test_a_slash_too_many_leads_nowhere(place: tuple[str, int]) -> None:
    base = f"http://{place[0]}:{place[1]}"
    assert httpx.get(f"{base}/feed.xml/", headers={"Host": "evil.example"}).status_code == 404
    assert httpx.post(f"{base}/u/abc/", headers={"Host": "evil.example"}).status_code == 404


@pytest.mark.parametrize("origin", ["http://[", "null", "https://evil.example", "http://[::1"])
def test_an_origin_that_is_none_of_ours_is_refused_quietly(place: tuple[str, int], origin: str) -> None:
    answer = httpx.post(f"http://{place[0]}:{place[1]}/preferences/x", headers={"Origin": origin})
    assert answer.status_code in {400, 404}
