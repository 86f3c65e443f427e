"""Find the ledger of a project whose config.yaml is broken: it keeps the last good one."""

from __future__ import annotations

import re
from pathlib import Path

from postroom.config.reading import MAX_BYTES
from postroom.plainfiles import read_plain

_DATABASE = re.compile(r"""^(?!\s*\#)(?:\s+|.*[{,]\s*)database:\s*["']?([^"'\#\s,}]+)""", re.MULTILINE)
_DEFAULT = "sqlite:///postroom.db"


def database_of(path: Path) -> str:
    """Tell where the ledger of the project of `path` most probably is; never raises.

    The setting is looked for line by line, because the file as a whole cannot be read.
    """
    try:
        text = read_plain(path, MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        text = ""
    found = _DATABASE.search(text)
    url = found[1] if found else _DEFAULT
    file = url.removeprefix("sqlite:///")
    return url if file == url else f"sqlite:///{(path.parent / file).absolute()}"
