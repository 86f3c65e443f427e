"""Check a rendered mail: what inboxes, mail clients and readers would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator

from postroom.lint.mail_html import MailHtml, read
from postroom.model import Email, Finding, Severity

MAX_HTML_BYTES = 102_000
"""Gmail clips a mail at about 102 KB and hides its end, the unsubscribe link included."""

LARGE_HTML_BYTES = 80_000
"""From here on a mail is close to that: personal values and tracking come on top."""

MAX_STYLE_BYTES = 16_000
"""Gmail ignores style blocks above 16 KB (caniemail.com, `html-style`, data of 2026-05-13)."""

MAX_SUBJECT_CHARS = 150
"""Desktop inboxes show 60 to 90 characters of a subject, phones about 40; half as much again is a mistake."""

MAX_PREHEADER_CHARS = 150
"""Inboxes show 40 to 110 characters."""

MAX_DEPTH = 200
"""libxml2 and Outlook lose elements below 254."""

ALWAYS_KNOWN = frozenset({"email", "preferences_url", "unsubscribe_url", "web_url"})
"""Merge fields that no recipient lacks, so that they need no default."""

_TEMPLATE_CODE = re.compile(r"\{\{|\{%|%\}|\}\}|<%|%>|\*\|[A-Z_]+\|\*|%7B%7B", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|#|@@", re.IGNORECASE)
_Complaint = tuple[str, Severity, str]


def check(email: Email, file: str) -> Iterator[Finding]:
    """Find what is wrong with a mail. Pure; `file` is the article that the findings name."""
    for rule, severity, message in _complaints(email, read(email.html)):
        yield Finding(rule=rule, severity=severity, file=file, message=message)


def _complaints(email: Email, html: MailHtml) -> Iterator[_Complaint]:
    yield from _size(email)
    yield from _shape(email, html)
    yield from _subject(email)
    yield from _preheader(email)
    yield from _template_code(email, html)
    yield from _merge_fields(email)
    for image in html.images:
        yield from _image(image)
    for target, words in html.links:
        yield from _link(target, words)
    yield from _way_out(email)


def _error(rule: str, message: str) -> _Complaint:
    return rule, Severity.ERROR, message


def _warning(rule: str, message: str) -> _Complaint:
    return rule, Severity.WARNING, message


def _size(email: Email) -> Iterator[_Complaint]:
    size = len(email.html.encode())
    found = f"the mail has {size:,} bytes of HTML, and Gmail hides what follows {MAX_HTML_BYTES:,}"
    if size > MAX_HTML_BYTES:
        yield _error("email-size", f"{found}. Shorten the article, or mail its beginning and a link")
    elif size > LARGE_HTML_BYTES:
        yield _warning("email-size", f"{found}. Consider a shorter article")


def _shape(email: Email, html: MailHtml) -> Iterator[_Complaint]:
    if html.style_bytes > MAX_STYLE_BYTES:
        found = f"the style blocks have {html.style_bytes:,} bytes"
        yield _error("email-style-size", f"{found}; Gmail ignores over {MAX_STYLE_BYTES:,}. Shorten them")
    if html.depth > MAX_DEPTH:
        found = f"elements are nested {html.depth} deep; clients lose what lies below {MAX_DEPTH}"
        yield _error("email-depth", f"{found}. Flatten lists, quotes or HTML")
    if not email.text.strip():
        yield _error("email-text-empty", "the plain-text half is empty. Print {{ body }} in its template")


def _subject(email: Email) -> Iterator[_Complaint]:
    subject = _without_fields(email.subject, email.fence).strip()
    letters = [char for char in subject if char.isalpha()]
    if not email.subject.strip():
        yield _error("email-subject-missing", "the mail has no subject. Give the article a title")
    elif len(subject) > MAX_SUBJECT_CHARS:
        found = f"the subject has {len(subject)} characters, and inboxes show 40 to 90"
        yield _warning("email-subject-long", f"{found}. Set a shorter one: email: {{subject: …}}")
    if len(letters) > 8 and all(char.isupper() for char in letters):
        yield _warning("email-subject-capitals", "the subject is all capitals, like spam. Write a sentence")


def _preheader(email: Email) -> Iterator[_Complaint]:
    preheader = email.preheader.strip()
    if not preheader:
        found = "there is no preheader: inboxes show the mail's first words instead"
        yield _warning("email-preheader-missing", f"{found}. Give the article a description")
    elif len(preheader) > MAX_PREHEADER_CHARS:
        found = f"the preheader has {len(preheader)} characters, and inboxes show 40 to 110"
        yield _warning("email-preheader-long", f"{found}. Shorten it: email: {{preheader: …}}")
    elif preheader.casefold() == email.subject.strip().casefold():
        found = "the preheader only repeats the subject"
        yield _warning("email-preheader-repeats", f"{found}. Say more: email: {{preheader: …}}")


def _template_code(email: Email, html: MailHtml) -> Iterator[_Complaint]:
    texts = (email.subject, email.preheader, *html.texts, *(target for target, _ in html.links))
    found = next(filter(None, map(_TEMPLATE_CODE.search, texts)), None)
    if found:
        excerpt = _excerpt(found, email.fence)
        cure = "Remove it or set it as code; a merge field is written {{first_name|there}}"
        yield _error("email-template-code", f"template code would reach readers: “{excerpt}”. {cure}")
    if email.fence in _without_fields(email.html + email.text, email.fence):
        found_fence = f"the mark {email.fence} stands in the mail without a merge field"
        yield _error("email-fence", f"{found_fence}. Remove it from the template")


def _excerpt(found: re.Match[str], fence: str) -> str:
    """Show some words around a place, with merge fields as an editor writes them."""
    before = _as_written(found.string[: found.start()], fence)
    if len(before) > 20:
        before = before[-20:].partition(" ")[2]
    return " ".join((before + _as_written(found.string[found.start() :], fence)[:40]).split())


def _as_written(text: str, fence: str) -> str:
    def field(match: re.Match[str]) -> str:
        return f"{{{{{match[1]}{f'|{match[2]}' if match[2] else ''}}}}}"

    return _pattern(fence).sub(field, text)


def _merge_fields(email: Email) -> Iterator[_Complaint]:
    whole = "\n".join((email.subject, email.preheader, email.html, email.text))
    bare = {name for name, default in _fields(whole, email.fence) if not default}
    for name in sorted(bare - ALWAYS_KNOWN):
        found = f"{{{{{name}}}}} stays empty for subscribers without it"
        yield _warning("email-merge-default", f"{found}. Give it a default: {{{{{name}|there}}}}")


def _image(image: dict[str, str]) -> Iterator[_Complaint]:
    source = image.get("src", "")
    kind = source.split("?")[0].rsplit(".", 1)[-1].lower()
    if "alt" not in image:
        found = f"the image {_short(source)} has no alt text"
        yield _error("email-image-alt", f'{found}. Say what it shows, or leave it empty on purpose: alt=""')
    if not image.get("width", "").isdigit():
        found = f"the image {_short(source)} has no width, and Outlook shows it as large as its file"
        yield _warning("email-image-width", f'{found}. Give it width="…" in pixels')
    if source.startswith("data:") or kind == "svg":
        yield _error("email-image-format", f"Gmail does not show {_short(source)}. Use a JPEG or PNG file")
    elif kind in ("webp", "avif"):
        found = f"Outlook for Windows does not show {kind.upper()} images: {_short(source)}"
        yield _warning("email-image-format", f"{found}. Use JPEG or PNG")


def _link(target: str, words: str) -> Iterator[_Complaint]:
    if target in ("", "#"):
        yield _error("email-link-empty", f"the link “{_short(words)}” leads nowhere. Give it an address")
    elif target.startswith("http://"):
        found = f"the link {_short(target)} is not encrypted"
        yield _warning("email-link-http", f"{found}. Write https:// if the site has it")
    elif not _ABSOLUTE.match(target):
        found = f"the link {_short(target)} names no site, and a mail has no page to start from"
        yield _error("email-link-relative", f"{found}. Write it with https://")


def _way_out(email: Email) -> Iterator[_Complaint]:
    for text, half in ((email.html, "HTML"), (email.text, "plain text")):
        if not any(name == "unsubscribe_url" for name, _ in _fields(text, email.fence)):
            cure = 'Print {{ merge("unsubscribe_url") }} in the template'
            yield _error("email-unsubscribe", f"the {half} has no unsubscribe link. {cure}")


def _pattern(fence: str) -> re.Pattern[str]:
    edge = re.escape(fence)
    return re.compile(rf"{edge}([a-z][a-z0-9_]*)(?:\|(.*?))?{edge}")


def _fields(text: str, fence: str) -> list[tuple[str, str]]:
    return [(match[1], match[2] or "") for match in _pattern(fence).finditer(text)]


def _without_fields(text: str, fence: str) -> str:
    return _pattern(fence).sub(" ", text)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
