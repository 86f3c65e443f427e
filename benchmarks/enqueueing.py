"""Enqueue: a million people from the ledger and from a file, killed midway, in little memory; and status on top."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Figure, Pair, Usage, compared, is_running, pairs, raw_of, run
from benchmarks.project import Project, write_people
from benchmarks.sending import plain
from benchmarks.sinks import smtp_sink

NOWHERE = {"kind": "smtp", "host": "127.0.0.1", "port": 9, "tls": "none"}
"""A transport that is real, so that nothing is a rehearsal, and that is never used."""

FEW_PEOPLE = 10_000
CSV_SECONDS = 60
SENT_OF_MANY = 20_000
STATUS_ROUNDS = 15
SAME_ROWS = "CREATE TABLE people (email TEXT, name TEXT, city TEXT, plan TEXT)"
DURABILITY = "each synchronous=FULL: ours 50,000 rows a transaction in WAL mode, theirs all in one"
UNIQUE_ROWS = "CREATE TABLE people (email TEXT PRIMARY KEY, name TEXT, city TEXT, plan TEXT)"
LEAN_ROWS = "CREATE TABLE people (email TEXT)"


def enqueue(bench: Bench) -> Iterator[Figure]:
    """Freeze an edition for everybody against the sqlite3 shell's import of as many rows."""
    yield from _from_ledger(bench)
    yield from _from_file(bench)


def tick(project: Project) -> tuple[dict[str, object], Usage]:
    """Write an article and publish it; return what the tick said, and what its process used."""
    project.write_article()
    used = run([sys.executable, "-m", "benchmarks.ticking", project.folder / "config.yaml"])
    said = json.loads(used.stdout)
    if len(said["frozen"]) != 1:
        raise RuntimeError(f"nothing was frozen: {said['findings']}")
    return said, used


def _number(said: object) -> float:
    return float(str(said))


def _from_ledger(bench: Bench) -> Iterator[Figure]:
    """Compare what a list adds to a tick: reading and drawing the article cost a tick for one the same."""
    project = Project(folder=bench.folder("people"), transport=NOWHERE)
    alone = Project(folder=bench.folder("one"), transport=NOWHERE)
    alone.subscribe(1)
    people = project.folder / "people.csv"
    write_people(people, bench.people)
    imported = project.call("subscribers", "import", str(people), expect=(0,))
    whole: list[float] = []
    processor: list[list[float]] = [[], []]

    def enqueueing() -> float:
        (one, _), (all_of_them, _) = tick(alone), tick(project)
        whole.append(_number(all_of_them["seconds"]))
        processor[0].append(_number(all_of_them["cpu_seconds"]) - _number(one["cpu_seconds"]))
        return whole[-1] - _number(one["seconds"])

    def importing() -> float:
        used = shell_import(bench, SAME_ROWS, people)
        processor[1].append(used.cpu_seconds)
        return used.seconds

    found = pairs(enqueueing, importing, bench.pairs)
    ticks = [Pair(ours=tick, reference=pair.reference) for tick, pair in zip(whole, found, strict=True)]
    used = [Pair(ours=ours, reference=theirs) for ours, theirs in zip(*processor, strict=True)]
    yield from _against_shell(bench, found, ticks, used)
    yield from _against_others(bench, found, people)
    for unit, value in (("s", imported.seconds), ("CPU-s", imported.cpu_seconds), ("MB", imported.peak_mb)):
        yield Figure(
            section="enqueue",
            name=f"`subscribers import`, {unit}",
            values=[value],
            unit=unit,
            setting=f"{bench.people:,} rows, the command as a whole",
        )


def _against_shell(bench: Bench, found: list[Pair], ticks: list[Pair], used: list[Pair]) -> Iterator[Figure]:
    shell = "sqlite3 .import of the same CSV"
    setting = f"{bench.people:,} subscribers in the ledger; theirs: four columns, no index; {DURABILITY}"
    yield compared(
        "enqueue",
        f"what they add to a tick: times {shell}",
        found,
        at_most=1.0,
        setting=setting,
    )
    yield compared(
        "enqueue",
        "the same, processor alone",
        used,
        setting="steadier on a busy machine",
    )
    yield compared(
        "enqueue",
        f"a whole tick in a new process: times {shell}",
        ticks,
        setting="with what is imported and drawn at the first article",
    )


def _against_others(bench: Bench, found: list[Pair], people: Path) -> Iterator[Figure]:
    lean = people.with_name("lean.csv")
    lean.write_text("".join(f"{line.partition(',')[0]}\n" for line in people.read_text().splitlines()))
    for what, table, file in (
        ("with a unique index", UNIQUE_ROWS, people),
        ("of the addresses alone", LEAN_ROWS, lean),
    ):
        others = [shell_import(bench, table, file).seconds for _ in range(3)]
        yield Figure(
            section="enqueue",
            name=f"what they add to a tick: times sqlite3 .import {what}",
            values=[pair.ours / sorted(others)[1] for pair in found],
            unit="×",
            raw={"reference": others},
        )


def shell_import(bench: Bench, table: str, file: Path) -> Usage:
    """Let the sqlite3 shell import a CSV into a table of a new database."""
    database = bench.scratch / "import.db"
    for each in bench.scratch.glob("import.db*"):
        each.unlink()
    return run(["sqlite3", "-cmd", table, "-cmd", ".mode csv", database, f".import --skip 1 {file} people"])


