"""Put an Article together from its front matter, its body and its place in the folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import time
from pathlib import Path

from postroom.articles.content import first_heading, reading_minutes, written_minutes
from postroom.articles.dates import DateError, Moment, read_moment
from postroom.articles.facts import Facts
from postroom.articles.identity import (
    Page,
    canonical_url,
    dated,
    draft_folder,
    is_usable_id,
    page,
    shown_path,
    title_of,
)
from postroom.articles.matter import Matter
from postroom.articles.names import names_for
from postroom.articles.notes import Notes
from postroom.articles.rules import ArticleRules
from postroom.model import Article

# RFC 5646, section 2.1, as far as publications need it: language, script, region, variants.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*\Z")
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an article's file is: `path` in the articles folder, `file` as people know it."""

    source: Path
    path: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a file holds below its front matter. `prose` is the body without code."""

    body: str
    prose: str
    line: int
    source_hash: str
    repaired: bool = False


def place(source: Path, rules: ArticleRules) -> Place:
    """Name a file as it is named in ids and in messages."""
    return Place(source=source, path=shown_path(source, rules.folder), file=shown_path(source, rules.base))


def body_hash(body: str) -> str:
    """Hash a body's text: blank space around it does not count."""
    return hashlib.sha256(body.strip().encode("utf-8", "replace")).hexdigest()


def assemble(matter: Matter, text: Text, where: Place, rules: ArticleRules, notes: Notes) -> Article:
    """Make the Article. What is wrong with single facts is noted; the article stays."""
    facts = Facts(matter, names_for(rules.aliases), notes)
    moment, publish_text = _publish_date(facts, where, rules, notes)
    created = _moment(facts, "created_date", rules, _MIDNIGHT, notes)[0]
    slug_key, written = facts.slug()
    landing = _landing(slug_key, written, where, notes)
    name = _id(facts, slug_key, landing, where, notes)
    draft, folder = facts.draft_reason(), draft_folder(where.path)
    return Article(
        id=name,
        path=where.path,
        file=where.file,
        source=where.source,
        title=_title(facts, text, where, notes),
        body_line=text.line,
        body_hash=body_hash(text.body),
        source_hash=text.source_hash,
        slug=landing.slug,
        subtitle=facts.text("subtitle"),
        description=facts.text("description"),
        authors=facts.authors(),
        publish_at=moment.at if moment else None,
        publish_text=publish_text,
        created_at=created.at if created else None,
        image=facts.image(),
        cta=facts.text("cta"),
        read_time=written_minutes(facts.text("read_time")) or reading_minutes(text.body),
        tags=facts.texts("tags") or (),
        language=_language(facts, notes),
        draft=bool(draft or folder),
        draft_reason=draft or (f"in the folder {folder}" if folder else ""),
        url=canonical_url(rules.url, name, landing, moment.at if moment else None),
        channels=facts.channels(),
        email=facts.email(),
        social=facts.social(),
        attributes=facts.rest(),
        lines=notes.lines,
        repaired=text.repaired,
    )


def _title(facts: Facts, text: Text, where: Place, notes: Notes) -> str:
    if title := facts.text("title"):
        return title
    heading, line = first_heading(text.body, text.prose)
    if heading:
        notes.lines["title"] = text.line + line
    return heading or title_of(where.path)


def _landing(key: str, written: str, where: Place, notes: Notes) -> Page:
    try:
        return page(written, where.path)
    except ValueError as error:
        message = (
            f"{key}: `{written[:60]}` is no address ({error}); write a slug, a path or an https:// address"
        )
        notes.error("bad-address", message, notes.lines.get("slug", 1))
        return page("", where.path)


def _id(facts: Facts, slug_key: str, landing: Page, where: Place, notes: Notes) -> str:
    """Take the `id`, else what names the page, else the path without its suffix."""
    own = facts.text("id")
    for key, name in (("id", own), (slug_key, landing.name)):
        name = unicodedata.normalize("NFC", name)
        if is_usable_id(name):
            return name
        if name:
            notes.error(
                "bad-id",
                f"{key}: `{name[:60]}` cannot name an article; use letters, digits and -",
                facts.line(key),
            )
    return unicodedata.normalize("NFC", where.path.rpartition(".")[0] or where.path)


def _publish_date(facts: Facts, where: Place, rules: ArticleRules, notes: Notes) -> tuple[Moment | None, str]:
    moment, text = _moment(facts, "publish_date", rules, rules.publish_time, notes)
    if text or not (in_name := dated(where.path)[0]):
        return moment, text
    try:
        return read_moment(in_name, rules.timezone, rules.publish_time), in_name
    except DateError as error:
        notes.warning("bad-date", f"the file's name: {error}")
        return None, ""


def _moment(
    facts: Facts, fact: str, rules: ArticleRules, at: time, notes: Notes
) -> tuple[Moment | None, str]:
    """Read the first date given for a fact, and the text it was read from."""
    key, text = next(facts.dates(fact), ("", ""))
    if not key:
        return None, ""
    facts.use(fact, key)
    try:
        moment = read_moment(text, rules.timezone, at)
    except DateError as error:
        note = notes.error if fact == "publish_date" else notes.warning
        note("bad-date", f"{key}: {error}", facts.line(key))
        return None, text
    if moment.remark and fact == "publish_date":
        notes.warning("clock-change", f"{key}: {moment.remark}", facts.line(key))
    return moment, text


def _language(facts: Facts, notes: Notes) -> str | None:
    tag = facts.text("language").replace("_", "-").partition(".")[0]
    if not tag:
        return None
    if _LANGUAGE.match(tag):
        return tag
    line = notes.lines.get("language", 1)
    notes.warning(
        "bad-language",
        f"`{tag[:40]}` is no language tag such as en or pt-BR; the publication's is used",
        line,
    )
    return None
