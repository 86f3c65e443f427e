"""What config.yaml says about articles, as far as reading them goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRules:
    """How articles are read.

    `folder` is absolute; `base` is the folder of config.yaml, to which `Article.file` is relative.
    `timezone` (an IANA name) and `publish_time` complete dates that name none. `url` is the
    pattern of a page's address with {slug}, {id}, {year}, {month} and {day}; "" for none.
    `aliases` adds names to a key (`{"title": ("headline",)}`). A file is read once it has not
    changed for `settle`; zero reads it at once. `named_at` is the file and line that name the folder.
    """

    folder: Path
    base: Path
    timezone: str
    publish_time: time
    url: str
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settle: timedelta = timedelta(seconds=2)
    named_at: tuple[str, int | None] = ("config.yaml", None)
