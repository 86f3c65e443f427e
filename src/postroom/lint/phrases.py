"""Wordings that give away a text that is no article, and addresses that were never filled in.

Kept as tables, so that an editor's new find is one line more. In the tables a word in angle brackets
stands for a group of `_GROUPS`, and a blank for any white space. Case does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_GROUPS = {
    "thing": (
        r"(?:topic|title|content|article|subject|details|information|input|text|context|prompt|"
        r"keywords?)"
    ),
    "kind": r"(?:(?:a|an|the|any|your|more|valid|clear|specific|sufficient|additional|article|blog) )*",
    "lacking": r"(?:required|needed|missing|unavailable|not (?:available|found|provided|specified|supplied))",
    "given": r"(?:provided|given|supplied|found|received|specified|included)",
    "ask": r"(?:provide|specify|supply|enter|clarify)",
    "cannot": r"(?:can(?:'?t|not)|(?:am |are )?(?:unable|not able) to|couldn'?t|won'?t|don'?t have)",
    "make": (
        r"(?:write|create|generate|produce|assist|help (?:with|you)|fulfil+|provide|comply|process|"
        r"proceed)"
    ),
    "end": r"\s*(?:[:.!-]|$)",
    "who": (
        r"(?:author|company|client|first|last|full|product|brand|person|expert|speaker|event|recipient|"
        r"sender|job)"
    ),
    "blank": (
        r"(?:name|title|company|topic|date|author|city|number|amount|url|link|email|phone|address|source|"
        r"quote)"
    ),
}

# Titles under which generators have saved a refusal or an error as if it were an article: as a
# whole (<end>), or by an opening that no headline has.
_REFUSING_TITLES = (
    r"<kind>content (?:is )?<lacking>\b",
    r"<kind>(?:post|page|<thing>) (?:is )?(?:required|needed|missing|unavailable)<end>",
    r"<kind>(?:post|page|<thing>) (?:is )?not (?:available|found|provided|specified|supplied)<end>",
    r"(?:input|generation|processing|content) (?:error|failed|failure)<end>",
    (
        r"(?:invalid|missing|empty|insufficient) (?:request|<thing>)"
        r"\s*(?:[.!]|$|[:-] ?(?:please|.{0,40}\b<lacking>))"
    ),
    r"(?:error|exception|traceback)\s*(?::|\d{3}|$)",
    r"please <ask>\b.{0,40}\b<thing>\b",
    r"(?:awaiting|waiting for|need|require)s? <kind><thing>\s*[.!]?$",
    r"no <kind><thing>\b.{0,20}\b<given>\b",
    r"(?:unable|not able|failed) to (?:fetch|load|generate|create|write|produce|process)\b",
    r"(?:(?:i'?m|i am|we'?re|we are) )?(?:very |so )?sorry\b.{0,30}\b<cannot> <make>\b",
    r"i <cannot> <make>\b|i apologi[sz]e,? but\b",
    r"as an ai (?:language )?(?:model|assistant)\b",
    r"(?:request|article|content) (?:rejected|declined|refused|cannot be <make>d?)\b",
    r"(?:untitled|undefined|null|none|nan|n/a|placeholder|title|article title|\[object object\])$",
    (
        r"(?:40[0-9]|50[0-9])"
        r"(?:[ :-]+(?:page )?(?:not found|forbidden|error|bad gateway|internal server error))?$"
    ),
    r"(?:access denied|page not found|just a moment\W*|too many requests|internal server error)$",
)

# Openings of bodies that speak to whoever asked for the article, not to its readers.
_REFUSING_OPENINGS = (
    (
        r"(?:i'?m|i am|we'?re|we are) (?:very |so |truly )?(?:sorry|afraid)"
        r"\b.{0,70}?\b<cannot>\b.{0,40}?\b<make>\b"
    ),
    r"(?:sorry,? (?:but )?)?i <cannot> <make>\b.{0,60}?\b(?:request|that|this|<thing>)\b",
    r"(?:i|we) apologi[sz]e\b.{0,120}?\b(?:<cannot>|<make>|no <kind><thing>)\b",
    r"as an? (?:ai|artificial intelligence)(?: language)?(?: model| assistant)?,? i\b",
    (
        r"(?:it (?:seems|appears|looks like)|i notice)\b.{0,60}?\b(?:no|without|haven'?t|didn'?t)"
        r"\b.{0,60}?\b<given>\b"
    ),
    r"i (?:don'?t|do not|didn'?t|can'?t) (?:see|receive)\b.{0,40}?\b<thing>\b",
    r"(?:please|could you(?: please)?|kindly) <ask>\b.{0,60}?\b<thing>\b",
    (
        r"(?:certainly|sure|of course|absolutely)[!,.] here(?:'s| is)"
        r" .{0,40}\b(?:article|post|draft|version|content)\b"
    ),
    r"(?:no|insufficient|missing|invalid) <kind><thing>\b.{0,30}?\b<given>\b",
    r"<kind>content (?:is )?<lacking>\b",
    r"(?:error|exception)\s*(?::|\d{3}\b)",
    r"\{\s*\"(?:error|message|detail|status)\"\s*:",
    r"traceback \(most recent call last\)",
    r"<!doctype html|<html\b",
    r"429 too many requests|50[0-4] (?:internal server error|bad gateway|service unavailable|gateway time)",
    r"40[34] (?:forbidden|not found)|access denied|rate limit (?:exceeded|reached)",
)

# Inside square brackets that are no Markdown: what someone was asked to fill in.
_BLANKS = (
    r"(?:your|insert|enter|add|fill in|placeholder|replace|specify|todo|tbd|tbc|fixme)\b[^\]\n]{0,80}",
    r"(?:the )?(?:<who>(?:'s)?[ _-])*<blank> (?:(?:goes )?here|needed|placeholder|tbd)",
    r"(?:the )?(?:<who>(?:'s)?[ _-])+<blank>",
    r"name|author|company|topic|byline|date|x{2,}|\.{3}|_{2,}|n/a",
)

_FILLERS = (
    r"\blorem ipsum dolor\b",
    r"(?-i:\b(?:TODO|FIXME|TBD|TBC)\b(?=\s*(?::|\(|$)))",
    r"(?-i:^[^\S\n]*(?:TODO|FIXME)\b)",
    r"\bplaceholder (?:text|title|content)(?=\s*(?:[.:!]|here|goes|$))",
    r"\byour (?:text|title|content) (?:goes )?here\b",
)

_EXAMPLE_HOSTS = (
    r"example\.(?:com|org|net|edu)",
    r"(?:your|my)-?(?:domain|site|website|company|blog|brand|newsletter)(?:-?(?:name|here))?\.\w+",
    r"(?:domain|website|sitename|companyname)\.com",
    r"(?:placeholder|placekitten|lorempixel|dummyimage|placeimg|loremflickr)\.com",
    r"placehold\.(?:it|co|jp)|picsum\.photos|fakeimg\.pl",
    r"localhost|127\.0\.0\.1|0\.0\.0\.0",
)


def _any_of(table: Iterable[str], frame: str) -> re.Pattern[str]:
    pattern = frame.format("|".join(table).replace(" ", r"\s"))
    for name, group in _GROUPS.items():
        pattern = pattern.replace(f"<{name}>", group)
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


REFUSING_TITLE = _any_of(_REFUSING_TITLES, r"\W*(?:{})")
"""Matches a title, from its beginning, that no article has."""

REFUSING_OPENING = _any_of(_REFUSING_OPENINGS, r"[\s\"'*_#>]*(?:{})")
"""Matches the beginning of a body that is no article."""

BLANK = _any_of(_BLANKS, r"\[\s*(?:{})\s*\]")
"""Matches a bracket that was to be filled in."""

FILLER = _any_of(_FILLERS, "{}")
"""Matches words that say: this is to be written yet."""

FILLER_WORDS = ("TODO", "FIXME", "TBD", "TBC", "lorem", "Lorem", "LOREM", "laceholder", " here")
"""One of these stands in every text that FILLER matches (but in odd capitals): quick to look for."""

EXAMPLE_HOST = _any_of(_EXAMPLE_HOSTS, r"(?:[\w-]+\.)*(?:{})\Z")
"""Hosts that stand for another, or serve stand-ins (RFC 2606, section 3, and stock placeholders). The
`.example` domain itself is left out: a publication may rehearse under it.
"""
