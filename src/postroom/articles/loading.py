"""Read one article file: bytes → text → front matter and body → Article, with all that was noticed.

Nothing that a file may hold makes `load` fail: what cannot be read is a finding with its line.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from sys import intern

from postroom.articles.assembling import Text, assemble, place
from postroom.articles.decoding import decode
from postroom.articles.fences import Sheet, YAMLFront, take_apart
from postroom.articles.matter import Matter, MatterError
from postroom.articles.notes import Notes
from postroom.articles.repair import read_by_line
from postroom.articles.rules import ArticleRules
from postroom.errors import ArticleError
from postroom.lint.article import inspect
from postroom.lint.page import Page
from postroom.lint.prose import prose
from postroom.model import Article, Finding
from postroom.plainfiles import read_plain

MAX_MATTER_BYTES = 64 * 1024
"""Front matter beyond this is no front matter: the longest of 36,765 published posts has a few KB."""

MAX_BODY_BYTES = 1024 * 1024
"""The longest of those posts has 851 KB, nearly all of it one picture written as text."""

MAX_DEEP_BRACKETS = 1_000
"""Every `[` may begin a link: Markdown is read on to the end of the paragraph for it, with all those in between,
and one within two hundred others costs five times one within ten (measured 2026-11-22).
"""

_DEEP = 10  # brackets that are open at a time in one paragraph
_BRACKET = re.compile(r"\\.|[\[\]]|\n[ \t]*\n")

# UTF-32 may take four bytes for what UTF-8 writes in one.
_MAX_FILE_BYTES = 4 * (MAX_BODY_BYTES + MAX_MATTER_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What became of one file. `file` is relative to config.yaml's folder; without an article,
    `findings` says why. `is_folder`: it is no file, but the articles folder, which cannot be read.
    """

    file: str
    article: Article | None
    findings: tuple[Finding, ...] = ()
    is_folder: bool = False


def load(path: Path, rules: ArticleRules) -> Loaded:
    """Read the article at `path`, a file in `rules.folder`. Never raises for what a file holds."""
    where = place(path, rules)
    notes = Notes(where.file)
    try:
        raw = _bytes(path, notes)
        sheet = _sheet(decode(raw, notes), notes)
        matter, repaired = _matter(sheet, notes)
        text = Text(
            body=sheet.body,
            prose=prose(sheet.body),
            line=sheet.body_line,
            source_hash=hashlib.sha256(raw).hexdigest(),
            repaired=repaired,
        )
        _refuse_brackets(text, notes)
        article = assemble(matter, text, where, rules, notes)
    except ArticleError as error:
        return Loaded(file=where.file, article=None, findings=(*notes.findings, error.finding))
    notes.findings += inspect(Page(article, text.body, text.prose, None))
    return Loaded(file=where.file, article=article, findings=tuple(notes.findings))


def read_body(article: Article) -> str:
    """Read an article's Markdown, with LF line ends.

    Raises ArticleError if the file is gone, or no longer the one that `article` was read from.
    """
    notes = Notes(article.file)
    raw = _bytes(article.source, notes)
    if hashlib.sha256(raw).hexdigest() != article.source_hash:
        raise notes.refusal(
            "article-changed", "the file has changed since it was read; the next reading takes it up"
        )
    return _sheet(decode(raw, notes), notes).body


def _bytes(path: Path, notes: Notes) -> bytes:
    try:
        raw = read_plain(path, _MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise notes.refusal(
            "unreadable", f"cannot be read ({reason}); check that it exists and its permissions"
        ) from error
    if len(raw) > _MAX_FILE_BYTES:
        raise notes.refusal(
            "too-large", f"more than {_MAX_FILE_BYTES >> 20} MB; articles are text, put images in files"
        )
    return raw


def _sheet(text: str, notes: Notes) -> Sheet:
    """Part front matter and body, and hold both to their limits."""
    try:
        sheet = take_apart(text)
    except MatterError as error:
        raise notes.refusal("front-matter", str(error), error.line + 1) from error
    for part, limit, name, line in (
        (sheet.matter, MAX_MATTER_BYTES, "front matter", sheet.matter_line),
        (sheet.body, MAX_BODY_BYTES, "text", sheet.body_line),
    ):
        if len(part) > limit or (len(part) > limit / 4 and len(part.encode()) > limit):
            raise notes.refusal("too-large", f"the {name} is larger than {limit >> 10} KB; shorten it", line)
    return sheet


def _refuse_brackets(text: Text, notes: Notes) -> None:
    """Refuse what would keep whoever reads its Markdown busy for many seconds."""
    if text.prose.count("[") <= MAX_DEEP_BRACKETS:
        return
    are_open = deep = 0
    for found in _BRACKET.finditer(text.prose):
        match found[0]:
            case "[":
                are_open += 1
                deep += are_open > _DEEP
            case "]":
                are_open = max(are_open - 1, 0)
            case blank if blank[0] == "\n":
                are_open = 0
        if deep > MAX_DEEP_BRACKETS:
            line = text.line + text.prose.count("\n", 0, found.start())
            message = (
                "too many [ are open within each other; close them with ], or write \\[ where no link begins"
            )
            raise notes.refusal("open-brackets", message, line)


def _matter(sheet: Sheet, notes: Notes) -> tuple[Matter, bool]:
    """Read the front matter; where YAML fails, line by line. Says whether that was needed."""
    if sheet.handler is None:
        return Matter(), False
    repaired = False
    try:
        matter = sheet.handler.load(sheet.matter)
    except MatterError as error:
        if not (error.repairable and isinstance(sheet.handler, YAMLFront)):
            raise notes.refusal("front-matter", str(error), sheet.matter_line + error.line) from error
        matter, repaired = _repaired(sheet, error, notes), True
    notes.lines = {intern(key): sheet.matter_line + line for key, line in matter.lines.items()}
    return matter, repaired


def _repaired(sheet: Sheet, fault: MatterError, notes: Notes) -> Matter:
    try:
        matter, repairs = read_by_line(sheet.matter)
    except MatterError as error:
        raise notes.refusal(
            "front-matter", f"not valid YAML: {error}", sheet.matter_line + error.line
        ) from error
    for repair in repairs:
        message = f"not valid YAML; read as, and better written as: {repair.corrected}"
        notes.warning("front-matter-repaired", message, sheet.matter_line + repair.line)
    if not repairs:
        message = f"not valid YAML ({fault}); read line by line"
        notes.warning("front-matter-repaired", message, sheet.matter_line + fault.line)
    return matter
