"""The middle of the page: a mail as clients show it, or one of its sources."""

from __future__ import annotations

from datetime import datetime
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256

from postroom.model import Content, Email, Post
from postroom.web.markup import Html, join, tag
from postroom.web.studio.feed import feed
from postroom.web.studio.framed import CHANGED
from postroom.web.studio.look import NARROWEST, WIDEST, Look
from postroom.web.studio.notes import findings_list
from postroom.web.studio.source import Sheet


def stage(sheet: Sheet, look: Look) -> Html:
    """Write what the chosen tab shows of a sheet."""
    content = sheet.content
    if content is None:
        return _unrendered(sheet)
    if look.tab != "preview":
        return tag("div", _source(sheet, content, look.tab), class_="stage source")
    if isinstance(content, Post):
        return feed(content, sheet, look)
    return tag("div", _inbox(sheet, look), _frame(sheet, look), class_="stage mail")


def _unrendered(sheet: Sheet) -> Html:
    text = "Nothing can be shown of it yet. This page follows as you mend it."
    found = tag("section", findings_list(sheet.findings), class_="slip", aria_label="Findings")
    return tag("div", tag("p", text), found if sheet.findings else None, class_="stage nothing")


def _inbox(sheet: Sheet, look: Look) -> Html:
    """Write the line that stands for the mail in a list of others, which is all many ever see."""
    subject = sheet.header("Subject") or "(no subject)"
    lines = (
        tag("span", _sender(sheet), class_="from"),
        tag("span", tag("b", subject), tag("span", sheet.preheader, class_="preheader"), class_="subject"),
        tag("span", _day(sheet.header("Date")), class_="date"),
    )
    return tag(
        "div",
        lines,
        class_="inbox phone" if look.is_phone else "inbox",
        role="group",
        aria_label="In the inbox",
    )


def _sender(sheet: Sheet) -> str:
    name, address = parseaddr(sheet.header("From"))
    return sheet.sender or name or address


def _day(date: str) -> str:
    """Write an RFC 5322 date as an inbox does; as it stands where it is none."""
    try:
        moment: datetime = parsedate_to_datetime(date)
    except ValueError:
        return date
    return f"{moment.day} {moment:%b}"


def _frame(sheet: Sheet, look: Look) -> Html:
    entry = sheet.entry
    frame = tag(
        "iframe",
        src=look.at(entry).frame_link(),
        data_changed=CHANGED,
        data_digest=sha256(sheet.html.encode()).hexdigest()[:32],
        title=f"The mail: {sheet.header('Subject') or entry.title}",
        sandbox="allow-popups allow-popups-to-escape-sandbox",
        referrerpolicy="no-referrer",
        width=look.width,
        id="frame",
    )
    grip = tag(
        "div",
        class_="grip",
        id="grip",
        role="separator",
        tabindex=0,
        aria_label="Width of the frame",
        aria_orientation="vertical",
        aria_valuenow=look.width,
        aria_valuemin=NARROWEST,
        aria_valuemax=WIDEST,
        title="Drag, or use the arrow keys",
    )
    return tag("div", frame, grip, class_="screen", id="screen")


def _source(sheet: Sheet, content: Content, tab: str) -> Html:
    match tab:
        case "text":
            return tag("pre", _text(sheet, content), class_="prose", tabindex=0, data_scroll=tab)
        case "headers":
            return _headers(sheet)
        case "html":
            return _code(sheet.html, tab)
        case "mjml" if isinstance(content, Email):
            return _code(content.mjml, tab)
        case _:
            return _code(sheet.json, tab)


def _text(sheet: Sheet, content: Content) -> str:
    if isinstance(content, Email):
        return sheet.text
    parts = [*content.parts, *([content.first_comment] if content.first_comment else [])]
    return "\n\n— — —\n\n".join(parts)


def _headers(sheet: Sheet) -> Html:
    pairs = [join(tag("dt", name), tag("dd", value)) for name, value in sheet.headers]
    raw = sheet.eml.partition(b"\r\n\r\n")[0].decode("ascii", "backslashreplace") if sheet.eml else ""
    return join(
        tag("dl", pairs, class_="headers"),
        tag("h2", "On the wire") if raw else None,
        _code(raw.replace("\r\n", "\n"), "headers") if raw else None,
    )


def _code(text: str, name: str) -> Html:
    """Write source with a number to each line."""
    if not text:
        return tag("p", "There is nothing to show here.", class_="quiet")
    lines = [tag("span", line, class_="line") for line in text.rstrip("\n").split("\n")]
    return tag("pre", tag("code", lines), class_="code", tabindex=0, data_scroll=name)
