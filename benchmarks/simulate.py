"""Simulate a week of many deliveries a day on one PostgreSQL, from measured costs, and say what breaks first.

    python -m benchmarks.simulate [--results benchmarks/results/outbox.json] [--per-day 100000000] [--json FILE]

Nothing is sent. What one delivery costs the database, its log, its disk and a worker comes from the sections `costs`
and `postgres` of a run of `benchmarks.outbox`; how people send newsletters (three morning waves, a few giants, many
small ones) is assumed below, and so are the hosts. A step is a minute.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

DAYS = 7
STEP_SECONDS = 60
STEPS_A_DAY = 86_400 // STEP_SECONDS

WAVES = ((7.0, 0.40), (13.0, 0.25), (16.0, 0.20))
"""Hours (UTC) at which it is morning in Europe, on the East and on the West coast of America, and the share of a
day's mail that is due within the half hour around each. The rest is spread over the day.
"""

WAVE_WIDTH_HOURS = 0.25
EDITIONS_A_DAY = 2_000
PARETO = 1.16
"""Sizes of editions: a fifth of them has four fifths of the recipients."""

HEADROOM = 0.7
"""The share of a host's processors that may be planned with."""


DEAD_BYTES, DEAD_SHARE, INDEX_BYTES = 6, 0.2, 50
"""Vacuum (up to PostgreSQL 16) notes a dead row in 6 bytes of `maintenance_work_mem`, begins when a fifth is dead, and
reads an index whole for each memory-full. A delivery takes about 50 bytes of its index.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one delivery costs, as measured: seconds of processors, bytes."""

    freeze_db_seconds: float
    send_db_seconds: float
    worker_seconds: float
    freeze_log_bytes: float
    send_log_bytes: float
    kept_bytes: float
    vacuum_seconds: float
    delete_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """What it runs on (assumed): one database, some hosts of workers, what lies between them and the mail's takers."""

    database_cores: int = 16
    log_bytes_per_second: float = 300e6
    disk_bytes: float = 4e12
    commit_seconds: float = 0.001
    maintenance_bytes: float = 64e6
    read_bytes_per_second: float = 200e6
    worker_hosts: int = 4
    worker_cores: int = 8
    connections: int = 32
    round_trip_seconds: float = 0.05
    window: int = 500
    kept_days: int = 30

    @property
    def workers(self) -> int:
        """Count the processes, one a core."""
        return self.worker_hosts * self.worker_cores


@dataclass(slots=True, kw_only=True)
class Week:
    """What came of a week: per step, deliveries frozen, sent, and waiting."""

    frozen: list[float]
    sent: list[float]
    waiting: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much of a resource is needed, as a share of what there is; `remedy` is what to do above 1."""

    resource: str
    share: float
    remedy: str


def costs_of(results: Mapping[str, Mapping[str, object]]) -> Costs:
    """Take the costs out of a file of results. Raises SystemExit where a section was not measured."""
    figures = {
        figure["name"]: float(figure["median"])
        for section in ("costs", "postgres")
        for figure in _figures(results, section)
    }
    micro = 1e-6
    return Costs(
        freeze_db_seconds=figures["PostgreSQL: database processor to freeze it"] * micro,
        send_db_seconds=figures["PostgreSQL: database processor to send it"] * micro,
        worker_seconds=figures["one worker: CPU for 1,000 mails"] / 1000,
        freeze_log_bytes=figures["PostgreSQL: log written to freeze it"],
        send_log_bytes=figures["PostgreSQL: log written to send it"],
        kept_bytes=figures["PostgreSQL: bytes of a delivery sent, with its attempt"],
        vacuum_seconds=figures["PostgreSQL: vacuum of what sending left"] * micro,
        delete_seconds=figures["PostgreSQL: to delete it with its attempt"] * micro,
    )


def _figures(results: Mapping[str, Mapping[str, object]], section: str) -> Sequence[Mapping[str, str]]:
    found = results.get(section, {}).get("figures", [])
    if not isinstance(found, list) or not found:
        raise SystemExit(
            f"the results have no section {section}: python -m benchmarks.outbox {section} --json …"
        )
    return found


def arrivals(per_day: float, source: random.Random) -> list[float]:
    """Draw a day's editions and say how many deliveries become due in each step."""
    sizes = [source.paretovariate(PARETO) for _ in range(EDITIONS_A_DAY)]
    scale = per_day / sum(sizes)
    due = [0.0] * STEPS_A_DAY
    for size in sizes:
        due[int(_moment(source) * STEPS_A_DAY / 24) % STEPS_A_DAY] += size * scale
    return due


