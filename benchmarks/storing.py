"""Measure storing people and freezing a part of them: `python -m benchmarks.storing [--rows N] [--json FILE]`.

A table of `--rows` people, one row in a hundred bad, and a Mailchimp ZIP are read and stored in a new SQLite ledger
with `synchronous=FULL`, in a process of their own; then the same again, which changes nothing. Rejected rows are
written down, and their lines compared with those that were made bad. An import is killed when half of it is there,
and run again: the tables must be those of one that was not. Then an edition is frozen for a segment of these people.
As for reading (`benchmarks.importing`), speed is rows a second of processor time; that on the clock stands beside it,
and `load` in the JSON says how busy the machine was with other work.
"""

from __future__ import annotations

import argparse
import csv
import gc
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.importing import ROWS, high_water_mb, write_csv, write_zip
from benchmarks.measure import Figure, line, run
from benchmarks.turns import newsletter
from postroom.audience import imports
from postroom.condition import parse
from postroom.model import Member
from postroom.outbox import Ledger, enqueue
from postroom.outbox.intake import take_in
from postroom.outbox.standings import Errand

ROWS_A_SECOND = 30_000
GROWTH_MB = 100
LIST = "all"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ONLY = 'plan in ("1", "2") and language is "en" and domain has "example"'
SAME = """
    SELECT identity, s.address, name, attributes, s.tags, language, m.list, d.list, x.reason FROM subscriber s
    LEFT JOIN membership m ON m.subscriber_id = s.id LEFT JOIN departure d ON d.subscriber_id = s.id
    LEFT JOIN suppression x USING (identity) ORDER BY identity
"""


def store(path: Path, ledger: Path) -> dict[str, float]:
    """Import a file in this process; return rows, seconds, processor time and growth."""
    imports.count(path.with_suffix(".few"), "few")  # loads what is loaded when it is needed
    with Ledger(f"sqlite:///{ledger}") as opened:
        gc.freeze()  # as the command does
        before, began, clock = high_water_mb(), time.process_time(), time.perf_counter()
        counts = imports.count(path, path.name)
        counted = time.perf_counter() - clock
        errand = Errand(list=LIST, source=path.name, now=NOW)
        with imports.rejects(path.with_suffix(".rejects"), counts.columns) as put:
            members = _members(path, put)
            clock, processor = time.perf_counter(), time.process_time()
            take_in(opened, errand, members)
        seconds = time.perf_counter() - clock
        return {
            "rows": counts.total,
            "rejected": counts.rejected,
            "seconds": seconds,
            "cpu_seconds": time.process_time() - processor,
            "counting_seconds": counted,
            "whole_cpu_seconds": time.process_time() - began,
            "growth_mb": high_water_mb() - before,
        }


def _members(path: Path, put) -> Iterator[Member]:  # type: ignore[no-untyped-def]  # of a private kind
    for each in imports.members(path, path.name):
        if isinstance(each, Member):
            yield each
        else:
            put(each)


def freeze(ledger: Path) -> dict[str, float]:
    """Freeze an edition for a segment in this process."""
    audience = enqueue.Audience(people=enqueue.Members(list=LIST, only=parse(ONLY)))
    with Ledger(f"sqlite:///{ledger}") as opened:
        before, clock, processor = high_water_mb(), time.perf_counter(), time.process_time()
        frozen = enqueue.freeze(opened, newsletter("a-segment"), audience, parts=1, now=NOW)
        seconds, cpu = time.perf_counter() - clock, time.process_time() - processor
    growth = high_water_mb() - before
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT recipients FROM edition WHERE id = ?"
        recipients = connection.execute(query, (frozen.id,)).fetchone()[0]
    return {"seconds": seconds, "cpu_seconds": cpu, "growth_mb": growth, "recipients": recipients}


def in_a_process(what: str, *words: Path) -> dict[str, float]:
    """Run a function of this module in a process of its own."""
    found: dict[str, float] = json.loads(run([*_command(what), *words]).stdout)
    return found


