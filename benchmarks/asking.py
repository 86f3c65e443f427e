"""Ask a server over many connections that stay open, as fast as it answers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass(slots=True)
class Asked:
    """How many answers came in how many seconds, and how long each took, in milliseconds."""

    seconds: float = 0
    waits_ms: list[float] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many were answered."""
        return len(self.waits_ms)

    @property
    def p99_ms(self) -> float:
        """How long the slowest of a hundred waited at least."""
        return sorted(self.waits_ms)[int(0.99 * len(self.waits_ms))]


def ask(port: int, requests: Iterator[bytes], readers: int, seconds: float) -> Asked:
    """Send requests for so many seconds, each on the connection of one reader.

    Raises RuntimeError for an answer other than 200, or where there are too few requests.
    """
    return asyncio.run(_ask(port, requests, readers, seconds))


async def _ask(port: int, requests: Iterator[bytes], readers: int, seconds: float) -> Asked:
    asked, began = Asked(), time.perf_counter()
    await asyncio.gather(*(_read(port, requests, asked, began + seconds) for _ in range(readers)))
    asked.seconds = time.perf_counter() - began
    return asked


async def _read(port: int, requests: Iterator[bytes], asked: Asked, end: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < end:
        request = next(requests, b"")
        if not request:
            raise RuntimeError("there are too few people for so many seconds")
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise RuntimeError(f"an answer was no 200: {head[:200]!r}")
        await reader.readexactly(int(length[1]))
        asked.waits_ms.append((time.perf_counter() - began) * 1000)
    writer.close()
    await writer.wait_closed()
