"""What mail templates are told: plain texts and numbers, never a file, a path or a piece of code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from postroom.model import Article, Asset, Brand, Channel, Manuscript, Palette, Publication
from postroom.render.highlight import DARK, LIGHT
from postroom.render.markdown import Document
from postroom.render.merge import mark, token
from postroom.render.pictures import shown_size
from postroom.render.plaintext import underlined
from postroom.render.wrap import wrapped

WORDS_PER_MINUTE = 238
"""How fast adults read non-fiction in silence (Brysbaert 2019, Journal of Memory and Language 109)."""

STANDFIRST_CHARS = 320
"""A description that is longer is no standfirst; half of those counted have fewer than 293 characters."""

GUTTER = 32
"""CSS pixels beside the text."""

TEXT_WIDTH = 74
"""Columns of the plain-text half (RFC 5322 2.1.1 asks for at most 78)."""

MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
RTL = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
"""Languages written from right to left (Unicode CLDR 46, characterOrder)."""

NETWORKS: Mapping[str, str] = MappingProxyType(
    {
        "linkedin": "LinkedIn",
        "bluesky": "Bluesky",
        "mastodon": "Mastodon",
        "youtube": "YouTube",
        "instagram": "Instagram",
        "facebook": "Facebook",
        "threads": "Threads",
        "github": "GitHub",
        "telegram": "Telegram",
        "whatsapp": "WhatsApp",
        "twitter": "Twitter",
        "x": "X",
    }
)
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it is shown: CSS pixels; `height` is None where nobody knows it."""

    url: str
    alt: str
    width: int
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallToAction:
    """A call to action: a first sentence to set large, the rest, and where it leads."""

    lead: str
    rest: str
    label: str = ""
    url: str = ""


def view_of(manuscript: Manuscript, channel: Channel, document: Document, fence: str) -> dict[str, object]:
    """Gather everything that a mail template may print, apart from the body."""
    article, publication = manuscript.article, channel.publication

    def marked(text: str) -> str:
        return mark(" ".join(text.split()), fence)

    def merge(name: str, default: str = "") -> str:
        return token(name, default, fence)

    return {
        "publication": publication_view(publication, language_of(article, publication)),
        "brand": brand_view(channel.brand),
        "code": {"light": dict(LIGHT), "dark": dict(DARK)},
        "title": marked(article.title),
        "standfirst": marked(standfirst(article, document)),
        "authors": joined(article.authors),
        "date": dated(article.publish_at, publication),
        "read_time": article.read_time or minutes_to_read(document),
        "hero": _hero(manuscript, channel.brand.width),
        "logo": logo_view(manuscript.images, channel.brand),
        "cta": call_to_action(article, publication, marked),
        "url": article.url or "",
        "preferences": has_preferences(channel),
        "merge": merge,
        "wrap": lambda text, width=TEXT_WIDTH: "\n".join(wrapped(text, width, fence)),
        "underline": lambda text, line="=": "\n".join(underlined(text, TEXT_WIDTH, line, fence)),
    }


def has_preferences(channel: Channel) -> bool:
    """Whether its readers have a page of Postroom's on which they choose what they get."""
    return channel.unsubscribe is not None and channel.unsubscribe.web is not None


def language_of(article: Article, publication: Publication) -> str:
    """Tell the mail's language: the article's own, else the publication's."""
    return article.language or publication.language


def standfirst(article: Article, document: Document) -> str:
    """Tell what stands under the title: the subtitle, else a description that the body does not repeat."""
    if article.subtitle:
        return article.subtitle
    description, opening = _plain(article.description), _plain(document.opening())
    if not description or len(description) > STANDFIRST_CHARS:
        return ""
    return article.description if opening == description or not opening.startswith(description) else ""


def joined(names: tuple[str, ...]) -> str:
    """Write names as a person would: `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def dated(moment: datetime | None, publication: Publication) -> str:
    """Write a date in the publication's zone: `7 February 2025`, in American English `February 7, 2025`,
    and `2025-02-07` in languages whose months are not known here.
    """
    if moment is None:
        return ""
    day = moment.astimezone(ZoneInfo(publication.timezone))
    language = publication.language.lower()
    if not language.startswith("en"):
        return f"{day:%Y-%m-%d}"
    month = MONTHS[day.month - 1]
    return f"{month} {day.day}, {day.year}" if language == "en-us" else f"{day.day} {month} {day.year}"


def minutes_to_read(document: Document) -> int:
    """Estimate how long reading takes, at least a minute."""
    return max(1, round(len(document.text().split()) / WORDS_PER_MINUTE))


def call_to_action(
    article: Article, publication: Publication, marked: Callable[[str], str] = str
) -> CallToAction | None:
    """Read an article's call: to a network that it names and the publication has, else to the article."""
    if not article.cta.strip():
        return None
    sentences = _SENTENCE.split(marked(article.cta), maxsplit=1)
    lead, rest = (
        (sentences[0], " ".join(sentences[1:])) if len(sentences[0]) <= 90 else ("", " ".join(sentences))
    )
    network = _named(article.cta, publication.links)
    if network:
        label = f"Follow on {NETWORKS.get(network.lower(), network)}"
        return CallToAction(lead=lead, rest=rest, label=label, url=publication.links[network])
    label = "Read it on the web" if article.url else ""
    return CallToAction(lead=lead, rest=rest, label=label, url=article.url or "")


def _named(cta: str, links: Mapping[str, str]) -> str | None:
    """Find the link whose network a call names as a word; a bare `x` needs its capital."""
    for name in links:
        shown = NETWORKS.get(name.lower(), name)
        if re.search(rf"\b{re.escape(shown)}\b", cta, 0 if len(shown) == 1 else re.IGNORECASE):
            return name
    return None


def publication_view(publication: Publication, language: str) -> dict[str, object]:
    """Tell templates who publishes, in a mail of this language."""
    return {
        "name": publication.name,
        "url": publication.url,
        "address": publication.address,
        "language": language,
        "direction": "rtl" if language.split("-")[0].lower() in RTL else "ltr",
        "links": {NETWORKS.get(name.lower(), name): url for name, url in publication.links.items()},
    }


def brand_view(brand: Brand) -> dict[str, object]:
    """Tell templates how mail looks."""
    return {
        "light": _palette(brand.light),
        "dark": _palette(brand.dark),
        "font": re.sub(r"[<>{};]", "", brand.font),
        "width": brand.width,
        "radius": brand.radius,
        "gutter": GUTTER,
    }


def _palette(palette: Palette) -> dict[str, str]:
    return {**asdict(palette), "on_accent": on(palette.accent)}


def on(colour: str) -> str:
    """Choose white or near-black for text on `#rrggbb`, whichever contrasts more (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.06 else "#111111"


def _hero(manuscript: Manuscript, width: int) -> Picture | None:
    image = manuscript.article.image
    asset = manuscript.images.get(image.src) if image else None
    if image is None or asset is None:
        return None
    shown = shown_size(asset, width)
    return Picture(url=asset.url, alt=image.alt, width=shown[0], height=shown[1])


def logo_view(images: Mapping[str, Asset], brand: Brand) -> Picture | None:
    """Show the logo 40 CSS pixels high at most, if it was made ready with the other pictures."""
    asset = images.get(str(brand.logo)) if brand.logo else None
    if asset is None or not asset.width or not asset.height:
        return None
    height = min(40, asset.height)
    return Picture(
        url=asset.url, alt="", width=max(1, round(asset.width * height / asset.height)), height=height
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
