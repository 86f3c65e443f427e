"""A project as a person would keep it: the shipped config, its mail sent to a sink on loopback."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from postroom.outbox import Ledger, operate, status
from postroom.shipped import shipped
from rig.forge import Forge
from rig.sink import Sink

WINDOW = 8
"""K: the most that may be in flight."""

_MTIMES = count(1_700_000_000_000_000_000, 1_000_000_000)
_ARTICLE = """\
---
id: {name}
title: "{title}"
description: What a ledger is for.
author: Ada
publish_date: {date}
---

Letters used to wait a week for the next coach. Today they wait for a queue that nobody sees.

## Queues are honest

A queue shows how much work is left. It hides nothing from the people who look at it.

{body}
"""


class Station:
    """A project in `folder` whose newsletter goes to `sink`; nothing else of it is due.

    `connections` and `window` are the transport's; `on_uncertain` is the channel's.
    """

    def __init__(
        self,
        folder: Path,
        sink: Sink,
        *,
        connections: int = 4,
        window: int = WINDOW,
        on_uncertain: str = "retry",
        rate: str = "",
    ) -> None:
        self.folder = folder
        self.sink = sink
        self.database = folder / "postroom.db"
        folder.mkdir(exist_ok=True)
        smtp = (
            f"kind: smtp\n    host: 127.0.0.1\n    port: {sink.port}\n    tls: none\n"
            f"    connections: {connections}\n    window: {window}\n"
            + (f"    rate: {rate}\n" if rate else "")
        )
        self.configure(
            ("folder: seeds ", "folder: articles "),
            ("seeds/subscribers.csv", "subscribers.csv"),
            ("max: 1000 ", "max: 10000000 "),
            ("unsubscribe: web ", "unsubscribe: {mailto: leave@learning.example} "),
            ("# on_uncertain: retry ", f"on_uncertain: {on_uncertain} "),
            ("link: card ", "only: 'tags has \"posts\"'\n    link: card "),
            (
                "kind: folder                              # writes files, sends nothing\n    path: out/mail\n",
                smtp,
            ),
        )

    def configure(self, *changes: tuple[str, str]) -> None:
        """Write config.yaml anew: the present one, at first the shipped one, with `changes`."""
        path = self.folder / "config.yaml"
        text = (path if path.exists() else shipped("config.yaml")).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.write("config.yaml", text)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project, with an mtime long past."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(0, next(_MTIMES)))
        return path

    def article(
        self,
        name: str = "ledgers",
        *,
        title: str = "On ledgers",
        body: str = "",
        date: str = "2026-03-10 11:00",
    ) -> Path:
        """Write an article, which has been due since March unless `date` says otherwise."""
        return self.write(
            f"articles/{name}.md",
            _ARTICLE.format(name=name, title=title, body=body or f"All of this is about {name}.", date=date),
        )

    def people(self, number: int) -> list[str]:
        """Write an audience of so many and return their addresses."""
        everyone = [f"reader{index}@example.org" for index in range(number)]
        self.write("subscribers.csv", "email\n" + "\n".join(everyone) + "\n")
        return everyone

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger beside the daemon."""
        return Ledger(f"sqlite:///{self.database}")

    def approve(self) -> None:
        """Let go every edition that waits for leave."""
        with self.ledger() as ledger:
            for row in ledger.read(status.editions):
                if row.holds:
                    now = datetime.now(UTC)  # noqa: TID251
                    ledger.write(operate.approve, row.key, recipients=row.accounts.recipients, now=now)

    def ready(self, forge: Forge, number: int) -> list[str]:
        """Freeze one edition for so many people and let it go; nothing is sent yet."""
        everyone = self.people(number)
        self.article()
        forge.run("run", "--once")
        self.approve()
        return everyone

    def keep(self) -> None:
        """Set the ledger aside as it is now, with what knows where it lives; no daemon may run."""
        for each in self._lasting():
            shutil.copyfile(each, each.with_name(f"kept.{each.name}"))

    def restore(self) -> None:
        """Put back the ledger that was kept, in its place, and forget what the sink took since."""
        for ending in ("-wal", "-shm", "-journal"):
            self.database.with_name(self.database.name + ending).unlink(missing_ok=True)
        for each in self._lasting():
            shutil.copyfile(each.with_name(f"kept.{each.name}"), each)
        self.sink.forget()

    def _lasting(self) -> list[Path]:
        guard = self.database.with_name(self.database.name + ".instance")
        return [self.database, *([guard] if guard.exists() else [])]
