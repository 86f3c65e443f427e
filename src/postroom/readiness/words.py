"""How decisions speak: of moments, of settings and of places in files."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from postroom.model import Channel


def told(moment: datetime, channel: Channel) -> str:
    """Tell a moment in the zone it was written in and, where that differs, in the publication's."""
    home = moment.astimezone(ZoneInfo(channel.publication.timezone))
    here = f"{home:%Y-%m-%d %H:%M} {channel.publication.timezone}"
    zone = getattr(moment.tzinfo, "key", None)
    if zone in (None, "UTC", channel.publication.timezone):
        return here
    return f"{moment:%Y-%m-%d %H:%M} {zone} ({here})"


def setting(channel: Channel, name: str) -> str:
    """Name a channel's setting and where it stands; the channel's own line where it is not set.

    One that the channel inherits from `articles` is named as it stands there.
    """
    if name not in channel.lines and (inherited := channel.lines.get(f"articles.{name}")) is not None:
        return f"articles.{name} ({at(channel.file, inherited)})"
    line = channel.lines.get(name) or channel.lines.get("channel")
    return f"channels.{channel.name}.{name} ({at(channel.file, line)})"


def at(file: str, line: int | None) -> str:
    """Name a place as editors and their tools know it: `file:line`."""
    return f"{file}:{line}" if line else file


def span_in_words(span: timedelta) -> str:
    """Tell a length of time as config.yaml writes it: `3 days`."""
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        if span >= size and not span % size:
            number = span // size
            return f"{number} {unit}" + ("s" if number > 1 else "")
    return str(span)
