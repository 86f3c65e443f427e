"""What an article's body tells of it: the heading that may be its title, and how long it reads."""

from __future__ import annotations

import math
import re

# Silent reading of English non-fiction: 238 words a minute on average (Brysbaert 2019,
# doi:10.1016/j.jml.2019.104047), rounded down for figures and code.
WORDS_PER_MINUTE = 230

# Every repetition is bounded or ends at a line: no body makes these slow.
_H1 = re.compile(
    r"^ {0,3}#[ \t]+(?P<atx>\S[^\n]*)$|^ {0,3}(?P<setext>\S[^\n]*)\n {0,3}=+[ \t]*$", re.MULTILINE
)
_MARKUP = re.compile(
    r"!?\[([^\]]{0,300})\](?:\([^)]{0,300}\)|\[[^\]]{0,300}\])|[*`]+|\b_+|_+\b|<[^>]{1,200}>| \{[#.][^}]{0,80}\}$"
)
_LONGEST_HEADING = 500
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_MINUTES = re.compile(r"(?=\d)(?:(\d{1,3})\s*(?:hours?|hrs?|h)\b\D*)?(\d{1,4})?", re.IGNORECASE)


def first_heading(body: str, prose: str) -> tuple[str, int]:
    """Give the text of the first H1, without its markup, and its line counted from 0.

    `prose` is the body with its code blanked out, where no `# comment` passes for a heading.
    ("", 0) if there is none.
    """
    match = _H1.search(prose) if "#" in prose or "\n=" in prose else None
    if match is None:
        return "", 0
    start, end = match.span("atx" if match["atx"] else "setext")
    text = " ".join(body[start : min(end, start + _LONGEST_HEADING)].split())
    bare = text.rstrip("#")
    text = bare if bare.endswith(" ") else text
    return " ".join(_MARKUP.sub(r"\1", text).split()), prose.count("\n", 0, match.start())


def reading_minutes(body: str) -> int | None:
    """Count words and give whole minutes, at least one; None for an empty body.

    Chinese and Japanese put no blanks between words: two characters count as one word.
    """
    ideographs = 0 if body.isascii() else len(_IDEOGRAPH.findall(body))
    words = (
        len(body.split())
        if not ideographs
        else len(_WORD.findall(_IDEOGRAPH.sub(" ", body))) + ideographs / 2
    )
    return max(1, math.ceil(words / WORDS_PER_MINUTE)) if words else None


def written_minutes(text: str) -> int | None:
    """Read `8 mins`, `1 hour 10 min`, `8`; None where no minute is named (`0 mins`, too)."""
    match = _MINUTES.search(text)
    return (int(match[1] or 0) * 60 + int(match[2] or 0) or None) if match else None