def _moment(source: random.Random) -> float:
    """Draw the hour at which an edition is due."""
    draw = source.random()
    for hour, share in WAVES:
        if draw < share:
            return source.gauss(hour, WAVE_WIDTH_HOURS)
        draw -= share
    return source.uniform(0, 24)


def rates(costs: Costs, hosts: Hosts) -> tuple[float, float]:
    """Say how many deliveries a second can be frozen (by one publisher at a time) and sent."""
    freeze = 1 / costs.freeze_db_seconds  # one connection, so one core of the database
    send = min(
        hosts.workers * HEADROOM / costs.worker_seconds,
        hosts.database_cores * HEADROOM / costs.send_db_seconds,
        hosts.workers * hosts.connections / hosts.round_trip_seconds,
        hosts.log_bytes_per_second / costs.send_log_bytes,
    )
    return freeze, send


def simulate(costs: Costs, hosts: Hosts, per_day: float) -> Week:
    """Let a week go by, minute by minute."""
    freeze_rate, send_rate = rates(costs, hosts)
    source = random.Random(1)
    week = Week(frozen=[], sent=[], waiting=[])
    unfrozen = queued = 0.0
    for _ in range(DAYS):
        for due in arrivals(per_day, source):
            unfrozen += due
            frozen = min(unfrozen, freeze_rate * STEP_SECONDS)
            unfrozen -= frozen
            queued += frozen
            spare = hosts.database_cores * HEADROOM * STEP_SECONDS - frozen * costs.freeze_db_seconds
            sent = min(queued, send_rate * STEP_SECONDS, max(spare, 0) / costs.send_db_seconds)
            queued -= sent
            week.frozen.append(frozen)
            week.sent.append(sent)
            week.waiting.append(unfrozen + queued)
    return week


def loads(costs: Costs, hosts: Hosts, per_day: float) -> list[Load]:
    """Say how much of everything is needed to send the largest wave within an hour, and all of it day by day."""
    peak = per_day * max(share for _, share in WAVES) / 3600
    giant = per_day * 0.05 / 3600
    return sorted(
        (
            Load(
                resource="freezing, one publisher (the largest wave, within the hour)",
                share=peak * costs.freeze_db_seconds,
                remedy="freeze ahead of the wave; a publisher for each ledger",
            ),
            Load(
                resource="processors of the workers (the wave)",
                share=peak * costs.worker_seconds / (hosts.workers * HEADROOM),
                remedy="more hosts of workers: they share nothing but the ledger",
            ),
            Load(
                resource="connections / round trip (the wave)",
                share=peak * hosts.round_trip_seconds / (hosts.workers * hosts.connections),
                remedy="more `connections`, as far as the taker of the mail allows",
            ),
            Load(
                resource="processors of the database (the wave, frozen and sent)",
                share=peak
                * (costs.freeze_db_seconds + costs.send_db_seconds)
                / (hosts.database_cores * HEADROOM),
                remedy="a larger host, or a ledger for each publication",
            ),
            Load(
                resource="write-ahead log (the wave)",
                share=peak * (costs.freeze_log_bytes + costs.send_log_bytes) / hosts.log_bytes_per_second,
                remedy="a disk of its own for pg_wal; wal_compression; checkpoints further apart",
            ),
            Load(
                resource="the counters' row of one giant edition (5 % of the day within an hour)",
                share=giant / (hosts.window / 2) * hosts.commit_seconds,
                remedy="a larger `window`: one turn of each worker waits for the others' commits",
            ),
            Load(
                resource="autovacuum of one `delivery` without partitions",
                share=2 * per_day * costs.vacuum_seconds / 86_400 + rereading(hosts, per_day),
                remedy="partitions by edition; maintenance_work_mem = 1GB; no cost delay",
            ),
            Load(
                resource="pruning by DELETE (all day)",
                share=per_day * costs.delete_seconds / 86_400,
                remedy="drop partitions instead",
            ),
            Load(
                resource=f"disk, {hosts.kept_days} days kept",
                share=per_day * hosts.kept_days * costs.kept_bytes / hosts.disk_bytes,
                remedy="keep fewer days, or a larger disk",
            ),
        ),
        key=lambda load: load.share,
        reverse=True,
    )


