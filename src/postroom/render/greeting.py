"""Render the two mails that greet a subscriber: one asks them to confirm, one says welcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, Literal

from postroom.model import Asset, Channel, Email, Publication
from postroom.render.email import filled, tidy
from postroom.render.greeting_words import LANGUAGES
from postroom.render.highlight import DARK, LIGHT
from postroom.render.inliner import inlined
from postroom.render.mailview import TEXT_WIDTH, brand_view, has_preferences, logo_view, publication_view
from postroom.render.merge import fence_for, is_clean, longer_fence, token
from postroom.render.plaintext import underlined
from postroom.render.templates import Templates
from postroom.render.wrap import wrapped

_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What to tell: `lists` are the names of those that a person asked for, or is on now.

    `language` is the reader's, a BCP 47 tag; the publication's is spoken where it is not known here, else
    English. `images` holds the brand's logo under its path, as articles' pictures are held.
    """

    kind: Literal["confirm", "welcome"]
    lists: tuple[str, ...]
    language: str = ""
    images: Mapping[str, Asset] = field(default_factory=lambda: MappingProxyType({}))


def render_greeting(greeting: Greeting, channel: Channel, templates: Templates) -> Email:
    """Render `templates/greeting/confirm` or `welcome`, MJML and text, once for everyone who asks for the same.

    The mail to confirm holds the merge field `confirm_url`: whoever sends it gives each recipient theirs. The
    welcome holds `unsubscribe_url`, and `preferences_url` where the channel has such a page. A merge field in a
    name stays as it is written. Pure. Raises TemplateError.
    """
    fence = fence_for(repr(greeting), repr(channel.publication))
    email = _drawn(greeting, channel, templates, fence)
    whole = "\n".join((email.subject, email.preheader, email.html, email.text))
    return email if is_clean(whole, fence) else _drawn(greeting, channel, templates, longer_fence(whole))


def _drawn(greeting: Greeting, channel: Channel, templates: Templates, fence: str) -> Email:
    language, publication = _spoken(greeting, channel), _clean(channel.publication)
    words = {
        key: text.format(name=publication.name) for key, text in LANGUAGES[language][greeting.kind].items()
    }
    view = _view(greeting, channel, fence) | {
        "publication": publication_view(publication, language),
        "words": words,
        "title": words["title"],
    }
    mjml, html = filled(templates, f"greeting/{greeting.kind}.mjml.j2", view)
    return Email(
        subject=words["subject"],
        preheader="",
        html=inlined(html, templates.render("email/article.css.j2", **view)),
        text=tidy(templates.render(f"greeting/{greeting.kind}.txt.j2", **view)),
        mjml=mjml,
        language=language,
        fence=fence,
    )


def _view(greeting: Greeting, channel: Channel, fence: str) -> dict[str, object]:
    def merge(name: str, default: str = "") -> str:
        return token(name, default, fence)

    return {
        "brand": brand_view(channel.brand),
        "code": {"light": dict(LIGHT), "dark": dict(DARK)},
        "standfirst": "",
        "lists": [_plain(each) for each in greeting.lists],
        "hero": None,
        "logo": logo_view(greeting.images, channel.brand),
        "preferences": has_preferences(channel),
        "merge": merge,
        "wrap": lambda text, width=TEXT_WIDTH: "\n".join(wrapped(text, width, fence)),
        "underline": lambda text, line="=": "\n".join(underlined(text, TEXT_WIDTH, line, fence)),
    }


def _clean(publication: Publication) -> Publication:
    address = "\n".join(map(_plain, publication.address.splitlines()))
    return replace(publication, name=_plain(publication.name), address=address)


def _plain(name: str) -> str:
    """Write a name on one line, without what no XML may hold (XML 1.0 §2.2) or is no text."""
    return " ".join(_NO_TEXT.sub(" ", name).split())


def _spoken(greeting: Greeting, channel: Channel) -> str:
    wanted = (each.lower().split("-")[0] for each in (greeting.language, channel.publication.language))
    return next((each for each in wanted if each in LANGUAGES), "en")
