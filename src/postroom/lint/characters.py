"""Characters that harm a post: letters in disguise, and marks that nobody sees.

Screen readers spell "bold" letters of the mathematical alphabets one by one or leave them out
(adrianroselli.com, "Don't use fake bold or italic in social media", read 2026-11-22).
"""

from __future__ import annotations

import unicodedata

import regex

# Letters and digits in disguise that NFKC turns back into plain ones.
_DISGUISED = (
    "\U0001d400-\U0001d7ff"  # mathematical alphanumerics
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"  # full width
    "\u24b6-\u24e9\U0001f130-\U0001f149"  # enclosed
)
_NEGATIVE_CIRCLED = "\U0001f150-\U0001f169"
_STYLED = regex.compile(f"[{_DISGUISED}]+")

# A joiner is wanted inside an emoji and between the letters of scripts that join.
_JOINING = (
    r"[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{M}\p{Arabic}\p{Devanagari}\p{Bengali}\p{Gurmukhi}"
    r"\p{Gujarati}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}]"
)
_HIDDEN = regex.compile(
    rf"(?<!{_JOINING})[\u200c\u200d]|[\u200c\u200d](?!{_JOINING})"
    r"|[\u200b\u2060\ufeff\u00ad\u180e]"  # zero width
    r"|[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"  # direction
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # control
)
_FORBIDDEN = regex.compile(f"[{_DISGUISED}{_NEGATIVE_CIRCLED}]|{_HIDDEN.pattern}")


def plain_letters(text: str) -> str:
    """Turn letters in disguise into the letters that they stand for."""
    return _STYLED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)


def clean(text: str) -> str:
    """Write the text with plain letters, without hidden marks and tabs, in form NFC."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\u2028", "\n")
    return unicodedata.normalize("NFC", _HIDDEN.sub("", plain_letters(text)))


def forbidden(text: str) -> tuple[str, ...]:
    """Name each forbidden character of the text once, as `U+200B ZERO WIDTH SPACE`."""
    found = dict.fromkeys(match.group() for match in _FORBIDDEN.finditer(text))
    return tuple(f"U+{ord(each):04X} {unicodedata.name(each, 'control character')}" for each in found)
