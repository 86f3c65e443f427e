"""Read single values of front matter: a text, a list of names, an image's address."""

from __future__ import annotations

import re
from sys import intern

from postroom.articles.matter import Plain, Value, is_empty

_IMAGE_KEYS = ("src", "url", "path", "image", "file", "filename", "feature", "teaser")
_LABEL_KEYS = ("name", "title", "label", "value", "slug")
# An escape (`\ufffe`) brings them in, and HTML and XML cannot hold them (XML 1.0, production 2).
_NO_CHARACTER = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def one_line(text: str) -> str:
    """Put a text on one line: breaks and runs of blanks become one blank, what is no character goes."""
    text = " ".join(text.split())
    return text if text.isprintable() else _NO_CHARACTER.sub("", text)


def read_text(value: Value) -> str | None:
    """Read a text, on one line; None where it is none."""
    if isinstance(value, list):
        return read_text(value[0]) if len(value) == 1 else None
    return one_line(value) if isinstance(value, str) else None


def read_texts(value: Value) -> list[str] | None:
    """Read a list of names, or a text with commas between them; None where it is neither."""
    if isinstance(value, str):
        value = [Plain(item) for item in re.split(r"[,;]", value)]
    if not isinstance(value, list):
        return None
    labels = read_labels(value)
    return (
        None
        if labels is None
        else [intern(label) for item in labels if (label := item.removeprefix("#").strip())]
    )


def read_labels(values: list[Value]) -> list[str] | None:
    """Read the names in a list of texts or of mappings that hold one; None if one has no name."""
    labels = []
    for value in values:
        if isinstance(value, dict):
            value = next((value[key] for key in _LABEL_KEYS if isinstance(value.get(key), str)), value)
        if not isinstance(value, str):
            return None
        if not is_empty(value):
            labels.append(one_line(value))
    return labels


def read_image(value: Value) -> tuple[str, str] | None:
    """Read an image's address and its alternative text; None where there is none."""
    if isinstance(value, list):
        return read_image(value[0]) if value else None
    if isinstance(value, dict):
        src = next((value[key] for key in _IMAGE_KEYS if isinstance(value.get(key), str | dict)), "")
        alt = value.get("alt", "")
        inner = read_image(src) if src else None
        return (inner[0], inner[1] or (one_line(alt) if isinstance(alt, str) else "")) if inner else None
    return (value.strip(), "") if value.strip() else None
