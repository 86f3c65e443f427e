"""Listen where config.yaml says."""

from __future__ import annotations

import socket

from postroom.errors import UsageError


def listener_at(place: str, setting: str) -> socket.socket:
    """Listen at `host:port` (port 0 takes a free one). Raises UsageError, which names the setting, where it cannot.

    What is written goes out at once: otherwise the second half of an answer waits until the first is acknowledged
    (RFC 896), which many clients hold back for 40 milliseconds. Connections take that from the listening socket;
    asyncio sets it by itself only for sockets that name their protocol.
    """
    host, _, port = place.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, int(port)), family=family)
    except OSError as error:
        raise UsageError(
            f"{setting}: {place} cannot be used ({error.strerror}); name another address in config.yaml"
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    """Tell where it answers, such as http://127.0.0.1:9090."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
