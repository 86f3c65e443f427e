"""Who may talk to a page that is meant for one person."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from postroom.web.guard import Guard

TOKEN = "t0kenthatnobodyguesses"
HOST = "127.0.0.1:8765"


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(scope["root_path"], headers={"X-Inner": "reached"})(scope, receive, send)


GUARD = Guard(inner, token=TOKEN, hosts=("127.0.0.1", "localhost"))


def ask(
    headers: list[tuple[str, str]], path: str = f"/{TOKEN}/", method: str = "GET", port: int = 8765
) -> httpx.Response:
    async def request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(GUARD)) as client:
            return await client.request(
                method,
                f"http://127.0.0.1:{port}{path}",
                headers=[(name.encode(), value.encode()) for name, value in headers],
            )

    return asyncio.run(request())


@pytest.mark.parametrize("host", [HOST, "localhost:8765", "LOCALHOST:8765"])
def test_its_own_names_are_served(host: str) -> None:
    answer = ask([("Host", host)])
    assert (answer.status_code, answer.text) == (200, f"/{TOKEN}")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example:8765",
        "localhost.evil.example:8765",
        "evil-localhost:8765",
        "localhost.:8765",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:8766",
        "127.0.0.1:",
        "127.0.0.1:08765x",
        "127.0.0.2:8765",
        "127.1:8765",
        "2130706433:8765",
        "0.0.0.0:8765",
        "[::1]:8765",
        "[::ffff:127.0.0.1]:8765",
        "evil@127.0.0.1:8765",
        "127.0.0.1:8765/evil",
        "127.0.0.1:8765, evil.example",
        "127.0.0.1:8765 ",
        "ｌocalhost:8765",
    ],
)
def test_another_host_is_refused(host: str) -> None:
    answer = ask([("Host", host)])
    assert answer.status_code == 403
    assert "x-inner" not in answer.headers


def test_two_hosts_are_refused() -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": f"/{TOKEN}/",
        "headers": [(b"host", HOST.encode()), (b"host", b"evil.example")],
        "server": ("127.0.0.1", 8765),
    }
    assert started(scope)["status"] == 403


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8765", "http://localhost:8765"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_its_own_origin_is_served(origin: str, method: str) -> None:
    assert ask([("Host", HOST), ("Origin", origin)], method=method).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://127.0.0.1:8765",
        "http://127.0.0.1",
        "http://127.0.0.1:8766",
        "http://127.0.0.1:8765.evil.example",
        "http://127.0.0.1:8765@evil.example",
        "http://evil.example",
        "https://evil.example:8765",
        "http://localhost.evil.example:8765",
        "http://[::1]:8765",
        "file://",
        "chrome-extension://abcdef",
    ],
)
def test_another_origin_is_refused(origin: str, method: str) -> None:
    assert ask([("Host", HOST), ("Origin", origin)], method=method).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_without_an_origin_nothing_but_reading_is_served(method: str) -> None:
    assert ask([("Host", HOST)], method=method).status_code == 403


@pytest.mark.parametrize(
    ("method", "dest", "mode", "status"),
    [
        ("GET", "image", "no-cors", 200),
        ("POST", "image", "no-cors", 403),
        ("GET", "image", "cors", 403),
        ("GET", "empty", "cors", 403),
        ("GET", "iframe", "navigate", 403),
        ("GET", "script", "no-cors", 403),
    ],
)
def test_a_sandboxed_frame_may_ask_for_images_alone(method: str, dest: str, mode: str, status: int) -> None:
    headers = [("Host", HOST), ("Origin", "null"), ("Sec-Fetch-Dest", dest), ("Sec-Fetch-Mode", mode)]
    assert ask(headers, method=method).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/x/",
        f"/{TOKEN}x/",
        f"/{TOKEN[:-1]}/",
        f"/x/{TOKEN}/",
        f"//{TOKEN}/",
        f"/{TOKEN.upper()}/",
        "/%00/",
        "/é/",
    ],
)
def test_without_the_token_nothing_is_served(path: str) -> None:
    answer = ask([("Host", HOST)], path)
    assert answer.status_code == 403
    assert TOKEN not in answer.text


def test_the_standard_port_need_not_be_named() -> None:
    assert ask([("Host", "localhost"), ("Origin", "http://localhost")], port=80).status_code == 200


@pytest.mark.parametrize("headers", [[("Host", HOST)], [("Host", "evil.example")]])
def test_every_answer_keeps_itself_to_itself(headers: list[tuple[str, str]]) -> None:
    answer = ask(headers).headers
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["cross-origin-resource-policy"] == "same-origin"
    assert answer["cache-control"] == "no-store"
    assert "default-src 'none'" in answer["content-security-policy"]
    assert not [name for name in answer if name.startswith("access-control-")]


def test_a_websocket_is_closed() -> None:
    scope = {"type": "websocket", "path": f"/{TOKEN}/", "headers": [(b"host", HOST.encode())]}
    assert started(scope) == {"type": "websocket.close", "code": 1008}


def test_a_token_that_can_be_guessed_is_not_taken() -> None:
    with pytest.raises(ValueError, match="guessed"):
        Guard(inner, token="short", hosts=("localhost",))


def started(scope: dict[str, Any]) -> Message:
    """Run one request without a client; return the first message of its answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(GUARD(scope, receive, send))
    return sent[0]
