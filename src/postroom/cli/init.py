"""`postroom init`: a new project that can be looked at straight away."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import session
from postroom.errors import UsageError
from postroom.outbox import sightings
from postroom.outbox.ledger import Ledger
from postroom.shipped import shipped

_CHANGES = (
    ("$schema=docs/config.schema.json", "$schema=config.schema.json"),
    ("folder: seeds ", "folder: articles "),
    ("file: seeds/subscribers.csv ", "file: subscribers.csv "),
    ("  hold_if_late: never ", "  hold_if_late: 3 days"),
    ("# or 3 days: what is later than that", "# or never; what is later than that"),
    ("\n    ignore_before: 2025-01-01", "\n    # ignore_before: 2025-01-01"),
)
"""What a new project's config.yaml says otherwise than the shipped one: its own folders, and no back catalogue."""

_ARTICLE = """\
---
title: 'Hello, readers'
subtitle: 'What this newsletter is about'
description: 'A first article, to show how one looks. Change it, or delete it.'
author: 'Your Name'
publish_date: '{date}'
tags: [Welcome]
cta: 'Write to us: what would you like to read about?'
---

This is an article. It is a Markdown file in the folder `articles`, with a few lines about itself at the
top. Postroom publishes it on the date that stands there: as a newsletter, and as posts.

## How to go on

- Look at it with `postroom preview`; the page follows as you write.
- `postroom plan` says what goes out when, and why the rest does not.
- `postroom check` finds mistakes before anybody else does.

What would you write if you knew that everyone on your list reads it?
"""

_SUBSCRIBERS = """\
email,name,country
ada@example.com,Ada Example,GB
grace@example.org,Grace Example,US
"""

_IGNORED = ("postroom.db*", "backups/", "out/", ".postroom/", "subscribers.csv", "keys/", "secrets/")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def command(folder: Path) -> None:
    """Start a new project in DIR (here, if left out): config.yaml, templates, one article, subscribers.

    Nothing that is there already is touched. Nothing is sent: mail and posts are written into out/.
    """
    config = folder / "config.yaml"
    if config.exists():
        raise UsageError(f"{config} is there already; init makes new projects only")
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text(_config(), encoding="utf-8")
    _write_new(folder / "articles" / "hello.md", _article())
    _write_new(folder / "subscribers.csv", _SUBSCRIBERS, mode=0o600)
    _write_schema(folder / "config.schema.json")
    if not (folder / "templates").exists():
        shutil.copytree(shipped("templates"), folder / "templates")
    _ignore(folder / ".gitignore")
    _open_the_books(config)
    click.echo(
        f"{config.resolve().parent} is ready. Nothing leaves this machine until you name a real transport.\n"
        f"Say who you are in {config}, then look at the first article:\n  {_go(folder)}postroom preview"
    )


def _open_the_books(config: Path) -> None:
    """Make the ledger: from this day on articles are news, whatever is older is back catalogue."""
    project = session.load(config)
    zone = ZoneInfo(project.config.publication.timezone)
    today = session.now().astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    with Ledger(project.config.database) as ledger:
        ledger.write(sightings.see, dict.fromkeys(project.config.channels), (), today)


def _config() -> str:
    text = shipped("config.yaml").read_text(encoding="utf-8")
    for old, new in _CHANGES:
        text = text.replace(old, new)
    if not sys.stdin.isatty():
        return text
    name = click.prompt("What is your newsletter called?", default="The Learning Machine")
    url = click.prompt("Where is your home page?", default="https://learning.example")
    sender = click.prompt("From which address does it come?", default="news@learning.example")
    return (
        text.replace('"The Learning Machine <news@learning.example>"', _quoted(f"{name} <{sender}>"))
        .replace("url: https://learning.example ", f"url: {_quoted(url)} ")
        .replace("name: The Learning Machine\n", f"name: {_quoted(name)}\n")
    )


def _quoted(text: str) -> str:
    """Write a text so that YAML takes it as it is, whatever is in it (a JSON text is a YAML one)."""
    return json.dumps(text, ensure_ascii=False)


def _article() -> str:
    return _ARTICLE.format(date=f"{session.now() + timedelta(days=1):%Y-%m-%d}")


def _write_new(path: Path, text: str, mode: int = 0o644) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=mode)
    path.write_text(text, encoding="utf-8")


def _write_schema(path: Path) -> None:
    from postroom.config import schema

    _write_new(path, json.dumps(schema(), indent=2, ensure_ascii=False) + "\n")


def _ignore(path: Path) -> None:
    """Keep the ledger and its copies, what was sent, people's addresses and secrets out of Git."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    missing = [each for each in _IGNORED if each not in lines]
    if missing:
        path.write_text("\n".join([*lines, *missing]) + "\n", encoding="utf-8")


def _go(folder: Path) -> str:
    return "" if folder == Path() else f"cd {folder} && "
