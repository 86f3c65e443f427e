"""Types for the fields of settings that several transports share, read from an editor's words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from postroom import address
from postroom.errors import AddressError
from postroom.transports.secret import Secret

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_SPAN: Final = re.compile(r"(\d{1,6})\s+(second|minute|hour|day|week)s?")
_SPEED: Final = re.compile(r"(\d{1,6})\s+(?:per|an?)\s+(second|minute|hour|day)")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_WITH_PORT: Final = re.compile(r"([A-Za-z0-9._-]+):(\d+)")
_SELECTOR: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class Rate(NamedTuple):
    """At most `messages` in each `span` of time."""

    messages: int
    span: timedelta


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute: a relative one starts at the context's `base`."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path


def _span(value: Any) -> Any:
    """Read `48 hours`, and take a length that is one already."""
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and a unit, such as `48 hours` or `3 days`")
    return int(match[1]) * _UNITS[match[2]]


def _rate(value: Any) -> Any:
    """Read `14 per second`, and take a rate that is one already."""
    if value is None or isinstance(value, tuple):
        return value
    match = _SPEED.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None or not int(match[1]):
        raise ValueError("write a number and a unit, such as `14 per second` or `500 per hour`")
    return Rate(int(match[1]), _UNITS[match[2]])


def _host(value: Any) -> Any:
    """Refuse what is more than the name of a server: an address on the web, or text with blanks."""
    if isinstance(value, str) and _HOST.fullmatch(value) is None:
        raise ValueError(
            "write the name of the server alone, such as `smtp.example.org`; "
            "`port` and `tls` are settings of their own"
        )
    if isinstance(value, str) and (both := _WITH_PORT.fullmatch(value)):
        raise ValueError(f"the port is a setting of its own: write `host: {both[1]}` and `port: {both[2]}`")
    return value


def _domain(value: Any) -> Any:
    """Read a domain as the ledger has it: ASCII, in small letters."""
    if not isinstance(value, str):
        return value
    try:
        return address.normalise(f"anyone@{value.strip().removeprefix('@')}").domain
    except AddressError as error:
        raise ValueError("write the part of an address after the @, such as `gmail.com`") from error


def _selector(value: Any) -> Any:
    """Read a DKIM selector (RFC 6376 §3.1): the name before `._domainkey` in the DNS."""
    if isinstance(value, str) and _SELECTOR.fullmatch(value.strip().lower()) is None:
        raise ValueError("write the name before `._domainkey` in the DNS, such as `news2026`")
    return value.strip().lower() if isinstance(value, str) else value


def _key(value: Any) -> Any:
    """Take a path for the contents of its file; leave `${NAME}` and `file:…` as they are."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text or "PRIVATE KEY" in text:
        raise ValueError(
            "name the file with the key (PEM), such as `keys/dkim.pem`, or `${DKIM_KEY}`; "
            "the key itself does not belong here"
        )
    return text if text.startswith("file:") or "${" in text else f"file:{text}"


AnchoredPath = Annotated[Path, AfterValidator(_anchored)]
"""A path in settings; relative ones start at the folder of config.yaml."""

Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SPAN.pattern}$", "examples": ["48 hours", "3 days"]}),
]
"""A length of time, in an editor's words."""

Speed = Annotated[
    Rate,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SPEED.pattern}$", "examples": ["14 per second"]}),
]
"""How many in which time, in an editor's words."""

Host = Annotated[
    str,
    BeforeValidator(_host),
    Field(max_length=253),
    WithJsonSchema({
        "type": "string", "pattern": f"^{_HOST.pattern}$", "maxLength": 253, "examples": ["smtp.example.org"]
    }),
]  # fmt: skip
"""The name or the IP address of a server."""

Domain = Annotated[
    str,
    BeforeValidator(_domain),
    WithJsonSchema({"type": "string", "examples": ["gmail.com"]}),
]
"""The part of an address after the @, as the ledger has it."""


class Signing(BaseModel):
    """One DKIM signature (RFC 6376): who signs, and the key.

    The public key stands in the DNS at `selector._domainkey.domain`. `domain` is that of From unless
    given. `key` is a reference for the `reader` of secrets, which gives the PEM text of the private key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    domain: Domain | None = None
    selector: Annotated[
        str,
        BeforeValidator(_selector),
        WithJsonSchema({"type": "string", "examples": ["news2026"]}),
    ]
    key: Annotated[
        Secret,
        BeforeValidator(_key),
        WithJsonSchema({"type": "string", "examples": ["keys/dkim.pem", "${DKIM_KEY}"]}),
    ] = Field(description="A PEM file, or the name of a secret that holds its text.")
