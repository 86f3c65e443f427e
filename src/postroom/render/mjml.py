"""Compile MJML, and say in a person's terms where it fails."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

ELEMENTS = frozenset(
    "mj-accordion mj-accordion-element mj-accordion-text mj-accordion-title mj-all mj-attributes mj-body "  # noqa: SIM905
    "mj-breakpoint mj-button mj-carousel mj-carousel-image mj-class mj-column mj-divider mj-font mj-group "
    "mj-head mj-hero mj-image mj-navbar mj-navbar-link mj-preview mj-raw mj-section mj-social "
    "mj-social-element mj-spacer mj-style mj-table mj-text mj-title mj-wrapper".split()
)
"""What mrml 6 knows. It copies unknown elements of a body into the mail without a word."""

_PARENTS = MappingProxyType(
    {
        "mj-accordion-element": "mj-accordion",
        "mj-accordion-text": "mj-accordion-element",
        "mj-accordion-title": "mj-accordion-element",
        "mj-carousel-image": "mj-carousel",
        "mj-navbar-link": "mj-navbar",
        "mj-social-element": "mj-social",
    }
)
_POSITION = re.compile(r" in root template at position (\d+):(\d+)$")
_LEFT_OVER = re.compile(r"<(mj-[a-z0-9-]+)", re.IGNORECASE)
_UNENDED = re.compile(r"\b(br|col|hr|img|input|link|meta|wbr) line\b")
_HARMLESS = ("ERR_UNDECLARED_ENTITY", "WAR_UNDECLARED_ENTITY", "ERR_ENTITYREF", "NS_ERR")


@dataclass(frozen=True, slots=True)
class MjmlError(Exception):
    """MJML that does not compile. `line` counts from 1 in the MJML; `excerpt` is that line."""

    message: str
    line: int
    excerpt: str


def compiled(source: str) -> str:
    """Compile MJML to HTML, without web fonts. Raises MjmlError."""
    from mjml import mjml2html

    _refuse_includes(source)
    try:
        html = str(mjml2html(source, fonts={}, disable_comments=True))
    except ValueError as error:
        raise _located(source, str(error)) from error
    unknown = _LEFT_OVER.search(html)
    if unknown:
        raise _unknown(source, unknown[1])
    return html


def _refuse_includes(source: str) -> None:
    found = re.search(r"<mj-include\b", source, re.IGNORECASE)
    if found:
        raise _error(source, found.start(), "mj-include loses widths; use Jinja's {% include %} instead")


def _unknown(source: str, name: str) -> MjmlError:
    place = max(source.find(f"<{name}"), 0)
    if name in _PARENTS:
        return _error(source, place, f"<{name}> may only stand in <{_PARENTS[name]}>")
    close = get_close_matches(name.lower(), ELEMENTS, n=1)
    hint = f"; did you mean <{close[0]}>?" if close else ""
    return _error(source, place, f"there is no MJML element <{name}>{hint}")


def _located(source: str, message: str) -> MjmlError:
    """Find the line of a compiler's complaint: from its byte offsets, or by reading the source again."""
    position = _POSITION.search(message)
    misread = _misread(source)
    if position:
        before = source.encode()[: int(position[1])].decode(errors="ignore")
        found = _error(source, len(before), message[: position.start()])
        return misread if misread and misread.line < found.line else found
    return misread or _error(source, 0, message.removesuffix(" in root template"))


def _misread(source: str) -> MjmlError | None:
    """Ask libxml2 what is not well-formed; mrml does not tell where it stopped."""
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    with suppress(etree.XMLSyntaxError):  # nothing could be recovered: the log says why
        etree.fromstring(source.encode(), parser)
    entries = [entry for entry in parser.error_log if not _is_harmless(entry.type_name, entry.message)]
    if not entries:
        return None
    lines = source.splitlines() or [""]
    line = min(max(entries[0].line, 1), len(lines))
    return MjmlError(entries[0].message.strip(), line, lines[line - 1].strip())


def _is_harmless(kind: str, message: str) -> bool:
    """Tell what XML forbids and MJML allows: HTML's entities, and elements that need no end."""
    return kind.startswith(_HARMLESS) or bool(_UNENDED.search(message))


def _error(source: str, offset: int, message: str) -> MjmlError:
    line = source.count("\n", 0, offset) + 1
    excerpt = (source.splitlines() or [""])[line - 1].strip() if source else ""
    return MjmlError(message, line, excerpt)
