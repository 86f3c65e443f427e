"""Judge a sentence taken out of its article: may it be shown, does it stand alone, does it say something?

Nothing here changes a sentence.
"""

from __future__ import annotations

import regex

from postroom.lint.post_case import URL
from postroom.lint.sentences import ends_sentence
from postroom.render.vocabulary import COMMON, vocabulary

LONGEST = 400
"""A drawn sentence has at most as many characters: twice what shows before LinkedIn's fold."""

# It points at something on the page that a post does not show.
_ELSEWHERE = regex.compile(
    r"""
    ^see\b
    | \b(?:below | as\ (?:shown|seen|mentioned|described|noted)
    | (?:shown|listed|mentioned|described|see)\ above
    | the\ (?:following|above)
    | (?:this|next|previous|last)\ (?:section|chapter|figure|table|example|snippet|post|article)
    | (?:figure|fig\.|table|listing|section|chapter|appendix)\ \d | click | read\ more | table\ of\ contents
    | aforementioned | footnote | siehe | nachfolgend | im\ folgenden | ci-dessous | ci-dessus
    | a\ continuación)\b
    | 以下 | 下記 | 上記 | 次の図 | 如下 | 上图
    """,
    regex.IGNORECASE | regex.VERBOSE,
)
# It speaks of the page, not of the subject.
_NOTICE = regex.compile(
    r"""
    \b(?:originally\ (?:published|appeared) | (?:photo(?:graph)?|image)\ (?:by|credit|source|courtesy)
    | unsplash
    | all\ rights\ reserved | subscribe | newsletter | sign\ up | follow\ (?:us|me) | disclaimer
    | (?:last\ )?updated\ on | affiliate | sponsored | foto: | bild: | quelle:)
    """,
    regex.IGNORECASE | regex.VERBOSE,
)
# What may be left of markup, formulas, template code and placeholders.
_RESIDUE = regex.compile(
    r"[*_]{2,}|`|\*\w|\]\(|\[[^\]]*\]|\\[a-zA-Z(\[]|\$\$|\$\w+\$|[{}|]|</?[a-zA-Z!]|[<>=]{2,}"
    r"|\b(?:TODO|FIXME|XXX)\b"
)
_PAIRS = (("(", ")"), ("«", "»"), ("「", "」"), ("『", "』"), ("（", "）"))

_FIGURE = regex.compile(
    r"""
    \p{Sc}\s?\d
    | \d[\d.,]*\s?(?:%|\p{Sc}|percent|per\ cent|prozent|million|billion|trillion|millionen|milliarden|euros?
      |dollars?|pounds?|億|万|亿|倍|分|times|fold|hours|minutes|seconds|days|weeks|years|stunden|minuten|sekunden
      |tage|jahre)
    | \b(?:half|twice|double|one\ in\ \w+|\w+\ out\ of\ \w+)\b
    """,
    regex.IGNORECASE | regex.VERBOSE,
)
_NUMBER = regex.compile(r"(?<![\w.])(?!(?:19|20)\d\d\b)\d[\d.,]*")
_READER = regex.compile(
    r"\b(?:you|your|we|our|us|du|dein\w*|wir|unser\w*|ihnen|vous|votre|nous|notre|tu|usted|nosotros)\b"
    r"|あなた|私たち|你|我们",
    regex.IGNORECASE,
)
_DEFINITE = regex.compile(r"(?:The|Der|Die|Das|Le|La|Les|El|Los|Las)\s")
_FIRST = regex.compile(r"[^\p{L}\p{N}]*([\p{L}\p{N}]+)")
_WIDE = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")
_KEYWORD = regex.compile(
    r"\p{Han}{2,}|[\p{Katakana}ー]{2,}|[[\p{L}\p{N}]--[\p{Han}\p{Katakana}\p{Hiragana}]]{3,}", regex.V1
)


def width(text: str) -> int:
    """Measure a text for its reader: a full-width character weighs as much as two Latin letters."""
    return len(text) + len(_WIDE.findall(text))


def is_drawable(sentence: str) -> bool:
    """Whether the words may be shown outside their article at all: whole, plain and about the subject."""
    return (
        len(sentence) <= LONGEST
        and ends_sentence(sentence)
        and not any(each.search(sentence) for each in (_RESIDUE, URL, _ELSEWHERE, _NOTICE))
        and is_balanced(sentence)
    )


def is_balanced(text: str) -> bool:
    """Whether every quotation mark and bracket that opens is closed again."""
    curly = text.count("“") == text.count("”") or text.count("„") == text.count("“") + text.count("”")
    return (
        curly
        and text.count('"') % 2 == 0
        and all(text.count(left) == text.count(right) for left, right in _PAIRS)
    )


def stands_alone(sentence: str, language: str) -> bool:
    """Whether it makes sense to someone who has not read the sentence before."""
    words = vocabulary(language)
    opened = sentence.lstrip("\"'“”‘’„«»「『（([¿¡ ")
    if words.starts and opened.startswith(words.starts):
        return False
    first = _FIRST.match(opened)
    if first is None:
        return False
    if first.group(1).casefold() in words.dangling and not opened.casefold().startswith(
        ("those who", "those of us")
    ):
        return False
    return words.phrases is None or words.phrases.match(opened) is None


def points_back(sentence: str, language: str) -> bool:
    """Whether a word in it may stand for something told before."""
    pattern = vocabulary(language).points_back
    return pattern is not None and pattern.search(sentence) is not None


def contrasts(sentence: str, language: str) -> bool:
    """Whether it sets one thing against another, as memorable sentences do."""
    pattern = vocabulary(language).contrast
    return pattern is not None and pattern.search(sentence) is not None


def has_figure(sentence: str) -> bool:
    """Whether it gives an amount: money, a share, a multiple, a span of time."""
    return _FIGURE.search(sentence) is not None


def has_number(sentence: str) -> bool:
    """Whether it gives a number that is no year."""
    return _NUMBER.search(sentence) is not None


def addresses_the_reader(sentence: str) -> bool:
    """Whether it speaks to the reader, or of writer and reader together."""
    return _READER.search(sentence) is not None


def presumes(sentence: str) -> bool:
    """Whether it opens with something definite, as if it were known: `The rate …`."""
    return _DEFINITE.match(sentence) is not None


def keywords(text: str) -> frozenset[str]:
    """Tell the words of a title that a sentence on its subject may share."""
    return frozenset(word.rstrip("s") for word in _KEYWORD.findall(text.casefold()) if word not in COMMON)


def is_statement(heading: str) -> bool:
    """Whether a heading says something by itself: three words or more, and not in Title Case."""
    words = heading.split()
    if len(words) < 3:
        return len(words) == 1 and width(heading) >= 12 and _WIDE.search(heading) is not None
    later = [word for word in words[1:] if word[0].isalpha() and len(word) > 3]
    return sum(word[0].isupper() for word in later) * 2 <= len(later) or not later
