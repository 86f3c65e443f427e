"""What many tests need: a project in a folder, a clock to turn, an SMTP server that keeps what it gets."""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from threading import Event

import hypothesis
import pytest
import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from smtp_server import smtp_server

from postroom import config
from postroom.outbox.ledger import Ledger
from postroom.outbox.lock import DaemonLock
from postroom.pipeline.lanes import Shift
from postroom.pipeline.once import Done, once

pytest_plugins = ["postgresql_server", "chromium", "dovecot_server"]

_MTIMES = count(1_700_000_000_000_000_000, 1_000_000_000)
"""Past, and never the same twice: a rewritten file looks changed, and settled."""

hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("suite")
"""The suite gives the same answer each time; `--hypothesis-profile search` looks for new failures."""

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

CONFIG = """\
publication: {name: The Test, url: https://test.example, language: en, timezone: Europe/London, address: "1 Street"}
articles: {folder: articles, url: "{publication.url}/{slug}"}
images: {folder: public/images, url: https://mail.test.example/images}
audiences:
  subscribers: {file: subscribers.csv}
channels:
  newsletter:
    kind: email
    audience: subscribers
    from: "The Test <news@test.example>"
    unsubscribe: {mailto: leave@test.example}
    transport: mail
  linkedin:
    kind: linkedin
    variants: [hook, {takeaways: 2 days later}]
    hashtags: [Testing, Postrooms, Letters]
    transport: page
transports:
  mail: {kind: folder, path: out/mail}
  page: {kind: folder, path: out/linkedin}
"""

BODY = """\
Letters used to wait a week for the next coach. Today they wait for a queue that nobody sees.

## Queues are honest

A queue shows how much work is left. It hides nothing from the people who look at it.

## Ledgers remember

A ledger keeps what was promised and what was done. It is the memory of the whole office.

## People decide

A person lets the first edition go. What would happen if nobody looked?
"""


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a command has set up for its process: `run --once` leaves out all that is no warning."""
    yield
    structlog.reset_defaults()


@dataclass
class Desk:
    """A project in a folder, worked by hand: write files, turn the clock, run."""

    folder: Path
    now: datetime = START
    secrets: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project, with an mtime long past."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(0, next(_MTIMES)))
        return path

    def configure(self, *changes: tuple[str, str], text: str = CONFIG) -> None:
        """Write config.yaml with `changes` made in it; each must apply."""
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.write("config.yaml", text)

    def article(self, name: str = "letters", date: str | None = "2026-03-10 11:00", **facts: str) -> Path:
        """Write an article into the articles folder."""
        lines = {"title": f"On {name}", "description": f"What {name} are for.", "author": "Ada", **facts}
        body = lines.pop("body", f"{BODY}\nAll of this is about {name}.\n")
        if date is not None:
            lines["publish_date"] = date
        front = "".join(f"{key}: '{value}'\n" for key, value in lines.items())
        return self.write(f"articles/{name}.md", f"---\n{front}---\n\n{body}")

    def subscribers(self, number: int) -> None:
        """Write an audience of that many people."""
        rows = "".join(f"reader{index}@example.org,Reader {index}\n" for index in range(number))
        self.write("subscribers.csv", f"email,name\n{rows}")

    def run(self, after: timedelta = timedelta(0)) -> Done:
        """Turn the clock and run once."""
        self.now += after
        loaded = config.load(self.folder / "config.yaml")
        with DaemonLock(loaded.database), Ledger(loaded.database) as ledger:
            shift = Shift(
                owner="test",
                clock=lambda: self.now,
                secrets=lambda reference: self.secrets.get(reference, reference),
                hold=lambda: lambda: True,
            )
            return once(loaded, ledger, shift, stop=Event())

    def ledger(self) -> Ledger:
        """Open the ledger; the caller closes it."""
        return Ledger(config.load(self.folder / "config.yaml").database)

    def mails(self) -> list[EmailMessage]:
        """Read the mails in out/mail, by recipient."""
        found = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in (self.folder / "out/mail").glob("*.eml")
        ]
        return sorted(
            (each for each in found if isinstance(each, EmailMessage)), key=lambda each: str(each["To"])
        )

    def posts(self) -> list[str]:
        """Name the posts in out/linkedin."""
        return sorted(path.name for path in (self.folder / "out/linkedin").glob("*.txt"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project with one config, three subscribers and no article."""
    made = Desk(folder=tmp_path)
    made.configure()
    made.subscribers(3)
    (tmp_path / "articles").mkdir()
    return made


@dataclass
class Mailbox:
    """A real SMTP server on loopback that keeps every message it accepts."""

    port: int = 0
    recipients: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    @property
    def instead(self) -> tuple[str, str]:
        """The change of `CONFIG` by which it gets the newsletter, instead of a folder."""
        smtp = f"{{kind: smtp, host: 127.0.0.1, port: {self.port}, tls: none, ehlo: test.example}}"
        return "{kind: folder, path: out/mail}", smtp

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message."""
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        assert isinstance(envelope.content, bytes)
        self.messages.append(envelope.content)
        return "250 2.0.0 kept"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A running SMTP server."""
    box = Mailbox()
    with smtp_server(box) as box.port:
        yield box
