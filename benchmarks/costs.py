"""What one delivery costs a ledger: bytes, log, and processor of the database; the numbers that `simulate` starts from.

On SQLite and on PostgreSQL an edition is frozen and sent to the folder of nobody: smtp-sink. Sizes are read from the
databases themselves, before, between and after.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil
from sqlalchemy import create_engine, text

from benchmarks.bench import Bench
from benchmarks.measure import Figure
from benchmarks.postgres import cluster, new_database
from benchmarks.project import Project
from benchmarks.sending import fast
from benchmarks.sinks import smtp_sink


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A database at one moment: bytes of its tables and indexes, bytes logged so far, processor seconds so far."""

    size: int
    logged: int
    cpu_seconds: float


def costs(bench: Bench) -> Iterator[Figure]:
    """Freeze and send an edition on each database, and divide what that took by its deliveries."""
    with smtp_sink() as port, cluster(bench.folder("postgres") / "cluster") as server:
        on_sqlite = Project(folder=bench.folder("sqlite"), transport=fast(bench, port))
        yield from _cost_of(bench, on_sqlite, "SQLite")
        database = new_database(server)
        on_postgres = Project(folder=bench.folder("postgres"), transport=fast(bench, port), database=database)
        yield from _cost_of(bench, on_postgres, "PostgreSQL")
        yield from _upkeep(bench, on_postgres)


def _cost_of(bench: Bench, project: Project, name: str) -> Iterator[Figure]:
    empty = state_of(project)
    project.subscribe(bench.mails)
    people = state_of(project)
    project.publish(bench.mails)  # opened, not sent: the first edition pays for what is made once
    project.deliver()
    before = state_of(project)
    key = project.publish(bench.mails)
    frozen = state_of(project)
    project.deliver()
    sent = state_of(project)
    span = project.span(key)
    rows = {
        "bytes of a subscriber on a list": (people.size - empty.size, "B"),
        "bytes of a delivery not yet sent": (frozen.size - before.size, "B"),
        "bytes of a delivery sent, with its attempt": (sent.size - before.size, "B"),
        "log written to freeze it": (frozen.logged - before.logged, "B"),
        "log written to send it": (sent.logged - frozen.logged, "B"),
        "database processor to freeze it": ((frozen.cpu_seconds - before.cpu_seconds) * 1e6, "µs"),
        "database processor to send it": ((sent.cpu_seconds - frozen.cpu_seconds) * 1e6, "µs"),
    }
    for what, (amount, unit) in rows.items():
        if amount:
            yield Figure(
                section="costs",
                name=f"{name}: {what}",
                values=[amount / bench.mails],
                unit=unit,
                setting=f"{bench.mails:,} deliveries, window {bench.window}",
            )
    yield Figure(
        section="costs",
        name=f"{name}: sent a second by one process",
        values=[span.sent / span.seconds],
        unit="/s",
    )


def state_of(project: Project) -> State:
    """Look at a project's database now."""
    if project.database.startswith("sqlite"):
        file = project.folder / "postroom.db"
        log = file.with_name(f"{file.name}-wal")
        size = sum(each.stat().st_size for each in (file, log) if each.exists())
        return State(size=size, logged=0, cpu_seconds=0.0)
    query = "SELECT pg_database_size(current_database()), pg_current_wal_lsn() - '0/0'::pg_lsn"
    size, logged = next(project.rows(query))
    return State(size=int(size), logged=int(logged), cpu_seconds=_server_seconds(project))


def _server_seconds(project: Project) -> float:
    """Sum up what the server's processes have used, those that are gone included (they are its children)."""
    port = int(project.database.rpartition("/")[0].rpartition(":")[2])
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and str(port) in (process.info["cmdline"] or []):
            times = process.cpu_times()
            alive = (child.cpu_times() for child in process.children(recursive=True))
            return float(sum(times[:4]) + sum(sum(each[:2]) for each in alive))
    raise RuntimeError(f"the PostgreSQL on port {port} is not among the processes")


def _upkeep(bench: Bench, project: Project) -> Iterator[Figure]:
    """Time what PostgreSQL has to do behind us: vacuum, and deleting what is old."""
    dead, hot, updated = next(
        project.rows(
            "SELECT n_dead_tup, n_tup_hot_upd, n_tup_upd FROM pg_stat_user_tables WHERE relname = 'delivery'"
        )
    )
    deliveries = 2 * bench.mails
    steps: Mapping[str, str] = {
        "vacuum of what sending left": "VACUUM delivery",
        "to delete it with its attempt": "DELETE FROM edition",
        "vacuum of what deleting left": "VACUUM delivery, attempt",
    }
    yield Figure(
        section="costs",
        name="PostgreSQL: updates of a delivery",
        values=[updated / deliveries],
        unit="",
        raw={"dead": dead, "hot": hot},
    )
    engine = create_engine(
        project.database.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        for what, statement in steps.items():
            began = time.perf_counter()
            connection.execute(text(statement))
            seconds = time.perf_counter() - began
            yield Figure(
                section="costs", name=f"PostgreSQL: {what}", values=[seconds / deliveries * 1e6], unit="µs"
            )
