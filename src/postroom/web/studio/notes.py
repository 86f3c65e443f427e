"""The notes beside the stage: what was found, how big it is, what is not loaded, what to take along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from postroom.model import Email, Finding, Severity
from postroom.web.markup import Html, join, tag
from postroom.web.studio.framed import remote_images
from postroom.web.studio.look import Look
from postroom.web.studio.source import Sheet

GMAIL_CLIPS_BYTES = 102 * 1024  # Gmail shows "[Message clipped]" for HTML beyond about 102 KB
_WORRY = 0.8  # of it: time to shorten
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def notes(sheet: Sheet, look: Look, url_prefix: str) -> Html:
    """Write the notes to a sheet."""
    is_mail = isinstance(sheet.content, Email)
    return tag(
        "aside",
        _findings(sheet.findings) if sheet.content else None,
        _size(sheet.html) if is_mail else None,
        _remote(sheet, look, url_prefix) if is_mail else None,
        _facts(sheet),
        _downloads(sheet, look),
        class_="notes",
        aria_label="Notes",
    )


def _findings(findings: Sequence[Finding]) -> Html:
    if not findings:
        return _note("Findings", tag("p", "None. It is as it should be.", class_="quiet"))
    return _note("Findings", findings_list(findings))


def findings_list(findings: Sequence[Finding]) -> Html:
    """List findings, the worst first."""
    ordered = sorted(findings, key=lambda finding: _ORDER[finding.severity])
    return tag("ul", [_finding(finding) for finding in ordered], class_="findings")


def _finding(finding: Finding) -> Html:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    return tag(
        "li",
        tag("span", finding.severity, class_="severity"),
        tag("p", finding.message),
        tag("p", tag("code", place), tag("span", finding.rule, class_="rule"), class_="place"),
        class_=f"finding {finding.severity}",
    )


def _size(html: str) -> Html:
    size = len(html.encode())
    told = f"{size / 1024:.1f} KB of 102 KB"
    meter = tag(
        "meter",
        min=0,
        max=GMAIL_CLIPS_BYTES,
        high=int(GMAIL_CLIPS_BYTES * _WORRY),
        value=size,
        aria_label=f"HTML, {told}",
    )
    ending = "Gmail will cut the end off." if size > GMAIL_CLIPS_BYTES else "Gmail cuts off what is longer."
    return _note("Size of the HTML", join(meter, tag("p", told, ". ", tag("span", ending, class_="quiet"))))


def _remote(sheet: Sheet, look: Look, url_prefix: str) -> Html | None:
    count = remote_images(sheet.html, url_prefix)
    if not count:
        return None
    told = "1 remote image" if count == 1 else f"{count} remote images"
    why = "Loading them tells their servers your address and that you looked."
    if look.images == "all":
        link = tag("a", "Leave them out", href=replace(look, images="own").link())
        return _note("Images", tag("p", f"{told} loaded. ", tag("span", why, class_="quiet"), " ", link))
    link = tag("a", "Load them", href=replace(look, images="all").link())
    return _note("Images", tag("p", f"{told} left out. ", tag("span", why, class_="quiet"), " ", link))


def _facts(sheet: Sheet) -> Html:
    facts = [("Article", sheet.entry.file), ("Identity", sheet.entry.article), ("To", sheet.header("To"))]
    pairs = [join(tag("dt", name), tag("dd", value)) for name, value in facts if value]
    return _note("Source", tag("dl", pairs, class_="facts"))


def _downloads(sheet: Sheet, look: Look) -> Html | None:
    links = [
        tag("a", f".{kind}", href=look.at(sheet.entry).link(f"file/{kind}"), download=True)
        for kind in files(sheet)
    ]
    return _note("Take along", tag("p", links, class_="files")) if links else None


def files(sheet: Sheet) -> dict[str, bytes]:
    """Name the files that can be made of a sheet, by suffix, with what they hold."""
    content = sheet.content
    texts = {
        "html": sheet.html,
        "txt": sheet.text,
        "mjml": content.mjml if isinstance(content, Email) else "",
        "json": sheet.json,
    }
    made = {kind: text.encode() for kind, text in texts.items() if text}
    return made if sheet.eml is None else {"eml": sheet.eml, **made}


def _note(title: str, body: Html) -> Html:
    return tag("section", tag("h2", title), body, class_="note")
