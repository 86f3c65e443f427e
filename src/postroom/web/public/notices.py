"""Pages for what cannot be shown or done. They tell nothing that the asker did not know."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from postroom.web.markup import join, tag
from postroom.web.public.frame import Sheet, document, link
from postroom.web.public.site import Site
from postroom.web.public.voice import voice_for


class Notice(StrEnum):
    """What there is to tell. Every token that is unknown, old or somebody else's is an `UNKNOWN_LINK`."""

    UNKNOWN_LINK = "unknown-link"
    NOT_FOUND = "not-found"
    BAD_REQUEST = "bad-request"
    WRONG_METHOD = "wrong-method"
    TAKEN_BACK = "taken-back"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


STATUS: Final[Mapping[Notice, int]] = MappingProxyType(
    {
        Notice.UNKNOWN_LINK: 404,
        Notice.NOT_FOUND: 404,
        Notice.BAD_REQUEST: 400,
        Notice.WRONG_METHOD: 405,
        Notice.TAKEN_BACK: 410,
        Notice.TOO_LARGE: 413,
        Notice.TOO_MANY: 429,
        Notice.FAILED: 500,
        Notice.UNAVAILABLE: 503,
    }
)
"""The status (RFC 9110 §15; 429: RFC 6585 §4) that each is answered with."""


def message(site: Site, notice: Notice) -> str:
    """Write the page: the same bytes for everyone who reads the same language."""
    voice = voice_for(site)
    home = link(voice.say("home", name=site.name), site.url, class_="step")
    sheet = Sheet(
        title=voice.text(notice),
        heading=voice.say(notice),
        body=join(tag("p", voice.say(f"{notice}.text")), home),
    )
    return document(voice, sheet)
