"""Noticing that files change."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from postroom.watching import watch

SOON = 10.0  # seconds; a failing test waits this long, a passing one does not


@contextmanager
def watching(*paths: Path) -> Iterator[threading.Event]:
    told, stop = threading.Event(), threading.Event()
    watcher = threading.Thread(target=watch, args=(paths, told.set, stop))
    watcher.start()
    try:
        _until_awake(told, paths[0])
        yield told
    finally:
        stop.set()
        watcher.join(SOON)
        assert not watcher.is_alive()


def _until_awake(told: threading.Event, path: Path) -> None:
    """Touch something until it is noticed, then wait until no echo of it comes any more."""
    target = path / "awake" if path.is_dir() else path
    for number in range(100):
        target.write_text(str(number))
        if told.wait(0.1):
            break
    while told.wait(0.6):
        told.clear()


def written(path: Path) -> None:
    path.write_text("anew")


def replaced(path: Path) -> None:
    other = path.with_name("new")
    other.write_text("anew")
    other.replace(path)


@pytest.mark.parametrize("change", [written, replaced, Path.unlink])
def test_a_file_in_a_folder_is_noticed(change: Callable[[Path], None], tmp_path: Path) -> None:
    article = tmp_path / "articles" / "deep" / "a.md"
    article.parent.mkdir(parents=True)
    article.write_text("one")
    with watching(tmp_path / "articles") as told:
        change(article)
        assert told.wait(SOON)


@pytest.mark.parametrize("change", [written, replaced, Path.unlink])
def test_a_file_that_is_named_is_noticed(change: Callable[[Path], None], tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("one")
    with watching(config) as told:
        change(config)
        assert told.wait(SOON)


def test_what_lies_beside_a_named_file_is_not(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("one")
    with watching(config) as told:
        (tmp_path / "postroom.db").write_text("one")
        assert not told.wait(1.0)


def test_a_folder_may_come_later(tmp_path: Path) -> None:
    config, templates = tmp_path / "config.yaml", tmp_path / "templates"
    config.write_text("one")
    with watching(config, templates) as told:
        templates.mkdir()
        assert told.wait(SOON)


def test_a_folder_may_be_made_anew(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    with watching(articles) as told:
        shutil.rmtree(articles)
        articles.mkdir()
        assert told.wait(SOON)
        while told.wait(1.5):
            told.clear()
        (articles / "a.md").write_text("one")
        assert told.wait(SOON)