def rereading(hosts: Hosts, per_day: float) -> float:
    """Say which share of the time vacuum reads the index of the whole table, again and again."""
    rows = per_day * hosts.kept_days
    passes = math.ceil(rows * DEAD_SHARE * DEAD_BYTES / hosts.maintenance_bytes)
    days_between = rows * DEAD_SHARE / (2 * per_day)
    return passes * rows * INDEX_BYTES / hosts.read_bytes_per_second / (days_between * 86_400)


def breaking_point(costs: Costs, hosts: Hosts, resource: str) -> float:
    """Find how many deliveries a day use a resource up."""
    low, high = 1e5, 1e13
    for _ in range(60):
        middle = math.sqrt(low * high)
        share = next(load.share for load in loads(costs, hosts, middle) if load.resource == resource)
        low, high = (low, middle) if share > 1 else (middle, high)
    return low


def latest(week: Week) -> float:
    """Say for how many minutes the deliveries that waited longest had to wait."""
    pace = statistics.quantiles(week.sent, n=100)[98] / STEP_SECONDS
    return max(week.waiting) / pace / 60 if pace else math.inf


def report(costs: Costs, hosts: Hosts, per_day: float) -> Iterator[str]:
    """Tell it in lines."""
    freeze, send = rates(costs, hosts)
    week = simulate(costs, hosts, per_day)
    log = per_day * (costs.freeze_log_bytes + costs.send_log_bytes)
    yield f"{per_day:,.0f} deliveries a day; {hosts.workers} workers, a database of {hosts.database_cores} cores"
    yield f"up to {freeze:,.0f} frozen and {send:,.0f} sent a second; at most {max(week.waiting):,.0f} waited"
    yield f"a wave is through after {latest(week):,.0f} minutes; at the end {week.waiting[-1]:,.0f} wait"
    yield f"log {log / 1e9:,.0f} GB a day; tables grow by {per_day * costs.kept_bytes / 1e9:,.0f} GB a day"
    yield "used   breaks at      what, and what then"
    for load in loads(costs, hosts, per_day):
        at = breaking_point(costs, hosts, load.resource) / 1e6
        yield f"{load.share:5.0%} {at:8,.0f} M/day  {load.resource}: {load.remedy}"


def main() -> None:
    """Simulate, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results/outbox.json"))
    parser.add_argument("--per-day", type=float, default=100e6)
    parser.add_argument("--worker-hosts", type=int, default=Hosts().worker_hosts)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    costs = costs_of(json.loads(options.results.read_text()))
    hosts = Hosts(worker_hosts=options.worker_hosts)
    print("\n".join(report(costs, hosts, options.per_day)))
    if options.json is not None:
        found = [asdict(load) for load in loads(costs, hosts, options.per_day)]
        kept = {"costs": asdict(costs), "hosts": asdict(hosts), "per_day": options.per_day, "loads": found}
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
