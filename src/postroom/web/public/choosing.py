"""Where people choose: their lists, their language, a copy of their data, or none of it any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from postroom.web.markup import Html, join, tag
from postroom.web.public.fields import LANGUAGE, button, form, ticks
from postroom.web.public.frame import Sheet, document, link
from postroom.web.public.site import Choice, Site
from postroom.web.public.voice import Voice, voice_for
from postroom.web.public.words import LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose page it is. `address` is shown as it is given; empty shows none. `language` is a BCP 47 tag."""

    lists: Sequence[Choice]
    language: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where the preferences lead: `save` and `export` are posted to, `erase` is a page that asks once more."""

    save: str
    export: str
    erase: str


def preferences(site: Site, person: Person, doors: Doors, *, is_saved: bool = False) -> str:
    """Write the page of one person's lists, language and data."""
    voice = voice_for(site)
    saved = tag("p", voice.say("preferences.saved"), class_="saved", role="status")
    body = join(
        saved if is_saved else None,
        tag("p", voice.say("preferences.of", address=person.address)) if person.address else None,
        form(
            doors.save,
            ticks(voice, "preferences.lists", person.lists),
            _language(voice, person.language),
            button(voice.say("preferences.button")),
        ),
        _data(voice, doors),
    )
    return document(voice, _sheet(voice, "preferences", body, has_button=True))


def erase(site: Site, action: str, back: str) -> str:
    """Ask once more before everything is erased. Looking changes nothing; `back` leads to the preferences."""
    voice = voice_for(site)
    body = join(
        tag("p", voice.say("erase.warning")),
        form(action, button(voice.say("erase.button"))),
        link(voice.say("erase.back"), back, class_="step"),
    )
    return document(voice, _sheet(voice, "erase", body, has_button=True))


def erased(site: Site) -> str:
    """Tell that a person's data is gone."""
    voice = voice_for(site)
    return document(voice, _sheet(voice, "erased", tag("p", voice.say("erased.text"))))


def _sheet(voice: Voice, key: str, body: Html, *, has_button: bool = False) -> Sheet:
    return Sheet(title=voice.text(key), heading=voice.say(key), body=body, has_button=has_button)


def _language(voice: Voice, chosen: str) -> Html:
    """Offer the languages there are; one that is not among them stays chosen, and is not changed by saving."""
    current = next((key for key in LANGUAGES if key == chosen.lower().split("-")[0]), chosen)
    names = {key: words.name for key, words in LANGUAGES.items()}
    options = [
        tag("option", name, value=key, lang=key or None, selected=key == current)
        for key, name in ({current: current} | names if current not in names else names).items()
    ]
    label = tag("label", voice.say("preferences.language"), for_=LANGUAGE)
    return tag("div", label, tag("select", options, id=LANGUAGE, name=LANGUAGE), class_="field")


def _data(voice: Voice, doors: Doors) -> Html:
    export = form(doors.export, button(voice.say("export.button"), "second"))
    return tag(
        "section",
        tag("h2", voice.say("preferences.data"), id="data"),
        tag("p", voice.say("export.text")),
        export,
        tag("p", voice.say("erase.text")),
        link(voice.say("erase.link"), doors.erase, class_="step"),
        aria_labelledby="data",
        class_="data",
    )
