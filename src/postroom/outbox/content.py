"""Write an edition's content as JSON and read it back, to the last character."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from postroom.model import Asset, Content, Email, LinkCard, Post, PostImage, Sender, Unsubscribe

# JSON as the standard library reads it: its shape is what `encode` wrote.
_Json = dict[str, Any]


_quoted = json.encoder.encode_basestring_ascii
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str)


def dumps(value: object) -> str:
    """Return the one JSON text of `value`: sorted keys, no blanks, ASCII (lone surrogates survive)."""
    return _ENCODER.encode(value)


def encode(content: Content) -> str:
    """Return `content` as JSON text that `decode` turns back into an equal value."""
    match content:
        case Email():
            return dumps({"kind": "email", "payload": asdict(content)})
        case Post():
            return dumps({"kind": "post", "payload": asdict(content)})


def decode(text: str) -> Content:
    """Read what `encode` wrote."""
    document = json.loads(text)
    payload = document["payload"]
    return Email(**payload) if document["kind"] == "email" else _post(payload)


def digest(content: Content, sender: Sender | None = None, unsubscribe: Unsubscribe | None = None) -> str:
    """Return the SHA-256, in hex, over all that every recipient shares.

    Where an image lies on this machine does not count; its own digest does.
    """
    shared = [_without_places(asdict(part)) if part else None for part in (content, sender, unsubscribe)]
    return sha256(dumps([type(content).__name__, *shared]).encode()).hexdigest()


def encode_sender(sender: Sender | None) -> str | None:
    """Return a newsletter's sender as JSON text; None for a post."""
    return dumps(asdict(sender)) if sender else None


def decode_sender(text: str | None) -> Sender | None:
    """Read what `encode_sender` wrote."""
    return Sender(**json.loads(text)) if text else None


def encode_unsubscribe(way: Unsubscribe | None) -> str | None:
    """Return the way out of a newsletter as JSON text; None for a post."""
    return dumps(asdict(way)) if way else None


def decode_unsubscribe(text: str | None) -> Unsubscribe | None:
    """Read what `encode_unsubscribe` wrote."""
    return Unsubscribe(**json.loads(text)) if text else None


def encode_map(values: Mapping[str, str]) -> str:
    """Return merge values or progress as JSON text: what `dumps` makes of them, in a third of the time."""
    if not values:
        return "{}"
    return f"{{{','.join([f'{_quoted(name)}:{_quoted(values[name])}' for name in sorted(values)])}}}"


def decode_map(text: str) -> dict[str, str]:
    """Read what `encode_map` wrote."""
    return {} if text == "{}" else json.loads(text)


def _post(payload: _Json) -> Post:
    payload["parts"] = tuple(payload["parts"])
    payload["hashtags"] = tuple(payload["hashtags"])
    payload["images"] = tuple(
        PostImage(asset=_asset(image["asset"]), alt=image["alt"]) for image in payload["images"]
    )
    if card := payload["card"]:
        image = card.pop("image")
        payload["card"] = LinkCard(**card, image=_asset(image) if image else None)
    return Post(**payload)


def _asset(payload: _Json) -> Asset:
    file = payload.pop("file")
    return Asset(**payload, file=Path(file) if file is not None else None)


def _without_places(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items() if key not in ("file", "list")}
    if isinstance(value, list | tuple):
        return [_without_places(item) for item in value]
    return value
