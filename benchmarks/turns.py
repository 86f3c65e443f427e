"""Measure what a turn on the ledger costs: results recorded and deliveries claimed, in one transaction.

    python -m benchmarks.turns [URL …] [--deliveries 20000] [--sizes 16 64 125 250 1000] [--rounds 3] [--workers 1]

For each ledger (without a URL: a new SQLite file; a PostgreSQL database must be empty) and each size of a turn: the
microseconds of processor a delivery (the least of the rounds, for what disturbs only adds to it, and the median), of
wall, and the deliveries a second of all workers together. On PostgreSQL the processor's share is ours alone, the
server's own is only in the wall.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from postroom.model import Edition, Email, Recipient, Sender, Sent, Unsubscribe
from postroom.outbox import Ledger, content, enqueue, operate, status, subscribers
from postroom.outbox.claim import Carrier, Hand
from postroom.outbox.record import Result
from postroom.outbox.turns import last_turn, turn

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIST = "weekly"
ADDRESS = "news@example.org"
BODY = Email(
    subject="s", preheader="", html="<p>Dear @@first_name@@</p>", text="", mjml="", language="en", fence="@@"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one worker's deliveries cost, in microseconds each."""

    cpu: float
    wall: float


def people(number: int) -> Iterator[Recipient]:
    """Subscribers of forty domains, each with a merge value of their own."""
    for index in range(number):
        address = f"reader{index}@example{index % 40}.com"
        yield Recipient(
            address=address,
            identity=address,
            domain=address.partition("@")[2],
            name=f"Reader {index}",
            merge={"first_name": f"R{index}"},
        )


def newsletter(article: str) -> Edition:
    """Make an edition that can be frozen."""
    return Edition(
        key=f"newsletter/article/{article}",
        channel="newsletter",
        variant="article",
        article=article,
        title=article,
        content=BODY,
        content_hash=content.digest(BODY),
        source_hash="",
        transport="mail",
        transport_kind="smtp",
        rehearsal=False,
        due_at=NOW,
        created_at=NOW,
        sender=Sender(from_=f"News <{ADDRESS}>", list_id="news.example.org", list_name="News"),
        unsubscribe=Unsubscribe(mailto=ADDRESS),
    )


def enqueue_edition(ledger: Ledger, article: str) -> None:
    """Freeze a newsletter for everybody on the list."""
    audience = enqueue.Audience(people=enqueue.Members(list=LIST))
    enqueue.freeze(ledger, newsletter(article), audience, parts=1, now=NOW)


def work(url: str, worker: int, size: int, deliveries: int) -> Cost:
    """Take turns of `size` until so many deliveries are sent."""
    hand = Hand(carrier=Carrier("mail", "smtp"), owner=f"worker-{worker}")
    with Ledger(url) as ledger:
        ledger.write(turn, hand, [], 0, NOW)
        cpu, wall, left = time.process_time(), time.perf_counter(), deliveries
        results: Sequence[Result] = ()
        while left:
            claimed = ledger.write(turn, hand, results, min(size, left), NOW)
            if not claimed and not results:
                raise RuntimeError("nothing is left to claim: is the database new?")
            results = [
                Result(
                    delivery_id=one.delivery.id,
                    outcome=Sent(reply=f"250 2.0.0 Ok: queued as {one.delivery.id:X}"),
                    mail_from=ADDRESS,
                )
                for one in claimed
            ]
            left -= len(claimed)
        ledger.write(last_turn, hand, results, [], NOW)
        each = 1e6 / deliveries
        return Cost((time.process_time() - cpu) * each, (time.perf_counter() - wall) * each)


def measure(url: str, size: int, options: argparse.Namespace, rounds: Iterator[int]) -> tuple[float, ...]:
    """Return the least of processor, the medians of processor, wall, and deliveries a second, of one size."""
    costs, rates = [], []
    for _ in range(options.rounds):
        key = f"edition-{next(rounds)}"
        with Ledger(url) as ledger:
            enqueue_edition(ledger, key)
        share = options.deliveries // options.workers
        found = run(url, size, share, options.workers)
        costs += found
        rates.append(options.workers * 1e6 / max(cost.wall for cost in found))
        with Ledger(url) as ledger:
            end(ledger, key)
    return (
        min(cost.cpu for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.wall for cost in costs),
        statistics.median(rates),
    )


def run(url: str, size: int, share: int, workers: int) -> list[Cost]:
    """Let the workers go, each in a process of its own where there are several."""
    if workers == 1:
        return [work(url, 0, size, share)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(work, url, number, size, share) for number in range(workers)]
        return [one.result() for one in running]


def end(ledger: Ledger, key: str) -> None:
    """Prove the accounts, and cancel what an edition has left, so that the next one is alone."""
    assert ledger.read(status.reconcile) == []
    ledger.write(operate.cancel, key, "measured", NOW)


def main() -> None:
    """Measure each ledger and each size, and print a line for it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--deliveries", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 64, 125, 250, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as scratch:
        for url in options.urls or [f"sqlite:///{Path(scratch)}/postroom.db"]:
            print(f"{url.partition(':')[0]}, {options.workers} worker(s)")
            with Ledger(url) as ledger:
                subscribers.import_rows(ledger, LIST, people(options.deliveries + 1), "bench", NOW)
            rounds = iter(range(10_000))
            for size in options.sizes:
                least, cpu, wall, rate = measure(url, size, options, rounds)
                print(
                    f"{size:5} a turn: {least:6.1f} ({cpu:.1f}) µs cpu, {wall:6.1f} µs wall a delivery; {rate:8,.0f}/s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
