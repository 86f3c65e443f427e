"""Measure the public pages: one command, a table, and JSON.

    python -m benchmarks.web [--people 100000] [--seconds 5] [--rounds 5] [--readers 32] [--json FILE]

A real `postroom web` runs on one core, with all of its threads; whoever asks runs on another, over loopback, on
connections that stay open. Each POST is somebody else's, on a list of so many people, and is answered after its commit
has reached the disk. At the end the ledger is asked who is left.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path

from benchmarks.asking import Asked, ask
from benchmarks.bench import machine
from benchmarks.measure import Figure, line
from benchmarks.outbox import keep
from postroom import config, links
from postroom.compose.unsubscribe import PURPOSE
from postroom.model import Edition, Email, Recipient, Sent
from postroom.outbox import claim, content, enqueue, leaving, meta, pace, record, subscribers
from postroom.outbox.ledger import Ledger
from postroom.slugs import slug_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EDITIONS = 25
FORM = b"List-Unsubscribe=One-Click"
CONFIG = """\
publication: {name: The Learning Machine, url: https://learning.example, address: 1 Example Street}
web: {url: https://mail.learning.example, listen: "127.0.0.1:PORT"}
audiences: {readers: {list: weekly}}
transports: {mail: {kind: folder, path: out}}
channels:
  newsletter: {kind: email, from: news@learning.example, audience: readers, transport: mail, unsubscribe: web}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A ledger full of people, and the paths that they ask for."""

    folder: Path
    database: str
    tokens: Sequence[str]

    @property
    def config(self) -> Path:
        """Where config.yaml is."""
        return self.folder / "config.yaml"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.web",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=100_000, help="how many are on the list")
    parser.add_argument("--seconds", type=float, default=5, help="how long each round takes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--readers", type=int, default=32, help="how many ask at the same time")
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--json", type=Path, help="keep the figures here")
    return parser.parse_args()


def main() -> None:
    """Measure, print a line for each figure, and keep all of them."""
    options = arguments()
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("this takes two cores: one for the pages, one for those who ask")
    first, second = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory(prefix="postroom-bench-", dir=options.scratch) as scratch:
        about = machine(Path(scratch))
        print(json.dumps(about))
        stage = staged(Path(scratch), options.people)
        os.sched_setaffinity(0, {second})
        with served(stage, first) as port:
            figures = list(measured(stage, port, options))
        check(stage, options.people, sum(int(figure.raw.get("left", 0)) for figure in figures))  # type: ignore[call-overload]
    for figure in figures:
        print(line(figure), flush=True)
    if options.json is not None:
        keep(options.json, "web", figures, about)
    sys.exit(int(any(figure.is_met is False for figure in figures)))


def measured(stage: Stage, port: int, options: argparse.Namespace) -> Iterator[Figure]:
    """Ask for pages, then let people leave."""
    setting = f"{options.readers} readers, {options.people:,} people, one core"
    slug = slug_of("newsletter", "article", "letter-0")
    reading: Mapping[str, str] = {"the archive": "/", "a mail in the browser": f"/e/{slug}"}
    for name, path in reading.items():
        rounds = [
            ask(port, repeat(get(path)), options.readers, options.seconds) for _ in range(options.rounds)
        ]
        yield from told(name, rounds, 1000 if path == "/" else None, setting)
    posts = iter([post(token) for token in stage.tokens])
    rounds = [ask(port, posts, options.readers, options.seconds) for _ in range(options.rounds)]
    yield from told("unsubscribe, with the durable commit", rounds, 500, setting, leaves=True)


def told(
    name: str, rounds: Sequence[Asked], at_least: float | None, setting: str, *, leaves: bool = False
) -> Iterator[Figure]:
    """Tell how many a second, and how long the slowest of a hundred waited."""
    answered = sum(each.number for each in rounds)
    yield Figure(
        section="web",
        name=name,
        values=[each.number / each.seconds for each in rounds],
        unit="/s",
        at_least=at_least,
        setting=setting,
        raw={"answered": answered, **({"left": answered} if leaves else {})},
    )
    yield Figure(
        section="web",
        name=f"{name}: 99 % within",
        values=[each.p99_ms for each in rounds],
        unit="ms",
        at_most=100 if leaves else None,
        setting=setting,
    )


def get(path: str) -> bytes:
    """Write a request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: mail.learning.example\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def post(token: str) -> bytes:
    """Write what a mail service posts (RFC 8058 §3.2)."""
    head = (
        f"POST /u/{token} HTTP/1.1\r\nHost: mail.learning.example\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(FORM)}\r\n\r\n"
    )
    return head.encode() + FORM


def staged(folder: Path, people: int) -> Stage:
    """Fill a ledger, and send editions to some."""
    (folder / "config.yaml").write_text(CONFIG.replace("PORT", str(free_port())))
    database = config.load(folder / "config.yaml").database
    with Ledger(database) as ledger:
        rows = (
            Recipient(address=f"r{at}@example.org", identity=f"r{at}@example.org", domain="example.org")
            for at in range(people)
        )
        subscribers.import_rows(ledger, "weekly", rows, "people.csv", NOW)
        for number in range(EDITIONS):
            publish(ledger, f"letter-{number}")
        number = ledger.write(leaving.number_of, "weekly")
        keys = (ledger.write(meta.link_key),)
        uuids = ledger.read(
            lambda connection: list(connection.exec_driver_sql("SELECT uuid FROM subscriber").scalars())
        )
    return Stage(folder, database, [links.token(keys, PURPOSE, uuid, str(number)) for uuid in uuids])


def publish(ledger: Ledger, article: str) -> None:
    """Freeze an edition of 60 KB for one reader, and send it."""
    html = f"<html><body><h1>On {article}</h1>{'<p>Lorem ipsum dolor sit amet.</p>' * 1800}</body></html>"
    body = Email(
        subject=f"On {article}",
        preheader="What it is about",
        html=html,
        text="…",
        mjml="",
        language="en",
        fence="@@",
    )
    edition = Edition(
        key=f"newsletter/article/{article}",
        channel="newsletter",
        article=article,
        variant="article",
        title=f"On {article}",
        content=body,
        content_hash=content.digest(body),
        source_hash="s",
        transport="mail",
        transport_kind="smtp",
        rehearsal=False,
        due_at=NOW,
        created_at=NOW,
        list="weekly",
    )
    reader = Recipient(address="r0@example.org", identity="r0@example.org", domain="example.org")
    enqueue.freeze(ledger, edition, enqueue.Audience(people=[reader], rows_read=1), parts=1, now=NOW)
    hand = claim.Hand(
        carrier=claim.Carrier("mail", "smtp"), owner="bench", begins=True, limits=pace.UNLIMITED
    )
    for one in ledger.write(claim.claim, hand, 10, NOW):
        result = record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250 ok"), retry_at=None)
        ledger.write(record.record, "bench", [result], NOW)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextmanager
def served(stage: Stage, core: int) -> Iterator[int]:
    """Run `postroom web` on one core; yield its port. What it logs goes into a file, as in any service."""
    log = stage.folder / "web.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "postroom", "--config", str(stage.config), "web"],
            stderr=file,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # nothing runs beside it yet
        )
    try:
        while (found := re.search(r"127\.0\.0\.1:(\d+)", log.read_text())) is None:
            if process.poll() is not None:
                sys.exit(f"postroom web did not start: {log.read_text()}")
            time.sleep(0.05)
        yield int(found[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def check(stage: Stage, people: int, left: int) -> None:
    """Refuse figures of answers that were not true: whoever was told that they left must have left."""
    with Ledger(stage.database) as ledger:
        members = ledger.read(subscribers.count, "weekly")
    if members != people - left:
        sys.exit(f"{left:,} of {people:,} were told that they left, and {members:,} are still on the list")


if __name__ == "__main__":
    main()
