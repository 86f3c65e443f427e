"""Speaks to a reader: the page's own texts in their language, and other people's words set apart from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from zoneinfo import ZoneInfo

from postroom.web.markup import Html, join, tag
from postroom.web.public.site import Site
from postroom.web.public.words import ENGLISH, LANGUAGES, Words


@dataclass(frozen=True, slots=True)
class Voice:
    """A site and the words in which it speaks to this reader."""

    site: Site
    words: Words

    def text(self, key: str, **names: str | int) -> str:
        """Give a text as plain text, for titles and attributes."""
        return self.words.texts[key].format(**names)

    def say(self, key: str, **names: str | int) -> Html:
        """Give a text as HTML. Names in it keep their own direction and language; HTML stays as it is."""
        pieces = Formatter().parse(self.words.texts[key])
        return join(
            *(join(before, self.name(names[field]) if field else None) for before, field, _, _ in pieces)
        )

    def name(self, name: str | int) -> Html:
        """Set other people's words apart, so that none can turn the sentence around them."""
        return name if isinstance(name, Html) else tag("bdi", name, lang=self.foreign)

    def dated(self, moment: datetime) -> Html:
        """Write a day in the publication's zone."""
        day = moment.astimezone(ZoneInfo(self.site.timezone))
        shown = self.words.date.format(day=day.day, month=self.words.months[day.month - 1], year=day.year)
        return tag("time", shown, datetime=f"{day:%Y-%m-%d}")

    @property
    def foreign(self) -> str | None:
        """The language of the publication's own words, where the page speaks another (WCAG 2.2, 3.1.2)."""
        same = _primary(self.site.language) == self.words.language
        return None if same else self.site.language or None


def voice_for(site: Site) -> Voice:
    """Speak the reader's language, else the publication's, else English."""
    wanted = (_primary(site.reader), _primary(site.language))
    return Voice(site, next((LANGUAGES[each] for each in wanted if each in LANGUAGES), ENGLISH))


def language_of(site: Site) -> str:
    """Tell in which language pages speak to this reader: there is one page for each."""
    return voice_for(site).words.language


def _primary(language: str) -> str:
    """Tell the first part of a BCP 47 tag: `de` of `de-AT`."""
    return language.replace("_", "-").split("-")[0].lower()
