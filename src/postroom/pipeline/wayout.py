"""No mail without a way out: an email channel that reaches people must have an unsubscribe that works."""

from __future__ import annotations

from collections.abc import Iterator

from postroom.config import Config
from postroom.errors import ConfigError
from postroom.model import Channel, Finding, Severity

_TIMEOUT_SECONDS = 10


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
    if way.web is not None and not channel.rehearsal:
        return (
            "`unsubscribe: web` needs Postroom's public pages, which this version does not serve yet; "
            "name another way out: `{url: https://…}` of a service, or `{mailto: leave@your.domain}`"
        )
    if way.url is not None and not way.url.startswith("https://"):
        return f"{way.url} is no https address; mail services ask for one (RFC 8058)"
    return ""


def _finding(channel: Channel, fault: str) -> Finding:
    return Finding(
        rule="no-way-out",
        severity=Severity.WARNING if channel.rehearsal else Severity.ERROR,
        file=channel.file,
        line=channel.lines.get("unsubscribe") or channel.lines.get("channel"),
        message=f"channels.{channel.name}.unsubscribe: {fault}",
    )


def unanswered(channel: Channel) -> str:
    """Ask a real channel's unsubscribe page; tell what is wrong with it, empty if it answers.

    A GET changes nothing there (RFC 8058 §3.2 lets only POST act). Anything but a missing page or a
    server's failure counts as an answer: the token asked with is nobody's.
    """
    way = channel.unsubscribe
    if channel.rehearsal or way is None or way.url is None:
        return ""
    import httpx

    url = way.url.replace("{token}", "probe").replace("{email}", "probe%40invalid.invalid")
    try:
        status = httpx.get(url, timeout=_TIMEOUT_SECONDS).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{way.url} does not answer: {error}"
    return f"{way.url} answers {status}" if status == httpx.codes.NOT_FOUND or status >= 500 else ""
