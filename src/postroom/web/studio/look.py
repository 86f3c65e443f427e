"""How a person looks at a sheet. All of it lives in the address of the page, nothing on the server.

So a view survives a reload, can be kept as a bookmark, and works without a script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from postroom.web.studio.source import Entry

DESKTOP, PHONE = 640, 375  # CSS pixels: a mail client's reading pane; an iPhone's screen
NARROWEST, WIDEST = 280, 1_200

SCHEMES = {"light": "Light", "dark": "Dark", "inverted": "Inverted"}
IMAGES = {"none": "None", "own": "Own", "all": "All"}
TABS = {
    "preview": "Preview",
    "text": "Plain text",
    "headers": "Headers",
    "html": "HTML",
    "mjml": "MJML",
    "json": "JSON",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is looked at, and how.

    `article`, `channel` and `variant` name an entry (or leave open which). `width` is in CSS
    pixels. `scheme`: the author's light or dark, or what a client makes by inverting. `images`:
    none, those of this project, or remote ones too. `unfolded` shows a post after "see more".
    `query` narrows the catalogue.
    """

    article: str = ""
    channel: str = ""
    variant: str = ""
    tab: str = "preview"
    width: int = DESKTOP
    scheme: str = "light"
    images: str = "own"
    unfolded: bool = False
    query: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Look:
        """Read a look from an address; what is missing or makes no sense takes its default."""
        return cls(
            article=query.get("article", ""),
            channel=query.get("channel", ""),
            variant=query.get("variant", ""),
            tab=_known(query.get("tab"), TABS, cls().tab),
            width=_width(query.get("width", "")),
            scheme=_known(query.get("scheme"), SCHEMES, cls().scheme),
            images=_known(query.get("images"), IMAGES, cls().images),
            unfolded=query.get("fold") == "open",
            query=query.get("q", ""),
        )

    def at(self, entry: Entry) -> Look:
        """Look at another entry in the same way."""
        return replace(self, article=entry.article, channel=entry.channel, variant=entry.variant)

    def parameters(self) -> dict[str, str]:
        """Write the look as parameters of an address, defaults left out."""
        default = Look()
        told = {
            "article": self.article,
            "channel": self.channel,
            "variant": self.variant,
            "tab": self.tab if self.tab != default.tab else "",
            "width": str(self.width) if self.width != default.width else "",
            "scheme": self.scheme if self.scheme != default.scheme else "",
            "images": self.images if self.images != default.images else "",
            "fold": "open" if self.unfolded else "",
            "q": self.query,
        }
        return {name: value for name, value in told.items() if value}

    def link(self, page: str = "") -> str:
        """Write the look as a relative address of `page` (default: the studio's own)."""
        return f"{page}?{urlencode(self.parameters(), quote_via=quote)}"

    def frame_link(self) -> str:
        """Write the address of the framed mail: it depends on nothing but these."""
        names = ("article", "channel", "variant", "scheme", "images")
        told = {name: value for name, value in self.parameters().items() if name in names}
        return f"mail?{urlencode(told, quote_via=quote)}"

    @property
    def is_phone(self) -> bool:
        """Whether the frame is as narrow as a phone."""
        return self.width <= 430


def find(catalogue: Sequence[Entry], look: Look) -> Entry | None:
    """Find the first entry that agrees with all of the look's names that are given."""
    names = (look.article, look.channel, look.variant)
    for entry in catalogue:
        own = (entry.article, entry.channel, entry.variant)
        if all(not name or name == theirs for name, theirs in zip(names, own, strict=True)):
            return entry
    return None


def _known(value: str | None, choices: Mapping[str, str], default: str) -> str:
    return value if value is not None and value in choices else default


def _width(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        return DESKTOP
    return min(max(int(text), NARROWEST), WIDEST)
