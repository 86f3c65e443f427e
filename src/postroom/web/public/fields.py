"""The parts of a form, and the names under which its values arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from postroom.web.markup import Html, join, tag
from postroom.web.public.site import Choice
from postroom.web.public.voice import Voice

EMAIL: Final = "email"
NAME: Final = "name"
LIST: Final = "list"
"""Sent once for each list that is ticked."""
LANGUAGE: Final = "language"
STAMP: Final = "stamp"
"""Holds a token that tells when the form was made."""
TRAP: Final = "homepage"
"""The field that no person sees. Whoever fills it is none. Browsers do not fill it in by themselves."""


class Fault(StrEnum):
    """What is wrong with a form that was sent. `ONCE_MORE`: it came too fast, or without a stamp."""

    NO_EMAIL = "no-email"
    BAD_EMAIL = "bad-email"
    NO_LIST = "no-list"
    LONG_NAME = "long-name"
    ONCE_MORE = "once-more"


FIELD_OF: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.NO_EMAIL: EMAIL,
        Fault.BAD_EMAIL: EMAIL,
        Fault.NO_LIST: LIST,
        Fault.LONG_NAME: NAME,
    }
)


def summary(voice: Voice, faults: Sequence[Fault]) -> Html | None:
    """List what is wrong above the form, each with a link to its field."""
    if not faults:
        return None
    items = [tag("li", _told(voice, fault)) for fault in faults]
    return tag("div", tag("p", voice.say("faults")), tag("ul", items), class_="faults", role="alert")


def text_field(
    voice: Voice, name: str, value: str, faults: Sequence[Fault], **attributes: str | bool | None
) -> Html:
    """Write a field under its label, with its hint and what is wrong with it. Its id is its name."""
    notes = [note for note in (_hint(voice, name), _wrong(voice, name, faults)) if note]
    described = " ".join(f"{name}-{kind}" for kind, _ in notes) or None
    field = tag(
        "input",
        id=name,
        name=name,
        value=value or None,
        aria_describedby=described,
        aria_invalid="true" if _wrong(voice, name, faults) else None,
        **attributes,
    )
    optional = None if attributes.get("required") else tag("span", " ", voice.say("optional"), class_="quiet")
    label = tag("label", voice.say(name), optional, for_=name)
    return tag("div", label, field, [note for _, note in notes], class_="field")


def ticks(voice: Voice, legend: str, lists: Sequence[Choice], faults: Sequence[Fault] = ()) -> Html:
    """Write lists to tick; the whole row of each can be pressed."""
    wrong = _wrong(voice, LIST, faults)
    return tag(
        "fieldset",
        tag("legend", voice.say(legend)),
        [_tick(voice, number, each) for number, each in enumerate(lists, 1)],
        wrong[1] if wrong else None,
        id=LIST,
        aria_describedby=f"{LIST}-wrong" if wrong else None,
    )


def hidden(name: str, value: str) -> Html:
    """Carry a value through the form."""
    return tag("input", type="hidden", name=name, value=value)


def trap(voice: Voice) -> Html:
    """Write the field that only programs fill in. Readers of any kind pass it by, and so does the Tab key."""
    field = tag("input", name=TRAP, tabindex=-1, autocomplete="off")
    return tag("div", tag("label", voice.say("trap"), " ", field), class_="trap", aria_hidden="true")


def button(text: Html, kind: str = "main") -> Html:
    """Write a button that sends its form; `main` bears the accent, `second` does not."""
    return tag("button", text, type="submit", class_=f"button {kind}")


def form(action: str, *children: Html | None) -> Html:
    """Write a form that posts: nothing is changed by looking at a page."""
    return tag("form", *children, action=action, method="post", accept_charset="utf-8")


def _tick(voice: Voice, number: int, choice: Choice) -> Html:
    id_ = f"{LIST}-{number}"
    box = tag(
        "input",
        type="checkbox",
        id=id_,
        name=LIST,
        value=choice.key,
        checked=choice.is_chosen,
        aria_describedby=f"{id_}-about" if choice.about else None,
    )
    about = tag("span", choice.about, id=f"{id_}-about", class_="about", dir="auto", lang=voice.foreign)
    title = tag("span", choice.title, class_="title", dir="auto", lang=voice.foreign)
    words = join(title, about if choice.about else None)
    return tag("label", box, tag("span", words, class_="words"), class_="tick", for_=id_)


def _told(voice: Voice, fault: Fault) -> Html:
    text = voice.say(f"fault.{fault}")
    return tag("a", text, href=f"#{FIELD_OF[fault]}") if fault in FIELD_OF else text


def _hint(voice: Voice, name: str) -> tuple[str, Html] | None:
    if name != EMAIL:
        return None
    return "hint", tag("p", voice.say("email.hint"), id=f"{name}-hint", class_="hint")


def _wrong(voice: Voice, name: str, faults: Sequence[Fault]) -> tuple[str, Html] | None:
    told = " ".join(voice.text(f"fault.{fault}") for fault in faults if FIELD_OF.get(fault) == name)
    return ("wrong", tag("p", told, id=f"{name}-wrong", class_="wrong")) if told else None
