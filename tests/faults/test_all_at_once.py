"""A newsletter goes out while people leave, addresses die and others sign up: every account still balances.

All three happen over real HTTP, to pages in a process of their own, beside the daemon that sends.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import provider_requests as provider
import pytest
from doorway import Authority, https
from rig.books import open_books
from rig.forge import Forge, wait_until
from rig.sink import Sink
from sqlalchemy import Connection, func, select

from postroom import links
from postroom.compose.unsubscribe import PURPOSE
from postroom.outbox import Ledger, leaving, meta, status
from postroom.outbox.tables import delivery, departure, edition, greeting, subscriber, suppression
from postroom.web.public import EMAIL, LIST, STAMP

KEY = "newsletter/article/ledgers"
PATIENCE_SECONDS = 240
AT_ONCE = 4
"""How many requests each kind of reader sends at a time."""

CONFIG = """\
publication: {{name: The Ledger, url: https://ledger.example, language: en, address: "1 Street"}}
articles: {{folder: articles, url: "{{publication.url}}/{{slug}}", settle: 0 seconds}}
audiences: {{readers: {{list: weekly}}}}
channels:
  newsletter:
    kind: email
    audience: readers
    from: "The Ledger <news@ledger.example>"
    ignore_before: 2025-01-01
    unsubscribe: web
    transport: mail
transports:
  mail: {{kind: smtp, host: 127.0.0.1, port: {smtp}, tls: none, connections: 4, window: 250}}
web: {{url: "{url}", listen: "127.0.0.1:{listen}", in_daemon: false, sign_up: [readers]}}
feedback: {{webhooks: {{postmark: {{username: "${{HOOK_USER}}", password: "${{HOOK_PASSWORD}}"}}}}}}
outbox: {{database: "sqlite:///postroom.db"}}
"""
ARTICLE = """\
---
title: On ledgers
description: Of ledgers.
author: Ada
publish_date: 2026-03-10 09:00
---

They hold.
"""


@dataclass(frozen=True, slots=True)
class Town:
    """A project with a list, its sink, its processes, and its pages at `pages`."""

    folder: Path
    sink: Sink
    forge: Forge
    pages: str

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger beside the processes."""
        return Ledger(f"sqlite:///{self.folder / 'postroom.db'}")

    def command(self, *arguments: str) -> None:
        """Run a command as a person would."""
        assert self.forge.run(*arguments) == 0, self.log()

    def log(self) -> str:
        """Read the end of what the processes said."""
        return self.forge.log.read_text()[-3000:]

    def settle(self, people: int) -> None:
        """Put so many people on the list, and freeze an article for them that a person lets go."""
        rows = "".join(f"reader{index}@example.org\n" for index in range(people))
        (self.folder / "people.csv").write_text(f"email\n{rows}")
        self.command("subscribers", "import", str(self.folder / "people.csv"), "--list", "weekly")
        (self.folder / "articles").mkdir()
        (self.folder / "articles/ledgers.md").write_text(ARTICLE)
        self.command("run", "--once")
        self.command("outbox", "approve", KEY, "--recipients", str(people))

    def is_quiet(self) -> bool:
        """Whether everything that was begun is done: editions, greetings, and what came back."""
        with self.ledger() as ledger:
            figures = ledger.read(_unfinished)
        return not any(figures)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    authority = Authority(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = free.getsockname()[1]
    sink = Sink(tmp_path, seconds=0.0)
    environment = {
        "SSL_CERT_FILE": str(authority.file),
        "HOOK_USER": provider.POSTMARK[0],
        "HOOK_PASSWORD": provider.POSTMARK[1],
    }
    with https(authority, listen) as outside:
        url = f"https://localhost:{outside}"
        (tmp_path / "config.yaml").write_text(CONFIG.format(url=url, smtp=sink.port, listen=listen))
        forge = Forge(tmp_path, environment)
        web = forge.start("web")
        try:
            yield Town(tmp_path, sink, forge, f"http://127.0.0.1:{listen}")
            assert forge.end(web, signal.SIGTERM) == 0
        finally:
            forge.close()
            sink.close()


@pytest.mark.timeout(900)
def test_accounts_balance_while_people_leave_bounce_and_sign_up(town: Town, many, report) -> None:
    """Nobody gets a mail that was begun after they left, or after their address was given up."""
    people, of_each = many(20_000, 100_000), many(300, 1000)
    town.settle(people)
    chance = random.Random(6)
    chosen = chance.sample(range(people), 2 * of_each)
    leaving_ones, bouncing = chosen[:of_each], chosen[of_each:]
    new = [f"new@town{index}.example.net" for index in range(of_each)]
    assert wait_until(lambda: "is served at" in town.log()), town.log()
    requests = (unsubscriptions(town, leaving_ones), bounces(town, bouncing), sign_ups(town, new))
    daemon = town.forge.start()
    assert wait_until(lambda: town.sink.count() > people // 100), town.log()
    jobs = [_each(each) for each in requests]
    answers = [job() for job in jobs]
    while_sending = town.sink.count()
    assert wait_until(town.is_quiet, PATIENCE_SECONDS), town.log()
    assert town.forge.end(daemon, signal.SIGTERM) == 0
    assert answers == [{200: of_each}, {202: of_each}, {200: of_each}]

    books = open_books(town)  # type: ignore[arg-type]
    books.check()
    assert books.doubled == {}
    with town.ledger() as ledger:
        late, gone, given_up, asked = ledger.read(_after_the_end)
        accounts = next(row.accounts for row in ledger.read(status.editions) if row.key == KEY)
    report(
        people=people, of_each=of_each, sent=accounts.sent, spared=accounts.cancelled, at_end=while_sending
    )
    assert (late, gone, given_up, asked) == (0, of_each, of_each, of_each)
    assert accounts.sent + accounts.cancelled == accounts.recipients == people
    assert 0 < accounts.cancelled < 2 * of_each
    got = town.sink.copies()
    assert Counter({who: got[who] for who in new}) == Counter(new)  # one mail each, to confirm
    assert while_sending < people + of_each, "all mail had gone out before the last of them came"


def unsubscriptions(town: Town, whose: Sequence[int]) -> list[Callable[[httpx.Client], int]]:
    """Leave as mail services do, each by the link in their own mail."""
    query = select(subscriber.c.identity, subscriber.c.uuid)
    with town.ledger() as ledger:
        uuids = {
            row.identity: row.uuid for row in ledger.read(lambda connection: connection.execute(query).all())
        }
        keys = (ledger.write(meta.link_key),)
        number = str(ledger.write(leaving.number_of, "weekly"))

    def leave(uuid: str) -> Callable[[httpx.Client], int]:
        url = f"{town.pages}/u/{links.token(keys, PURPOSE, uuid, number)}"
        return lambda client: client.post(url, data={"List-Unsubscribe": "One-Click"}).status_code

    return [leave(uuids[f"reader{index}@example.org"]) for index in whose]


def bounces(town: Town, whose: Sequence[int]) -> list[Callable[[httpx.Client], int]]:
    """Tell of dead addresses as Postmark does."""

    def tell(index: int) -> Callable[[httpx.Client], int]:
        told = provider.postmark(f"reader{index}@example.org", number=index)
        url = f"{town.pages}/hooks/postmark"
        return lambda client: client.post(url, content=told.body, headers=list(told.headers)).status_code

    return [tell(index) for index in whose]


def sign_ups(town: Town, whose: Sequence[str]) -> list[Callable[[httpx.Client], int]]:
    """Sign up, each from a network of their own, with the form that was shown to the first."""
    form = httpx.get(f"{town.pages}/subscribe").raise_for_status().text
    stamp = re.search(rf'name="{STAMP}" value="([^"]+)"', form)
    listed = re.search(rf'name="{LIST}"[^>]* value="([^"]+)"', form)
    assert stamp, form
    threading.Event().wait(2.1)  # a person needs that long
    fields = {STAMP: stamp[1], LIST: listed[1] if listed else "readers"}

    def ask(index: int, who: str) -> Callable[[httpx.Client], int]:
        network = {"X-Forwarded-For": f"10.{index // 250}.{index % 250}.7"}
        data = {**fields, EMAIL: who}
        return lambda client: client.post(f"{town.pages}/subscribe", data=data, headers=network).status_code

    return [ask(index, who) for index, who in enumerate(whose)]


def _each(requests: Sequence[Callable[[httpx.Client], int]]) -> Callable[[], Counter[int]]:
    """Begin to send requests, a few at a time; the result waits for them and counts the answers."""
    client = httpx.Client(timeout=60)
    pool = ThreadPoolExecutor(AT_ONCE)
    begun = [pool.submit(request, client) for request in requests]

    def wait() -> Counter[int]:
        with closing(client), pool:
            return Counter(each.result() for each in begun)

    return wait


def _unfinished(connection: Connection) -> tuple[int, ...]:
    """Count editions that are not finished, greetings that are not written, and mail that waits."""
    queries = (
        select(func.count()).select_from(edition).where(edition.c.state != "finished"),
        select(func.count()).select_from(greeting).where(greeting.c.edition_id.is_(None)),
    )
    return tuple(connection.execute(query).scalar_one() for query in queries)


def _after_the_end(connection: Connection) -> tuple[int, int, int, int]:
    """Count mails begun after their reader left or was given up; who left; who was given up; who asked."""
    late = 0
    for table, link, moment in (
        (departure, departure.c.subscriber_id == subscriber.c.id, departure.c.at),
        (suppression, suppression.c.identity == subscriber.c.identity, suppression.c.at),
    ):
        mails = delivery.join(subscriber, subscriber.c.id == delivery.c.recipient).join(table, link)
        begun = select(func.count()).select_from(mails).where(delivery.c.first_begun_at > moment)
        late += connection.execute(begun).scalar_one()
    counts = (
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (departure, suppression, greeting)
    )
    return (late, *counts)
