"""Merge fields: what each of a frozen mail's tokens stands for, for one recipient.

A token is a field's name between two fences, with a default after `|` if it has one. Values are data:
they are escaped for where they stand, and never looked at for tokens again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from postroom.compose.wording import printable
from postroom.model import Recipient

_BASIC: Final = ("first_name", "name", "web_url", "email", "unsubscribe_url")
_WEB_URL: Final = re.compile(
    r"https?://[^\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\"<>\\^`{|}]+", re.IGNORECASE
)


class Token(NamedTuple):
    """A field's name as it stands in a text; `default` is written for its place already."""

    name: str
    default: str


def cut(text: str, fence: str) -> tuple[tuple[str, ...], tuple[Token, ...]]:
    """Cut a text at its tokens: first what stands around them, one piece more than there are tokens."""
    if not fence or fence not in text:
        return (text,), ()
    edge = re.escape(fence)
    pieces = re.split(f"{edge}([a-z][a-z0-9_]*)(?:\\|(.*?))?{edge}", text)
    tokens = zip(pieces[1::3], pieces[2::3], strict=True)
    return tuple(pieces[::3]), tuple(Token(name, default or "") for name, default in tokens)


def fields_of(recipient: Recipient, unsubscribe_url: str) -> dict[str, str]:
    """List all fields of a recipient, as `value_of` knows them."""
    return {name: value_of(name, recipient, unsubscribe_url) for name in {*_BASIC, *recipient.merge}}


def value_of(name: str, recipient: Recipient, unsubscribe_url: str) -> str:
    """Tell what a field stands for, as printable text; empty where it is unknown.

    A column of the audience cannot change the closed fields, but may say what `first_name`, `name` and
    `web_url` are, the last of them only as a link to the web.
    """
    if name == "unsubscribe_url":
        return unsubscribe_url
    if name == "preferences_url":  # no column may lead there; whoever writes the letter knows the page
        return ""
    if name == "email":
        return recipient.address
    said = recipient.merge.get(name)
    if not said or not said.strip():
        return printable(_known(name, recipient))
    if name == "web_url" and not _WEB_URL.fullmatch(said.strip(" ")):
        return ""
    return printable(said)


def fill_text(text: str, fence: str, fields: Mapping[str, str]) -> str:
    """Fill the tokens of a subject or another short text."""
    around, tokens = cut(text, fence)
    values = (printable(fields.get(token.name, "")) or token.default for token in tokens)
    return around[0] + "".join(value + piece for value, piece in zip(values, around[1:], strict=True))


def _known(name: str, recipient: Recipient) -> str:
    """Tell a field that no column says."""
    if name == "name":
        return recipient.name
    return _first_name(recipient.name) if name == "first_name" else ""


def _first_name(name: str) -> str:
    """Guess a first name; better none than `Dr.`, `Smith,` or half a company."""
    first = name.split(maxsplit=1)[0] if name.strip() else ""
    is_word = first.isalpha() or re.sub("[-'’]", "", first).isalpha()
    return first if is_word and not first.isupper() else ""
