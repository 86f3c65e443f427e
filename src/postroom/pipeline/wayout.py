"""No mail without a way out: an email channel that reaches people must have an unsubscribe that works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from postroom import links
from postroom.compose.unsubscribe import PURPOSE
from postroom.config import Config
from postroom.errors import ConfigError
from postroom.model import Channel, Finding, Severity

_TIMEOUT_SECONDS = 10
_ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # RFC 8058 §3.1
_NOBODY = "00000000-0000-7000-8000-000000000000"  # no subscriber gets this one: its last 62 bits are random


def missing_ways_out(config: Config) -> Iterator[Finding]:
    """Find the email channels whose settings give people no way out that can work."""
    for channel in config.channels.values():
        if channel.is_email:
            fault = _fault(channel)
            if fault:
                yield _finding(channel, fault)


def with_ways_out(config: Config) -> Config:
    """Return a config that may send. Raises ConfigError where a channel's people would have no way out."""
    faults = [each for each in missing_ways_out(config) if each.severity is Severity.ERROR]
    if faults:
        raise ConfigError(faults)
    return config


def _fault(channel: Channel) -> str:
    way = channel.unsubscribe
    if way is None:
        return (
            "there is no unsubscribe; write `unsubscribe: {mailto: leave@your.domain}` or `{url: https://…}`"
        )
    url = way.web or way.url
    if url is not None and not url.startswith("https://"):
        return f"{url} is no https address; mail services ask for one (RFC 8058)"
    return ""


def _finding(channel: Channel, fault: str) -> Finding:
    return Finding(
        rule="no-way-out",
        severity=Severity.WARNING if channel.rehearsal else Severity.ERROR,
        file=channel.file,
        line=channel.lines.get("unsubscribe") or channel.lines.get("channel"),
        message=f"channels.{channel.name}.unsubscribe: {fault}",
    )


def unanswered(channel: Channel, keys: Sequence[bytes]) -> str:
    """Ask a real channel's unsubscribe page; tell what is wrong with it, empty if it answers. `keys` sign its links.

    Of another service's page a GET is asked for, which changes nothing (RFC 8058 §3.2 lets only POST act): anything but
    a missing page or a server's failure is an answer, for the token asked with is nobody's.
    """
    way = channel.unsubscribe
    if channel.rehearsal or way is None:
        return ""
    if way.web is not None:
        return round_trip(way.web, keys)
    return _unanswered(way.url) if way.url is not None else ""


def round_trip(base: str, keys: Sequence[bytes]) -> str:
    """Leave by our own pages at `base` as mail services do, for somebody who does not exist; tell what is wrong.

    Whoever posts is told that they left; only the page that asks tells a link of ours from another.
    """
    import httpx

    url = f"{base.rstrip('/')}/u/{links.token(keys, PURPOSE, _NOBODY, '1')}"
    cure = "start `postroom web` behind that address, by the same config"
    try:
        asked = httpx.get(url, timeout=_TIMEOUT_SECONDS).status_code
        posted = httpx.post(url, data=_ONE_CLICK, timeout=_TIMEOUT_SECONDS).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{base} does not answer: {error}; {cure}"
    status = posted if asked == httpx.codes.OK else asked
    return "" if status == httpx.codes.OK else f"{base} answers {status} to who unsubscribes; {cure}"


def _unanswered(address: str) -> str:
    import httpx

    url = address.replace("{token}", "probe").replace("{email}", "probe%40invalid.invalid")
    try:
        status = httpx.get(url, timeout=_TIMEOUT_SECONDS).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{address} does not answer: {error}"
    return f"{address} answers {status}" if status == httpx.codes.NOT_FOUND or status >= 500 else ""
