"""A project as an owner has one, driven by the same commands: people, articles, a ledger, one mail channel.

All that the benchmarks know of the program's insides (two tables, three columns) is in this file.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

from benchmarks.measure import Usage, run
from postroom.outbox import status
from postroom.outbox.ledger import Ledger

CONFIG = """\
publication: {{name: Bench, url: https://bench.example, language: en, timezone: Europe/London, address: "1 Street"}}
articles: {{folder: articles, url: "{{publication.url}}/{{slug}}", settle: 0 seconds}}
images: {{folder: public, url: https://bench.example/images}}
audiences: {{subscribers: {audience}}}
channels:
  newsletter:
    kind: email
    audience: subscribers
    from: "Bench <news@bench.example>"
    ignore_before: 2025-01-01
    unsubscribe: {{mailto: leave@bench.example}}
    approval: required
    transport: mail
    {channel}
transports:
  mail: {transport}
outbox: {{database: {database}}}
"""

NAMES = [
    "Ada Lindqvist",
    "José Núñez",
    "Zoë Ångström",
    "Mei Tanaka",
    "Grace Hopper",
    "Noor de Vries",
    "Łukasz Żak",
    "王小明",
]
DOMAINS = ["example.com", "example.org", "example.net", "mail.example", "post.example"]
VOCABULARY = (
    "the of and to in that model data learning machine system light river people which with for from this are "
    "network question answer between history energy measure simple beautiful small letter printer reader garden"
)
WORDS = VOCABULARY.split()
LINKS_IN_BODY = 17
"""With those that the template adds, a mail has 20."""

SENTENCES, SENTENCE_WORDS = 18, 8
"""Two make a paragraph; all of them a mail of about 30,000 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the first claim to the last record of an edition, as the ledger's log of attempts has it."""

    seconds: float
    attempts: int
    sent: int


@dataclass(slots=True, kw_only=True)
class Project:
    """A project in a folder of its own. `transport` are the settings of its only transport.

    `audience` is None for people kept in the ledger, else a CSV file.
    """

    folder: Path
    transport: Mapping[str, object]
    database: str = ""
    audience: Path | None = None
    channel: Mapping[str, object] = field(default_factory=dict)
    articles: int = 0

    def __post_init__(self) -> None:
        (self.folder / "articles").mkdir(parents=True, exist_ok=True)
        self.database = self.database or f"sqlite:///{self.folder / 'postroom.db'}"
        self.configure(self.transport)

    def configure(self, transport: Mapping[str, object]) -> None:
        """Write config.yaml anew with another transport."""
        self.transport = transport
        who = {"list": "all"} if self.audience is None else {"file": str(self.audience)}
        written = CONFIG.format(
            audience=json.dumps({**who, "max": 100_000_000}),
            transport=json.dumps(transport),
            database=json.dumps(self.database),
            channel="\n    ".join(f"{name}: {json.dumps(value)}" for name, value in self.channel.items()),
        )
        (self.folder / "config.yaml").write_text(written, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """Spell a command of the program on this project."""
        return [sys.executable, "-m", "postroom", "--config", str(self.folder / "config.yaml"), *arguments]

    def call(
        self,
        *arguments: str,
        expect: tuple[int, ...] = (0, 1),
        while_running: Callable[[subprocess.Popen[bytes]], None] | None = None,
    ) -> Usage:
        """Run a command. 1 is a fair end: something waits for a person."""
        return run(self.command(*arguments), folder=self.folder, expect=expect, while_running=while_running)

    def subscribe(self, count: int) -> None:
        """Put so many people on the list that the ledger keeps."""
        file = self.folder / "people.csv"
        write_people(file, count)
        self.call("subscribers", "import", str(file))

    def write_article(self) -> str:
        """Write one more article of the usual size; return the name of the edition that it will become."""
        self.articles += 1
        name = f"piece-{self.articles:04}"
        (self.folder / "articles" / f"{name}.md").write_text(article(self.articles), encoding="utf-8")
        return f"newsletter/article/{name}"

    def publish(self, recipients: int) -> str:
        """Freeze one more edition for everybody and let it go, but send nothing yet; return its name."""
        key = self.write_article()
        self.call("run", "--once")
        self.call("outbox", "approve", key, "--recipients", str(recipients), expect=(0,))
        return key

    def deliver(self, *arguments: str) -> Usage:
        """Send all that is due, and stop."""
        return self.call("run", "--once", *arguments, expect=(0,))

    def preview(self) -> tuple[str, str]:
        """Render an article as its first reader gets it; return its html and its text."""
        shown = self._shown()
        return (shown / "newsletter-article.html").read_text(), (shown / "newsletter-article.txt").read_text()

    def mail_bytes(self) -> int:
        """Tell how long a mail is, with its headers."""
        return (self._shown() / "newsletter-article.eml").stat().st_size

    def _shown(self) -> Path:
        """Show an article that is gone before anything is published."""
        written = self.folder / "articles" / "shown.md"
        written.write_text(article(1), encoding="utf-8")
        out = self.folder / "preview"
        self.call("preview", "shown", "--out", str(out))
        written.unlink()
        return out / "shown"

    def span(self, key: str) -> Span:
        """Tell how long an edition took, without starting the program and without publishing."""
        query = (
            "SELECT min(a.at), max(a.ended_at), count(*), sum(a.outcome = 'sent')"
            " FROM attempt a JOIN delivery d ON d.id = a.delivery_id JOIN edition e ON e.id = d.edition_id"
            " WHERE e.key = :key"
        ).replace("sum(a.outcome = 'sent')", "sum(CASE a.outcome WHEN 'sent' THEN 1 ELSE 0 END)")
        began, ended, attempts, sent = next(self.rows(query, key=key))
        return Span(seconds=(ended - began) / 1e6, attempts=attempts, sent=sent)

    def rows(self, query: str, **values: object) -> Iterator[tuple[Any, ...]]:
        """Ask the ledger something in SQL, beside the program."""
        with self.connection() as connection:
            yield from (tuple(row) for row in connection.execute(text(query), values))

    def who_gets_what(self) -> str:
        """Spell the query for everybody's identity and part, in their order."""
        names = {name for _, name, *_ in self.rows("SELECT * FROM pragma_table_info('delivery')")}
        if "recipient" not in names:
            return "SELECT identity, part FROM delivery ORDER BY identity, part"
        return (
            "SELECT s.identity, d.part FROM delivery d JOIN subscriber s ON s.id = d.recipient ORDER BY 1, 2"
        )

    def reconcile(self) -> tuple[int, float]:
        """Let the outbox count every delivery; return how many accounts are wrong, and the seconds it took."""
        with Ledger(self.database) as ledger:
            began = time.perf_counter()
            wrong = ledger.read(status.reconcile)
            return len(wrong), time.perf_counter() - began

    def connection(self) -> Connection:
        """Open the ledger's database; the caller closes it."""
        return create_engine(self.database.replace("postgresql://", "postgresql+psycopg://")).connect()


def write_people(file: Path, count: int) -> None:
    """Write an audience: an address, a name and two further columns for each; one name in three is not ASCII."""
    with file.open("w", encoding="utf-8") as out:
        out.write("email,name,city,plan\n")
        for number in range(count):
            name, domain = NAMES[number % len(NAMES)], DOMAINS[number % len(DOMAINS)]
            out.write(
                f"reader{number:07}@{domain},{name},Town {number % 97},{'free' if number % 3 else 'paid'}\n"
            )


def article(number: int) -> str:
    """Write an article with links and two merge fields that becomes a mail of about 30,000 bytes."""
    source = random.Random(number)
    sentences = [sentence(source, number, place) for place in range(SENTENCES)]
    paragraphs = [" ".join(sentences[place : place + 2]) for place in range(0, SENTENCES, 2)]
    greeting = "Dear {{first_name|reader}}, this is for you in {{city|your town}}."
    title = f"A piece that is number {number}"
    front = (
        f"---\ntitle: {title}\npublish_date: 2025-03-01\ndescription: What number {number} is about\n---\n\n"
    )
    return front + "\n\n".join((greeting, *paragraphs)) + "\n"


def sentence(source: random.Random, number: int, place: int) -> str:
    """Write a sentence, and with most of them a link."""
    words = " ".join(source.choices(WORDS, k=SENTENCE_WORDS)).capitalize()
    link = f" [Read more of part {place}](https://bench.example/{number}/{place}?from=mail)."
    return f"{words}." + (link if place < LINKS_IN_BODY else "")
