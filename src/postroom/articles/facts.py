"""Take each fact of an article from the names and types that sites give it, and keep what is left."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from sys import intern
from typing import TypeVar

from postroom.articles.matter import Matter, Value, is_empty, truth, typed
from postroom.articles.names import plain_name
from postroom.articles.notes import Notes
from postroom.articles.values import one_line, read_image, read_labels, read_text, read_texts
from postroom.model import Attribute, ImageRef

_Read = TypeVar("_Read")

_NOT_PUBLIC = frozenset(("draft", "private", "pending", "unpublished", "hidden", "archived", "trash", "wip"))
_PUBLIC = frozenset((
    *("published", "publish", "public", "live", "final", "ready"),
    *("scheduled", "future", "approved", "active", "done"),
))  # fmt: skip
_YES, _NO = frozenset(("true", "yes", "on", "1", "y")), frozenset(("false", "no", "off", "0", "n"))
_EMAIL_PARTS = ("subject", "preheader")


class Facts:
    """The front matter of one article, asked fact by fact.

    What was asked for and used does not come up again in `rest`.
    """

    def __init__(self, matter: Matter, names: Mapping[str, tuple[str, ...]], notes: Notes) -> None:
        self._matter, self._names, self._notes = matter, names, notes
        self._keys: dict[str, list[str]] = {}
        for key in matter:
            self._keys.setdefault(plain_name(key), []).append(key)
        self._used: set[str] = set()

    def candidates(self, fact: str) -> Iterator[tuple[str, Value]]:
        """Give the keys that name this fact and hold something, the most telling first."""
        for name in self._names[fact]:
            for key in self._keys.get(name, ()):
                if is_empty(value := self._matter[key]):
                    self._used.add(key)
                elif key not in self._used:
                    yield key, value

    def line(self, key: str) -> int:
        """Tell on which line of the file a key stands."""
        return self._notes.lines.get(key, 1)

    def use(self, fact: str, key: str) -> None:
        """Note that this key gave the fact, so that its line is found under both names."""
        self._used.add(key)
        self._notes.lines[intern(fact)] = self.line(key)

    def _first(self, fact: str, read: Callable[[Value], _Read | None], expected: str) -> _Read | None:
        """Read the first candidate; one of the wrong type is an error, not a reason to go on."""
        for key, value in self.candidates(fact):
            self.use(fact, key)
            found = read(value)
            if found is None:
                kind = (
                    "a list"
                    if isinstance(value, list)
                    else "a mapping"
                    if isinstance(value, dict)
                    else "this"
                )
                self._notes.error(
                    "front-matter-type", f"{key}: expected {expected}, found {kind}", self.line(key)
                )
            return found
        return None

    def text(self, fact: str) -> str:
        """Read a text, on one line; "" where none is given."""
        return self._first(fact, read_text, "a text") or ""

    def texts(self, fact: str) -> tuple[str, ...] | None:
        """Read a list of names; text with commas is one, too. None where none is given."""
        read = self._first(fact, read_texts, "a text or a list of texts")
        return None if read is None else tuple(dict.fromkeys(read))

    def authors(self) -> tuple[str, ...]:
        """Read one author or many, as text or as mappings with a name. Commas part nothing here."""
        read = self._first(
            "author", lambda value: read_labels(value if isinstance(value, list) else [value]), "a name"
        )
        return tuple(read or ())

    def image(self) -> ImageRef | None:
        """Read the hero image: an address, a mapping with one, or the first of a list."""
        alt = self.text("heroImageAlt")
        reference = self._first("heroImage", read_image, "an image's address")
        if reference is None:
            return None
        src, own_alt = reference
        return ImageRef(src=src, alt=own_alt or alt, line=self._notes.lines.get("heroImage"))

    def draft_reason(self) -> str:
        """Say which key makes this a draft; "" if none does. What is unclear counts as a draft."""
        for key, value in self.candidates("draft"):
            name, word = plain_name(key), one_line(value).lower() if isinstance(value, str) else ""
            if name == "status":
                if word in _PUBLIC:
                    continue
                return self._unpublished(key, value, word)
            decided = True if word in _YES else False if word in _NO else None
            if name == "published" and decided is None:
                continue
            self.use("draft", key)
            if decided is None:
                self._notes.error(
                    "front-matter-type", f"{key}: expected true or false, found `{word}`", self.line(key)
                )
            if decided is not (name == "published"):
                return f"{key}: {word or 'unclear'}"
        return ""

    def _unpublished(self, key: str, value: Value, word: str) -> str:
        """Name the status that keeps an article back; one that is not known is an error, too."""
        self._notes.lines[intern("draft")] = self.line(key)
        if word not in _NOT_PUBLIC:
            found = f"`{one_line(value)[:40]}` is not known" if isinstance(value, str) else "expected a word"
            message = (
                f"{key}: {found}; write published (or {_listed(_PUBLIC - {'published'})}) to let it out, "
                f"draft (or {_listed(_NOT_PUBLIC - {'draft'})}) to keep it back"
            )
            self._notes.error("front-matter-status", message, self.line(key))
        return f"status: {word or 'unclear'}"

    def channels(self) -> tuple[str, ...] | None:
        """Read the names of the channels; () for an empty list: it goes nowhere. None where none is asked for."""
        keys = [key for name in self._names["channels"] for key in self._keys.get(name, ())]
        given = next((key for key in keys if not is_empty(self._matter[key])), None)
        if given is not None or not keys:
            return self.texts("channels")
        key = keys[0]
        self.use("channels", key)
        if isinstance(self._matter[key], list):
            message = f"{key}: the list is empty, so it goes to no channel; remove the line to send it to all"
            self._notes.info("front-matter-channels", message, self.line(key))
            return ()
        message = (
            f"{key}: names no channel; remove the line to send it to all, write `channels: [newsletter]` "
            "to send it to that one, or `channels: []` to send it nowhere"
        )
        self._notes.error("front-matter-channels", message, self.line(key))
        return None

    def email(self) -> dict[str, str]:
        """Read `email: {subject, preheader}`. An address there (the author's) is left to `rest`."""
        for key, value in self.candidates("email"):
            if isinstance(value, str) and "@" in value:
                continue
            self.use("email", key)
            if isinstance(value, dict):
                return {
                    name: text for name, part in value.items() if (text := self._email_part(key, name, part))
                }
            self._notes.error(
                "front-matter-type", f"{key}: expected subject: and preheader: below it", self.line(key)
            )
        return {}

    def _email_part(self, key: str, name: str, value: Value) -> str:
        if name not in _EMAIL_PARTS:
            near = difflib.get_close_matches(name, _EMAIL_PARTS, 1)
            hint = f'did you mean "{near[0]}"?' if near else "known are subject and preheader"
            self._notes.warning(
                "front-matter-unknown", f"{key}.{name}: no such setting; {hint}", self.line(key)
            )
            return ""
        text = read_text(value)
        if text is None:
            self._notes.error("front-matter-type", f"{key}.{name}: expected a text", self.line(key))
        return text or ""

    def social(self) -> dict[str, dict[str, str | tuple[str, ...]]]:
        """Read `social: {network: {part: text or list of texts}}`; line breaks in texts stay."""
        networks: dict[str, dict[str, str | tuple[str, ...]]] = {}
        for key, value in self.candidates("social"):
            self.use("social", key)
            for network, parts in value.items() if isinstance(value, dict) else ():
                networks[network] = self._parts(f"{key}.{network}", parts)
            if not isinstance(value, dict):
                message = f"{key}: expected networks with their texts below it, such as linkedin: {{hook: …}}"
                self._notes.warning("front-matter-type", message, self.line(key))
        return {network: parts for network, parts in networks.items() if parts}

    def _parts(self, place: str, value: Value) -> dict[str, str | tuple[str, ...]]:
        parts: dict[str, str | tuple[str, ...]] = {}
        line = self.line("social")
        if not isinstance(value, dict):
            message = (
                f"{place}: expected parts such as hook: or question: below it; what stands there is not used"
            )
            self._notes.warning("front-matter-type", message, line)
            return parts
        for name, part in value.items():
            if isinstance(part, list) and all(isinstance(item, str) for item in part):
                parts[name] = tuple(str(item).strip() for item in part if not is_empty(item))
            elif isinstance(part, str):
                parts.update({name: str(part).strip()} if not is_empty(part) else {})
            else:
                self._notes.error(
                    "front-matter-type", f"{place}.{name}: expected a text or a list of texts", line
                )
        return parts

    def dates(self, fact: str) -> Iterator[tuple[str, str]]:
        """Give the keys and texts that may be this date; `published: true` is none."""
        for key, value in self.candidates(fact):
            text = read_text(value)
            if text is None:
                self._notes.error("front-matter-type", f"{key}: expected a date, found none", self.line(key))
            elif truth(value) is None:
                yield key, text

    def slug(self) -> tuple[str, str]:
        """Give the key and text that names the page; ("", "") if none. A pattern of a site
        generator (`/:year/:title/`) names none.
        """
        for key, value in self.candidates("slug"):
            text = one_line(value) if isinstance(value, str) else ""
            if text and not re.search(r"(?:^|/):\w|[{}<>]", text):
                self.use("slug", key)
                return key, text
        return "", ""

    def rest(self) -> dict[str, Attribute]:
        """Give all that no fact has used, with settled types."""
        return {
            intern(str(key)): typed(value) for key, value in self._matter.items() if key not in self._used
        }


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
