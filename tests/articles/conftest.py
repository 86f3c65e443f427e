"""A folder of articles beside a config.yaml, and ways to write into it and to read from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import pytest

from postroom.articles import ArticleRules, Loaded, load


@pytest.fixture
def rules(tmp_path: Path) -> ArticleRules:
    folder = tmp_path / "seeds"
    folder.mkdir()
    return ArticleRules(
        folder=folder,
        base=tmp_path,
        timezone="Europe/London",
        publish_time=time(9),
        url="https://learning.example/articles/{slug}",
        settle=timedelta(seconds=2),
    )


@pytest.fixture
def write(rules: ArticleRules) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "story.md") -> Path:
        path = rules.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read(rules: ArticleRules, write: Callable[..., Path]) -> Callable[..., Loaded]:
    def read(content: str | bytes, name: str = "story.md") -> Loaded:
        return load(write(content, name), rules)

    return read
