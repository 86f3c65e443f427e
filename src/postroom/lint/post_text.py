"""Rules about the characters, length and layout of a post."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import regex

from postroom.lint import linkedin
from postroom.lint.characters import forbidden
from postroom.lint.post_case import Case
from postroom.lint.sentences import split
from postroom.model import Finding

PARAGRAPH_LIMIT = 300
PARAGRAPH_SENTENCES = 3
EMOJI_LIMIT = 5
SHOUT_LIMIT = 20

_LEFTOVER = regex.compile(
    r"\{\{|\}\}|\{%|%\}|\bTODO\b(?=[:\s]*$|:)|\bFIXME\b|\bXXX\b|lorem ipsum"
    r"|\[(?:placeholder|insert\b[^\]]*|your\b[^\]]*|company(?: name)?|name|author|title|link|url|date)\]",
    regex.IGNORECASE | regex.MULTILINE,
)
_TAGS = (
    "a|abbr|b|blockquote|br|button|center|code|dd|details|div|dl|dt|em|figure|figcaption|font|form|h[1-6]|hr|i"
    "|iframe|img|input|kbd|li|mark|ol|p|pre|s|script|section|small|span|strong|style|sub|summary|sup|svg|table"
    "|tbody|td|th|thead|tr|u|ul|video"
)
_MARKDOWN = regex.compile(
    rf"\*\*|__|`|\]\(|\[\^|^#{{1,6}} |^(?:-{{3,}}|\*{{3,}})$|</?(?:{_TAGS})(?:\s[^<>]*)?/?>|<!--|-->",
    regex.IGNORECASE | regex.MULTILINE,
)
_EMOJI = regex.compile(
    r"(?:\p{RI}\p{RI}|(?![©®™])\p{Extended_Pictographic}(?:[\ufe0f\p{EMod}]|\u200d\p{ExtPict})*)"
)
_EMOJI_IN_WORD = regex.compile(
    rf"[\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}]{_EMOJI.pattern}[\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}]"
)
_BULLET = regex.compile(r"(?:[•\-–→▸✓]|\d{1,2}[.)])\s")


def says_something(case: Case) -> Iterator[Finding]:
    """E01: each part holds text (an empty post is refused by every network)."""
    if not case.post.parts or not all(part.strip() for part in case.post.parts):
        yield case.error("post-empty", f"it has no text; {case.cure}")


def has_no_leftovers(case: Case) -> Iterator[Finding]:
    """E01: no template code, placeholder or note to oneself reaches a reader."""
    for found in dict.fromkeys(match.group() for match in _LEFTOVER.finditer(case.text)):
        yield case.error("post-leftover", f"{found!r} was left in the text; write what it stands for")


def fits(case: Case) -> Iterator[Finding]:
    """E02: within the network's limit (Network.text_limit says whose), however it is counted.

    How LinkedIn counts is not documented: visible code points over the limit are an error, UTF-16
    units of the escaped text, the strictest count, a warning.
    """
    limit = case.network.text_limit
    for part in case.post.parts:
        escaped = linkedin.utf16_length(linkedin.commentary(part, case.post.hashtags))
        counts = f"{len(part):,} characters ({escaped:,} once escaped); {limit:,} are allowed"
        if len(part) > limit:
            yield case.error("post-too-long", f"{counts}; {case.cure}")
        elif escaped > limit:
            yield case.warning("post-near-limit", f"{counts}, and how they are counted is not documented")


def reads_back(case: Case) -> Iterator[Finding]:
    """E03: escaped as little text and read back, the post is the same (see lint.linkedin)."""
    for part in case.post.parts:
        written = linkedin.commentary(part, case.post.hashtags)
        try:
            same = linkedin.parse(written) == part
        except linkedin.LittleTextError as error:
            yield case.error("post-cut-short", f"LinkedIn would cut it: {error}")
            continue
        if not same or set(linkedin.parse_hashtags(written)) - set(case.post.hashtags):
            yield case.error("post-cut-short", "LinkedIn would read another text than was written")


def has_no_markdown(case: Case) -> Iterator[Finding]:
    """E04: no Markdown or HTML shows; networks print it as it stands."""
    for found in dict.fromkeys(match.group().strip() for match in _MARKDOWN.finditer(case.text)):
        yield case.error(
            "post-markdown", f"{found!r} would be shown as it stands; write plain text, or {case.cure}"
        )


def has_plain_characters(case: Case) -> Iterator[Finding]:
    """E05: no letters in disguise, hidden marks or control characters (see lint.characters)."""
    found = forbidden(case.text)
    if found:
        yield case.error(
            "post-characters", f"it holds {', '.join(found)}, which people or screen readers cannot read"
        )


def has_short_paragraphs(case: Case) -> Iterator[Finding]:
    """W08: a paragraph has at most 300 characters and three sentences (practice of the trade)."""
    for paragraph in case.message.split("\n\n"):
        if "\n" in paragraph or _BULLET.match(paragraph):
            continue
        count = len(split(paragraph, case.post.language))
        if len(paragraph) > PARAGRAPH_LIMIT or count > PARAGRAPH_SENTENCES:
            start = paragraph[:40].rstrip()
            yield case.warning(
                "paragraph-too-long",
                f"the paragraph “{start}…” has {len(paragraph)} characters in {count} sentences; "
                f"up to {PARAGRAPH_LIMIT} in {PARAGRAPH_SENTENCES} are easy to read on a phone; {case.cure}",
            )


def is_spaced_well(case: Case) -> Iterator[Finding]:
    """E09: no runs of blank lines, blank ends of lines or tabs; Unicode form NFC (UAX #15)."""
    faults = {
        "two or more blank lines in a row": "\n\n\n" in case.text,
        "blank space at the end of a line": regex.search(r"[^\S\n](?:\n|$)", case.text) is not None,
        "a tab": "\t" in case.text,
        "letters and accents that are not composed (NFC)": not unicodedata.is_normalized("NFC", case.text),
    }
    for fault, is_found in faults.items():
        if is_found:
            yield case.error("post-spacing", f"it holds {fault}; mend the template, or {case.cure}")


def is_calm(case: Case) -> Iterator[Finding]:
    """W11: at most five emoji, none inside a word, no long line in capitals (practice; screen readers)."""
    count = len(_EMOJI.findall(case.text))
    if count > EMOJI_LIMIT:
        yield case.warning("too-many-emoji", f"{count} emoji; up to {EMOJI_LIMIT} read well")
    if _EMOJI_IN_WORD.search(case.text):
        yield case.warning(
            "emoji-in-word", "an emoji stands inside a word; screen readers read its name there"
        )
    for line in case.lines:
        letters = [letter for letter in line if letter.lower() != letter.upper()]
        if len(letters) > SHOUT_LIMIT and all(letter.isupper() for letter in letters):
            yield case.warning("post-shouts", f"“{line[:40]}” is all in capitals; write it as a sentence")
