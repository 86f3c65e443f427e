"""Turn the bytes of an article file into text: encodings, line ends, characters that no mail can carry."""

from __future__ import annotations

import re

from postroom.articles.notes import Notes

# Byte order marks, the longer first: that of UTF-16 (little endian) opens that of UTF-32.
_UTF_8 = "utf-8"
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

# What XML 1.0 (section 2.2, production Char) and YAML 1.2 (section 5.1) both keep out: HTML builders
# stumble over these. Tab, line feed, form feed and NEL stay; form feed is white space to Markdown.
_C0 = bytes(set(range(1, 0x20)) - set(b"\t\n\f\r")) + b"\x7f"
_OTHERS_IN_UTF_8 = (b"\xc2", b"\xef\xbf")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def decode(raw: bytes, notes: Notes) -> str:
    """Decode UTF-8, or whatever a byte order mark announces, to text with LF line ends.

    Control characters are left out and noted. Raises ArticleError, with the line, for bytes
    that are no text.
    """
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), _UTF_8)
    text = _decoded(raw, encoding, notes)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Bytes are looked through 20 times as fast as text.
    may_hold_controls = len(raw.translate(None, _C0)) < len(raw) or any(
        sign in raw for sign in _OTHERS_IN_UTF_8
    )
    return _without_controls(text, notes) if may_hold_controls or encoding != _UTF_8 else text


def _decoded(raw: bytes, encoding: str, notes: Notes) -> str:
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # without the mark, as `start` is counted
        found = error.object[error.start : error.start + 1].hex().upper()
        message = f"byte 0x{found} is not {encoding.upper()[:6].rstrip('-')}; save the file as UTF-8"
        raise notes.refusal("not-utf-8", message, line) from error
    if (at := text.find("\0")) >= 0:
        message = "a NUL character: this is no text, or UTF-16 without a mark; save the file as UTF-8"
        raise notes.refusal("not-text", message, text.count("\n", 0, at) + 1)
    return text


def _without_controls(text: str, notes: Notes) -> str:
    first = _CONTROLS.search(text)
    if first is None:
        return text
    line = text.count("\n", 0, first.start()) + 1
    found = f"U+{ord(first.group()):04X}"
    notes.warning(
        "control-character", f"an invisible control character ({found}) is left out; delete it", line
    )
    return _CONTROLS.sub("", text)
