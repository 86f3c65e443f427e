"""Merge fields: what each of a frozen mail's tokens stands for, for one recipient.

A token is a field's name between two fences, with a default after `|` if it has one. Values are data:
they are escaped for where they stand, and never looked at for tokens again.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

from postroom.compose.header import printable
from postroom.model import Recipient


def fields_of(recipient: Recipient, unsubscribe_url: str) -> dict[str, str]:
    """List all fields of a recipient. A column of the audience cannot change the closed ones, but
    may say what `first_name`, `name` and `web_url` are.
    """
    guessed = {"first_name": _first_name(recipient.name), "name": recipient.name, "web_url": ""}
    said = {name: value for name, value in recipient.merge.items() if value.strip()}
    return {**guessed, **said, "email": recipient.address, "unsubscribe_url": unsubscribe_url}


def fill_text(text: str, fence: str, fields: Mapping[str, str]) -> str:
    """Fill the tokens of plain text, or of a subject."""
    return _fill(text, fence, lambda name: printable(fields.get(name, "")))


def fill_html(text: str, fence: str, fields: Mapping[str, str]) -> str:
    """Fill the tokens of HTML, in its text or between the quotes of an attribute."""
    return _fill(text, fence, lambda name: html.escape(printable(fields.get(name, ""))))


def _fill(text: str, fence: str, value_of: Callable[[str], str]) -> str:
    """Replace each token once; its default, written for its place already, where there is no value."""
    if not fence or fence not in text:
        return text
    edge = re.escape(fence)
    token = re.compile(f"{edge}([a-z][a-z0-9_]*)(?:\\|(.*?))?{edge}")
    return token.sub(lambda match: value_of(match[1]) or match[2] or "", text)


def _first_name(name: str) -> str:
    """Guess a first name; better none than `Dr.`, `Smith,` or half a company."""
    first = name.split(maxsplit=1)[0] if name.strip() else ""
    is_word = re.sub("[-'’]", "", first).isalpha()
    return first if is_word and not first.isupper() else ""