def _command(what: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.storing", f"--{what}"]


def figures(folder: Path, rows: int) -> Iterator[Figure]:
    """Measure storing, storing again, a kill, and a segment."""
    path, ledger = folder / "people.all", folder / "csv.db"
    write_csv(path.with_suffix(".few"), 1000, bad=True)
    write_csv(path, rows, bad=True)
    first = in_a_process("store", path, ledger)
    yield from _stored("CSV, 1 % bad", first, at_least=ROWS_A_SECOND)
    yield _rejected(path, rows)
    before = digest(ledger)
    yield from _stored("the same again", in_a_process("store", path, ledger))
    yield _differing("tables that an import changes when it is repeated", before, digest(ledger), "")
    yield _killed(folder, path, before, rows)
    found = in_a_process("freeze", ledger)
    setting = f"{found['recipients']:,} of {rows:,}, {found['seconds']:.1f} s on the clock: {ONLY}"
    yield Figure(
        section="segment",
        name="freezing it, processor",
        values=[found["cpu_seconds"]],
        unit="s",
        setting=setting,
    )
    growth = [found["growth_mb"]]
    yield Figure(section="segment", name="memory grown", values=growth, unit="MB", at_most=GROWTH_MB)
    packed = folder / "people.zip"
    write_zip(packed, rows)
    write_csv(packed.with_suffix(".few"), 1000)
    yield from _stored("Mailchimp's ZIP", in_a_process("store", packed, folder / "zip.db"))


def _stored(name: str, found: dict[str, float], at_least: float | None = None) -> Iterator[Figure]:
    speed = [found["rows"] / found["cpu_seconds"]]
    setting = f"{found['rows']:,} rows read and stored in {found['cpu_seconds']:.1f} s of the processor"
    yield Figure(section="store", name=f"{name}: rows a second of the processor", values=speed, unit="/s",
                 at_least=at_least, setting=setting, raw={"found": found})  # fmt: skip
    clock = [found["rows"] / found["seconds"]]
    setting = f"{found['seconds']:.1f} s; counting them before took {found['counting_seconds']:.1f} s"
    yield Figure(section="store", name=f"{name}: on the clock", values=clock, unit="/s", setting=setting)
    growth = [found["growth_mb"]]
    yield Figure(section="store", name=f"{name}: memory grown", values=growth, unit="MB", at_most=GROWTH_MB)


def _rejected(path: Path, rows: int) -> Figure:
    """Compare the lines of rejected rows with those of bad ones."""
    csv.field_size_limit(1 << 24)
    with path.with_suffix(".rejects").open(newline="") as stream:
        told = {int(row["rejected_line"]) for row in csv.DictReader(stream)}
    bad = {number + 2 for number in range(50, rows, 100)}
    setting = f"{len(bad):,} bad rows"
    return Figure(section="store", name="bad rows not told by their line, or told wrongly", values=[len(told ^ bad)],
                  unit="", at_most=0, setting=setting)  # fmt: skip


def _killed(folder: Path, path: Path, expected: str, rows: int) -> Figure:
    """Kill an import when half of it is there, and run it again."""
    ledger = folder / "killed.db"
    process = subprocess.Popen([*_command("store"), path, ledger], stdout=subprocess.DEVNULL)
    while process.poll() is None and stored(ledger) < rows // 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = stored(ledger)
    in_a_process("store", path, ledger)
    setting = f"killed when {there:,} were there"
    return _differing(
        "tables that differ after a kill midway and a second run", expected, digest(ledger), setting
    )


def _differing(name: str, expected: str, found: str, setting: str) -> Figure:
    values = [float(expected != found)]
    return Figure(section="store", name=name, values=values, unit="", at_most=0, setting=setting)


def stored(ledger: Path) -> int:
    """Count subscribers that are committed; 0 while there is no ledger."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM subscriber").fetchone()[0])
    except sqlite3.Error:  # the tables are just being made
        return 0


def digest(ledger: Path) -> str:
    """Hash who is where, in an order that does not depend on how it was written."""
    hashed = hashlib.sha256()
    with closing(sqlite3.connect(ledger)) as connection:
        for row in connection.execute(SAME):
            hashed.update(repr(row).encode())
    return hashed.hexdigest()


def main() -> None:
    """Measure, print each figure, and keep them if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--store", type=Path, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--freeze", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store or options.freeze:
        print(json.dumps(store(*options.store) if options.store else freeze(options.freeze)))
        return
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(folder), options.rows):
            print(line(figure), flush=True)
            kept.append(figure)
    if options.json:
        load = {"load": os.getloadavg(), "figures": [figure.as_dict() for figure in kept]}
        options.json.write_text(json.dumps(load, indent=2) + "\n")
    sys.exit(any(figure.is_met is False for figure in kept))


if __name__ == "__main__":
    main()
