"""Check a rendered mail: what inboxes, mail clients and readers would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from postroom.model import Email, Finding, Severity

MAX_HTML_BYTES = 102_000
"""Gmail clips a mail at about 102 KB and hides its end, the unsubscribe link included."""

LARGE_HTML_BYTES = 80_000
"""From here on a mail is close to that: personal values and tracking come on top."""

MAX_STYLE_BYTES = 16_000
"""Gmail ignores style blocks above 16 KB (caniemail.com, `html-style`, data of 2026-05-13)."""

MAX_SUBJECT_CHARS = 150
LONG_SUBJECT_CHARS = 90
"""Desktop inboxes show 60 to 90 characters of a subject, phones about 40."""

MAX_PREHEADER_CHARS = 150
MAX_DEPTH = 200
"""libxml2 and Outlook lose elements below 254."""

ALWAYS_KNOWN = frozenset({"email", "unsubscribe_url", "web_url"})
"""Merge fields that no recipient lacks, so that they need no default."""

_CODE = re.compile(r"\{\{|\{%|%\}|\}\}|<%|%>|\{\{<|\*\|[A-Z_]+\|\*")
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


@dataclass(slots=True)
class _Seen:
    """What a reading of the HTML has come across."""

    images: list[dict[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    style_bytes: int = 0
    depth: int = 0


def check(email: Email, file: str) -> Iterator[Finding]:
    """Find what is wrong with a mail. Pure; `file` is the article that the findings name."""
    seen = _read(email.html)
    for rule, severity, message in _complaints(email, seen):
        yield Finding(rule=rule, severity=severity, file=file, message=message)


_Complaint = tuple[str, Severity, str]


def _complaints(email: Email, seen: _Seen) -> Iterator[_Complaint]:
    yield from _size(email, seen)
    yield from _subject(email)
    yield from _preheader(email)
    yield from _left_over(email, seen)
    yield from _merge_fields(email)
    yield from _images(seen)
    yield from _links(seen)
    yield from _way_out(email)


def _size(email: Email, seen: _Seen) -> Iterator[_Complaint]:
    size = len(email.html.encode())
    if size > MAX_HTML_BYTES:
        yield (
            "email-size",
            Severity.ERROR,
            f"the mail has {size:,} bytes of HTML; Gmail hides what follows {MAX_HTML_BYTES:,}. Shorten the article, or send its beginning with a link",
        )
    elif size > LARGE_HTML_BYTES:
        yield (
            "email-size",
            Severity.WARNING,
            f"the mail has {size:,} bytes of HTML; Gmail hides what follows {MAX_HTML_BYTES:,}. Consider a shorter article",
        )
    if seen.style_bytes > MAX_STYLE_BYTES:
        yield (
            "email-style-size",
            Severity.ERROR,
            f"the style blocks have {seen.style_bytes:,} bytes; Gmail ignores more than {MAX_STYLE_BYTES:,}. Shorten head.css.j2",
        )
    if seen.depth > MAX_DEPTH:
        yield (
            "email-depth",
            Severity.ERROR,
            f"elements are nested {seen.depth} deep; clients lose what lies below {MAX_DEPTH}. Flatten lists, quotes or HTML",
        )
    if not email.text.strip():
        yield (
            "email-text-empty",
            Severity.ERROR,
            "the plain-text half is empty, which spam filters punish. Print {{ body }} in the .txt.j2 template",
        )


def _subject(email: Email) -> Iterator[_Complaint]:
    subject = email.subject.strip()
    letters = [char for char in _without_fields(subject, email.fence) if char.isalpha()]
    if not subject:
        yield (
            "email-subject-missing",
            Severity.ERROR,
            "the mail has no subject. Give the article a title, or set email.subject",
        )
    elif len(subject) > MAX_SUBJECT_CHARS:
        yield (
            "email-subject-long",
            Severity.WARNING,
            f"the subject has {len(subject)} characters, and inboxes show at most {LONG_SUBJECT_CHARS}. Set a shorter email.subject",
        )
    if len(letters) > 8 and all(char == char.upper() != char.lower() for char in letters):
        yield (
            "email-subject-capitals",
            Severity.WARNING,
            "the subject is all capitals, which spam filters punish. Write it as a sentence",
        )


def _preheader(email: Email) -> Iterator[_Complaint]:
    preheader = email.preheader.strip()
    if not preheader:
        yield (
            "email-preheader-missing",
            Severity.WARNING,
            "there is no preheader: inboxes show the first words of the mail instead. Give the article a description, or set email.preheader",
        )
    elif len(preheader) > MAX_PREHEADER_CHARS:
        yield (
            "email-preheader-long",
            Severity.WARNING,
            f"the preheader has {len(preheader)} characters; inboxes cut it near 110. Shorten email.preheader",
        )
    elif preheader.casefold() == email.subject.strip().casefold():
        yield (
            "email-preheader-repeats",
            Severity.WARNING,
            "the preheader only repeats the subject. Set email.preheader to what the subject leaves open",
        )


def _left_over(email: Email, seen: _Seen) -> Iterator[_Complaint]:
    texts = (email.subject, email.preheader, *seen.texts, *(target for target, _ in seen.links))
    found = next((text for text in texts if _CODE.search(text)), None)
    if found is not None:
        match = _CODE.search(found)
        start = max(0, match.start() - 20) if match else 0
        yield (
            "email-template-code",
            Severity.ERROR,
            f"template code would reach readers: “{found[start : start + 60].strip()}”. Remove it, or set it as code; a merge field is written {{{{first_name|there}}}}",
        )
    if email.fence in _without_fields(email.html + email.text, email.fence):
        yield (
            "email-fence",
            Severity.ERROR,
            f"the mark {email.fence} stands in the mail without a merge field. Remove it from the template",
        )


def _merge_fields(email: Email) -> Iterator[_Complaint]:
    texts = (email.subject, email.preheader, email.html, email.text)
    fields = {(name, bool(default)) for text in texts for name, default in _fields(text, email.fence)}
    for name in sorted({name for name, given in fields if not given} - ALWAYS_KNOWN):
        yield (
            "email-merge-default",
            Severity.WARNING,
            f"{{{{{name}}}}} stays empty for subscribers without it. Give it a default: {{{{{name}|there}}}}",
        )


def _images(seen: _Seen) -> Iterator[_Complaint]:
    for image in seen.images:
        source = image.get("src", "")
        if "alt" not in image:
            yield (
                "email-image-alt",
                Severity.ERROR,
                f'the image {_short(source)} has no alt text. Say what it shows, or leave it empty on purpose: alt=""',
            )
        if not image.get("width", "").isdigit():
            yield (
                "email-image-width",
                Severity.WARNING,
                f'the image {_short(source)} has no width, so Outlook shows it as large as its file. Give it width="…" in pixels',
            )
        yield from _format(source)


def _format(source: str) -> Iterator[_Complaint]:
    kind = source.split("?")[0].rsplit(".", 1)[-1].lower()
    if source.startswith("data:") or kind == "svg":
        yield (
            "email-image-format",
            Severity.ERROR,
            f"Gmail does not show the image {_short(source)}. Use a JPEG or PNG file",
        )
    elif kind in ("webp", "avif"):
        yield (
            "email-image-format",
            Severity.WARNING,
            f"Outlook for Windows does not show {kind.upper()}: {_short(source)}. Use JPEG or PNG",
        )


def _links(seen: _Seen) -> Iterator[_Complaint]:
    for target, words in seen.links:
        if not target or target == "#":
            yield (
                "email-link-empty",
                Severity.ERROR,
                f"the link “{_short(words)}” leads nowhere. Give it an address",
            )
        elif target.startswith("http://"):
            yield (
                "email-link-http",
                Severity.WARNING,
                f"the link {_short(target)} is not encrypted. Use https:// if the site has it",
            )
        elif not re.match(r"[a-z][a-z0-9+.-]*:|#|@@", target, re.IGNORECASE):
            yield (
                "email-link-relative",
                Severity.ERROR,
                f"the link {_short(target)} has no site, and mail has no page to start from. Write it with https://",
            )


def _way_out(email: Email) -> Iterator[_Complaint]:
    for text, half in ((email.html, "HTML"), (email.text, "plain text")):
        if not any(name == "unsubscribe_url" for name, _ in _fields(text, email.fence)):
            yield (
                "email-unsubscribe",
                Severity.ERROR,
                f'the {half} has no unsubscribe link. Print {{{{ merge("unsubscribe_url") }}}} in the template',
            )


def _pattern(fence: str) -> re.Pattern[str]:
    edge = re.escape(fence)
    return re.compile(rf"{edge}([a-z][a-z0-9_]*)(?:\|(.*?))?{edge}")


def _fields(text: str, fence: str) -> list[tuple[str, str]]:
    return [(match[1], match[2] or "") for match in _pattern(fence).finditer(text)]


def _without_fields(text: str, fence: str) -> str:
    return _pattern(fence).sub("", text)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _read(html: str) -> _Seen:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.seen


class _Reader(HTMLParser):
    """Reads the mail once for all rules. What stands in code is no template code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = _Seen()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.seen.images.append(named)
        elif tag == "a" and "href" in named:
            self.seen.links.append((named["href"], ""))
        if tag not in _VOID:
            self._open.append(tag)
            self.seen.depth = max(self.seen.depth, len(self._open))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.seen.style_bytes += len(data.encode())
            return
        if "a" in self._open and self.seen.links:
            target, words = self.seen.links[-1]
            self.seen.links[-1] = (target, words + data)
        if not {"code", "pre"} & set(self._open):
            self.seen.texts.append(data)
