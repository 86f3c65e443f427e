"""Who an article is: its id, the name of its page, and that page's address."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urljoin, urlsplit

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[-_ ]+|$)")
_DRAFT_FOLDERS = frozenset(("_drafts", "drafts"))
_LIGATURES = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "þ": "th"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where an article is read. `name` is what its id falls back to before its path."""

    slug: str
    name: str = ""
    address: str = ""


def shown_path(path: str | Path, start: Path) -> str:
    """Write a path as people see it: relative, with forward slashes, and without bytes that are no
    UTF-8 (they could not be printed).
    """
    return os.fsencode(os.path.relpath(path, start)).decode("utf-8", "replace").replace(os.sep, "/")


def stem(path: str) -> str:
    """Give the telling part of a path: the file's name, or its folder's for `index.md`."""
    pure = PurePosixPath(path)
    name = pure.stem
    return pure.parent.name if name.casefold() == "index" and pure.parent.name else name


def dated(path: str) -> tuple[str, str]:
    """Part a file's name into its date (`2024-03-21`, or "") and the rest."""
    name = stem(path)
    match = _DATED.match(name)
    return (match[1], name[match.end() :]) if match else ("", name)


def title_of(path: str) -> str:
    """Make a title of a file's name: `2024-03-21-my-first_post.md` is "My first post"."""
    words = re.sub(r"[-_\s]+", " ", dated(path)[1]).strip() or stem(path)
    return words[:1].upper() + words[1:]


def draft_folder(path: str) -> str:
    """Name the folder that makes this a draft, or ""."""
    return next((part for part in PurePosixPath(path).parts[:-1] if part.lower() in _DRAFT_FOLDERS), "")


def page(written: str, path: str) -> Page:
    """Read what a slug, permalink, url or path says; `written` is "" where none is given.

    A word is a slug; a path (`/2017/hello/`) or an address names the page itself. Raises
    ValueError for what cannot be an address.
    """
    fallback = slugify(dated(path)[1] or stem(path)) or hashlib.sha256(path.encode()).hexdigest()[:8]
    if not written:
        return Page(slug=fallback)
    route = urlsplit(written).path if re.match(r"https?://", written, re.IGNORECASE) else written
    urljoin("https://localhost/", written)
    parts = [part for part in re.sub(r"\.html?$|/index\.html?$", "", route).split("/") if part]
    slug = slugify(parts[-1]) if parts else ""
    address = written if route != written or written.startswith("/") else ""
    return Page(slug=slug or fallback, name="/".join(parts), address=address)


def slugify(text: str) -> str:
    """Make a part of a URL: lower case, Latin letters without accents, others kept, `-` between."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_LIGATURES)
    signs = (sign for sign in unicodedata.normalize("NFKD", folded) if not "\u0300" <= sign <= "\u036f")
    # Vowel signs of Indic scripts are marks (M): without them the word is another.
    words = "".join(sign if unicodedata.category(sign)[0] in "LNM" else "-" for sign in signs)
    return re.sub(r"-+", "-", unicodedata.normalize("NFC", words)).strip("-")


def is_usable_id(text: str) -> bool:
    """Tell whether a text may name files and ledger rows: printable, relative, no way up."""
    parts = text.split("/")
    return (
        bool(text)
        and text.isprintable()
        and len(text) <= 200
        and not {"", ".", ".."} & set(parts)
        and "\\" not in text
    )


def canonical_url(pattern: str, name: str, page: Page, when: datetime | date | None) -> str | None:
    """Give the page's address: its own, or `pattern` with {slug}, {id}, {year}, {month}, {day}.

    None without a pattern, or where it asks for a date that the article does not have.
    """
    if page.address:
        return urljoin(pattern, page.address) if pattern or ":" in page.address else None
    if not pattern or (when is None and re.search(r"\{(?:year|month|day)\}", pattern)):
        return None
    values = {"slug": quote(page.slug), "id": quote(name)}
    if when is not None:
        values |= {"year": f"{when.year:04}", "month": f"{when.month:02}", "day": f"{when.day:02}"}
    return re.sub(r"\{(slug|id|year|month|day)\}", lambda match: values[match[1]], pattern)
