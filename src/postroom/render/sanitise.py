"""The one gate for article HTML: what passes here is all that a mail may hold."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from postroom.render.highlight import LIGHT
from postroom.render.rawhtml import SILENT

if TYPE_CHECKING:
    from nh3 import Cleaner

TAGS = frozenset(
    "a abbr b blockquote br caption cite code dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li "  # noqa: SIM905
    "mark ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var".split()
)
"""Elements that mail clients show. Of all others the text stays; of SILENT ones nothing."""

CLASSES = frozenset(
    "figure caption unshown table footnotes footnote-ref footnote-back checklist lead code".split()  # noqa: SIM905
) | frozenset(LIGHT)
"""Classes that the article's style sheet knows."""

SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "width", "height", "title"},
    "ol": {"start", "reversed"},
    "p": {"style"},
    "div": {"style"},
    "td": {"style", "colspan", "rowspan"},
    "th": {"style", "colspan", "rowspan", "scope"},
}
_FOOTNOTE_ID = re.compile(r"fn(ref)?\d+(-\d+)?")
_ALIGNED = re.compile(r"\btext-align\s*:\s*(left|right|center|justify)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}")
_NUMERIC = frozenset({"width", "height", "start", "colspan", "rowspan"})
_SOURCELESS = re.compile(r"<img(?! src=)(?: [a-z]+=\"[^\"]*\")*>")
_LINKLESS = re.compile(r"<a(?: (?:title|class|id|lang|dir)=\"[^\"]*\")*>(.*?)</a>", re.DOTALL)


def sanitised(html: str, base: str = "") -> str:
    """Keep what mail may hold: no script, no handler, no form, no foreign style, no dangerous URL.

    Relative links start at `base`; links within the article (`#fn1`) and merge fields stay.
    """
    return _SOURCELESS.sub("", _LINKLESS.sub(r"\1", _cleaner(base).clean(html)))


@cache
def _cleaner(base: str) -> Cleaner:
    from nh3 import Cleaner

    return Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(SILENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=set(SCHEMES),
        link_rel=None,
        filter_style_properties={"text-align"},
        url_relative=lambda url: _absolute(url, base),
    )


def _absolute(url: str, base: str) -> str:
    return url if url.startswith(("#", "@@")) or not base else urljoin(base, url)


def _kept(_tag: str, attribute: str, value: str) -> str | None:
    """Filter a value: only our classes, only footnotes' ids, only numbers where numbers belong."""
    if attribute == "class":
        return " ".join(name for name in value.split() if name in CLASSES) or None
    if attribute == "id":
        return value if _FOOTNOTE_ID.fullmatch(value) else None
    if attribute == "style":
        return value if _ALIGNED.search(value) else None
    if attribute in _NUMERIC:
        return value if _NUMBER.fullmatch(value) else None
    return value
