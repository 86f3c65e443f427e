"""What kinds of channels there are, and which variants each can tell an article in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from postroom.model import EMAIL
from postroom.shipped import shipped

DEFAULT_VARIANTS: Final = {EMAIL: "article"}
DEFAULT_POST_VARIANT: Final = "hook"

_VARIANT_FILE: Final = re.compile(r"([^_.][^.]*)(?:\.(?:mjml|txt))?\.j2")


def default_variant(kind: str) -> str:
    """Name the variant of a channel that names none."""
    return DEFAULT_VARIANTS.get(kind, DEFAULT_POST_VARIANT)


def known_variants(kind: str, templates: Path) -> tuple[str, ...]:
    """Name the variants of a kind: one a template file in its folder, the project's own or shipped.

    `linkedin/hook.j2` makes `hook`, `email/article.mjml.j2` makes `article`; files that begin with
    `_`, and other kinds of files, are parts of templates.
    """
    files = (file.name for root in (templates, shipped("templates")) for file in (root / kind).glob("*.j2"))
    found = {name[1] for file in files if (name := _VARIANT_FILE.fullmatch(file))}
    return tuple(sorted(found | {default_variant(kind)}))
