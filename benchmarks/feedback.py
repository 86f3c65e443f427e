"""Measure what comes back: `python -m benchmarks.feedback [--requests 5000] [--pairs 9] [--json FILE]`.

told       webhooks as Mailgun signs them, over HTTP to the real server in a process of its own, 16 at a time, one in
           five a repeat, the latest first: requests a second, the 99th of a hundred answers, and what was kept
acted on   a thousand bounces that are acted on while 40,000 mails are claimed, composed and recorded: how much longer
           that takes than without them, pair by pair
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.measure import Figure, compared, line, pairs
from benchmarks.turns import LIST, NOW, enqueue_edition, people
from postroom.compose import Keys, compose
from postroom.config import FeedbackSettings, parse
from postroom.daemon.listener import Listener
from postroom.model import Feedback, FeedbackKind, Sent
from postroom.outbox import Ledger, feedback, operate, subscribers
from postroom.outbox.claim import Carrier, Hand
from postroom.outbox.record import Result
from postroom.outbox.tables import feedback as kept
from postroom.outbox.turns import last_turn, turn
from postroom.pipeline.vitals import Role, Vitals
from postroom.web.front import front_of
from postroom.web.front.serving import serve_beside

KEY = b"0123456789abcdef0123456789abcdef"
CONFIG = f"""\
publication: {{name: News, url: https://n.example}}
web: {{url: https://m.n.example}}
channels: {{posts: {{kind: linkedin, transport: out}}}}
transports: {{out: {{kind: folder, path: out}}}}
feedback: {{webhooks: {{mailgun: {{signing_key: "{KEY.decode()}"}}}}}}
"""
CONNECTIONS = 16
REPEATED = 5  # one in so many
MAILS = 40_000
BOUNCES = 1_000


def told(address: str, number: int, now: datetime) -> bytes:
    """Write what Mailgun posts of a bounce."""
    stamp, token = str(int(now.timestamp())), f"token-of-event-{number:08}"
    signature = hmac.new(KEY, (stamp + token).encode(), hashlib.sha256).hexdigest()
    event = {
        "event": "failed",
        "severity": "permanent",
        "timestamp": now.timestamp(),
        "recipient": address,
        "delivery-status": {"message": "5.1.1 no such user", "enhanced-code": "5.1.1", "bounce-type": "hard"},
    }
    signed = {"timestamp": stamp, "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()


def wall() -> datetime:
    """Read the clock: webhooks are believed while they are fresh."""
    return datetime.now(UTC)  # noqa: TID251


def serve(url: str, pipe: Connection) -> None:
    """Serve the pages of a ledger until the pipe is closed; first of all, tell where."""
    config = parse(CONFIG, Path("config.yaml"))
    with Ledger(url) as ledger:
        front = front_of(config, ledger, wall, str)
        handle = serve_beside(front, "127.0.0.1:0")
        pipe.send(handle.address)
        pipe.recv()
        handle.close()


@contextmanager
def served(url: str) -> Iterator[tuple[str, int]]:
    """Run the server in a process of its own; yield where it answers."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(url, theirs))
    process.start()
    host, _, port = str(ours.recv()).removeprefix("http://").rpartition(":")
    yield host, int(port)
    ours.send("end")
    process.join()


async def post(place: tuple[str, int], bodies: Sequence[bytes]) -> list[float]:
    """Post bodies over one connection, one after the other; return how long each answer took."""
    reader, writer = await asyncio.open_connection(*place)
    took = []
    for body in bodies:
        began = time.perf_counter()
        writer.write(
            b"POST /hooks/mailgun HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.decode())
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
        took.append(time.perf_counter() - began)
    writer.close()
    return took


async def flood(place: tuple[str, int], bodies: Sequence[bytes]) -> tuple[float, list[float]]:
    """Post all of them, a few at a time; return the seconds it took in all, and for each."""
    began = time.perf_counter()
    lanes = await asyncio.gather(*(post(place, bodies[at::CONNECTIONS]) for at in range(CONNECTIONS)))
    return time.perf_counter() - began, [each for lane in lanes for each in lane]


def webhooks(folder: Path, requests: int) -> Iterator[Figure]:
    """Flood the server, and count what it has kept."""
    url = f"sqlite:///{folder / 'told.db'}"
    now = wall()
    unique = requests - requests // REPEATED
    bodies = [told(f"reader{number}@example.com", number, now) for number in range(unique)]
    bodies = [*bodies, *random.Random(7).choices(bodies, k=requests - unique)][::-1]
    Ledger(url).close()
    with served(url) as place:
        seconds, took = asyncio.run(flood(place, bodies))
    with Ledger(url) as ledger:
        count = ledger.read(lambda connection: connection.execute(select(func.count(kept.c.id))).scalar_one())
    setting = f"{CONNECTIONS} connections"
    yield Figure(
        section="told", name="requests a second", values=[requests / seconds], unit="", setting=setting
    )
    slowest = statistics.quantiles(took, n=100)[98] * 1000
    yield Figure(
        section="told", name="99 of 100 within", values=[slowest], unit="ms", at_most=100, setting=setting
    )
    yield Figure(
        section="told", name="kept too few or too many", values=[abs(count - unique)], unit="", at_most=0
    )


def send(ledger: Ledger, article: str, number: int) -> float:
    """Claim, compose and record an edition for so many; return the seconds it took."""
    enqueue_edition(ledger, article)
    hand = Hand(carrier=Carrier("mail", "smtp"), owner="benchmark")
    keys, done = Keys(links=(KEY,)), 0
    results: list[Result] = []
    began = time.perf_counter()
    while done < number:
        claimed = ledger.write(turn, hand, results, min(250, number - done), NOW)
        results = []
        for one in claimed:
            compose(one.edition, one.delivery, keys)
            results.append(
                Result(delivery_id=one.delivery.id, outcome=Sent(reply="250 2.0.0 Ok"), mail_from="")
            )
        done += len(claimed)
    ledger.write(last_turn, hand, results, [], NOW)
    seconds = time.perf_counter() - began
    ledger.write(operate.cancel, f"newsletter/article/{article}", "measured", NOW)
    return seconds


def acting(folder: Path, count: int) -> Iterator[Figure]:
    """Send with and without bounces to act on."""
    with Ledger(f"sqlite:///{folder / 'acted.db'}") as ledger:
        everybody = list(people(MAILS + 2 * BOUNCES * (count + 1)))
        subscribers.import_rows(ledger, LIST, everybody, "benchmark", NOW)
        bounced = iter(everybody[::-1])
        rounds = iter(range(10_000))
        acted: list[int] = []

        def with_bounces() -> float:
            some = [next(bounced) for _ in range(BOUNCES)]
            ledger.write(feedback.hear, [_bounce(one.address) for one in some], NOW)
            vitals = Vitals(time.monotonic)
            vitals.take_role(Role.LEADS)
            listener = Listener(FeedbackSettings(), ledger, vitals, lambda: NOW, str)
            listener.start()
            seconds = send(ledger, f"with-{next(rounds)}", MAILS)
            acted.append(BOUNCES - ledger.read(feedback.waiting, BOUNCES))
            listener.close()
            while ledger.write(feedback.act, (KEY,), FeedbackSettings().thresholds, NOW).seen:
                pass
            return seconds

        with_bounces()
        found = pairs(with_bounces, lambda: send(ledger, f"without-{next(rounds)}", MAILS), count)
    yield compared("acted on", "times as long as without bounces", found, at_most=1.1)
    yield Figure(section="acted on", name="acted on meanwhile", values=acted[1:], unit="bounces")


def _bounce(address: str) -> Feedback:
    return Feedback(
        kind=FeedbackKind.BOUNCED, source="mailgun", event=address, address=address, status="5.1.1"
    )


def main() -> int:
    """Measure, print, and tell whether all targets are met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for figure in (*webhooks(Path(folder), options.requests), *acting(Path(folder), options.pairs)):
            print(line(figure), flush=True)
            figures.append(figure)
    if options.json:
        options.json.write_text(json.dumps([each.as_dict() for each in figures], indent=2))
    return int(any(each.is_met is False for each in figures))


if __name__ == "__main__":
    raise SystemExit(main())