def _from_file(bench: Bench) -> Iterator[Figure]:
    file = bench.folder("audience") / "people.csv"
    write_people(file, bench.people)
    few = file.with_name("few.csv")
    write_people(few, bench.people // 10)
    peaks, seconds, used_cpu = {}, [], []
    projects = {
        each: Project(folder=bench.folder("csv"), transport=NOWHERE, audience=each) for each in (few, file)
    }
    for each, project in projects.items():
        said, used = tick(project)
        peaks[each] = used.peak_mb
        seconds.append(_number(said["seconds"]))
        used_cpu.append(_number(said["cpu_seconds"]))
    setting = f"an audience file of {bench.people:,} rows, a new ledger"
    yield Figure(
        section="enqueue",
        name="CSV: a tick",
        values=seconds[1:],
        unit="s",
        at_most=CSV_SECONDS,
        setting=setting,
    )
    yield Figure(section="enqueue", name="CSV: the same, processor alone", values=used_cpu[1:], unit="s")
    yield Figure(
        section="enqueue",
        name="CSV: peak memory, times that for a tenth of the rows",
        values=[peaks[file] / peaks[few]],
        unit="×",
        at_most=1.1,
        setting=setting,
        raw={"few_mb": peaks[few], "all_mb": peaks[file]},
    )
    yield _killed(bench, file, digest(projects[file]))


def _killed(bench: Bench, file: Path, expected: str) -> Figure:
    """Kill a publish when about half is enqueued, run again, and compare what there is."""
    project = Project(folder=bench.folder("killed"), transport=NOWHERE, audience=file)
    project.write_article()

    def kill_midway(process: subprocess.Popen[bytes]) -> None:
        while is_running(process) and enqueued(project) < bench.people // 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)

    project.call("run", "--once", expect=(-signal.SIGKILL,), while_running=kill_midway)
    left = enqueued(project)
    project.call("run", "--once")
    return Figure(
        section="enqueue",
        name="CSV: rows that differ after a kill midway and a second run",
        values=[0.0 if digest(project) == expected else 1.0],
        unit="",
        at_most=0,
        setting=f"killed when {left:,} of {bench.people:,} were there",
    )


def enqueued(project: Project) -> int:
    """Count deliveries that are committed; 0 while there is no ledger."""
    if not (project.folder / "postroom.db").exists():
        return 0
    try:
        return int(next(project.rows("SELECT coalesce(max(id), 0) FROM delivery"))[0])
    except Exception:  # the tables are just being made
        return 0


def digest(project: Project) -> str:
    """Hash who gets what, in an order that does not depend on how it was written."""
    hashed = hashlib.sha256()
    for row in project.rows(project.who_gets_what()):
        hashed.update(repr(row).encode())
    return hashed.hexdigest()


def memory(bench: Bench) -> Iterator[Figure]:
    """Peak memory of publishing and of sending, for few and for very many; then `outbox status` of both."""
    peaks: dict[int, float] = {}
    with smtp_sink() as port:
        for people in (FEW_PEOPLE, bench.people):
            project = Project(folder=bench.folder("memory"), transport=plain(port))
            project.subscribe(people)
            key = project.write_article()
            published = project.call("run", "--once")
            project.call("outbox", "approve", key, "--recipients", str(people), expect=(0,))
            sent = project.call("run", "--once", while_running=partial(_stop_after, project, people))
            peaks[people] = max(published.peak_mb, sent.peak_mb)
            yield Figure(
                section="memory",
                name=f"peak with {people:,} deliveries",
                values=[peaks[people]],
                unit="MB",
                at_most=150,
                setting=f"published, then {min(people, SENT_OF_MANY):,} of them sent",
                raw={"publishing": published.peak_mb, "sending": sent.peak_mb},
            )
    yield Figure(
        section="memory",
        name=f"peak with {bench.people:,}, times that with {FEW_PEOPLE:,}",
        values=[peaks[bench.people] / peaks[FEW_PEOPLE]],
        unit="×",
        at_most=1.1,
    )
    yield from _status(bench, project)


def _stop_after(project: Project, people: int, process: subprocess.Popen[bytes]) -> None:
    """Ask a run to stop once enough is sent, if not all of it is to be."""
    while is_running(process) and people > SENT_OF_MANY:
        if next(project.rows("SELECT coalesce(max(sent), 0) FROM edition"))[0] >= SENT_OF_MANY:
            os.kill(process.pid, signal.SIGTERM)
            return
        time.sleep(0.1)


def _status(bench: Bench, project: Project) -> Iterator[Figure]:
    empty = Project(folder=bench.folder("empty"), transport=project.transport)  # which is imported, too
    empty.call("run", "--once")

    used: dict[Path, list[float]] = {project.folder: [], empty.folder: []}

    def milliseconds(which: Project) -> float:
        configs = [each.folder / "config.yaml" for each in (empty, which)]
        said = json.loads(run([sys.executable, "-m", "benchmarks.looking", *configs]).stdout)
        used[which.folder].append(said["cpu_seconds"] * 1000)
        return float(said["seconds"]) * 1000

    found = pairs(lambda: milliseconds(project), lambda: milliseconds(empty), max(bench.pairs, STATUS_ROUNDS))
    yield Figure(
        section="memory",
        name=f"`outbox status` of {bench.people:,} rows beyond that of none",
        values=[pair.ours - pair.reference for pair in found],
        unit="ms",
        at_most=10,
        raw=raw_of(found),
    )
    yield Figure(
        section="memory",
        name="the same, processor alone",
        values=[mine - theirs for mine, theirs in zip(*used.values(), strict=True)],
        unit="ms",
        setting="steadier on a busy machine",
    )
    wrong, seconds = project.reconcile()
    yield Figure(
        section="memory",
        name="counters that a scan of every delivery finds wrong",
        values=[float(wrong)],
        unit="",
        at_most=0,
        setting=f"the scan takes {seconds:.2f} s",
        raw={"seconds": seconds},
    )
