"""The way out: leave a list with one button, and see that it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from postroom.web.markup import join, tag
from postroom.web.public.fields import button, form, ticks
from postroom.web.public.frame import Sheet, document, link
from postroom.web.public.site import Choice, Site
from postroom.web.public.voice import voice_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What a person is about to leave. `others` are further lists of theirs, to tick if they want to leave
    these as well; `preferences` is the URL of the page where all can be chosen, empty without one.
    """

    list: str
    others: Sequence[Choice] = ()
    preferences: str = ""


def leave(site: Site, parting: Parting, action: str) -> str:
    """Ask whether a person leaves a list. Looking changes nothing; the one button posts to `action`."""
    voice = voice_for(site)
    instead = link(voice.say("leave.instead"), parting.preferences, class_="step")
    body = join(
        tag("p", voice.say("leave.text")),
        form(
            action,
            ticks(voice, "leave.others", parting.others) if parting.others else None,
            button(voice.say("leave.button")),
        ),
        instead if parting.preferences else None,
    )
    sheet = Sheet(
        title=voice.text("leave", list=parting.list),
        heading=voice.say("leave", list=parting.list),
        body=body,
        has_button=True,
    )
    return document(voice, sheet)


def left(site: Site, lists: Sequence[str], back: str) -> str:
    """Tell that a person is off `lists`, and where to sign up again if that was a mistake."""
    voice = voice_for(site)
    names = ", ".join(lists)
    again = link(voice.say("left.link"), back)
    body = join(
        tag("p", voice.say("left.text")),
        tag("p", voice.say("left.back", link=again), class_="after") if back else None,
    )
    sheet = Sheet(title=voice.text("left", list=names), heading=voice.say("left", list=names), body=body)
    return document(voice, sheet)
