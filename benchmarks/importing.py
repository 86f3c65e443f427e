"""Measure reading people to import them: `python -m benchmarks.importing [--rows N] [--rounds N] [--json FILE]`.

Files are made with `--rows` people: plain CSV; the same with one row in a hundred bad (NUL, a field of a megabyte, too
few cells, no address, an unclosed quotation mark, a mark of byte order within) and in UTF-16; JSON; a Mailchimp ZIP.
Each is read by a process of its own. Speed is rows a second of its processor time, once everything is loaded; memory is
what its high-water mark grows by from before the first row is read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from benchmarks.measure import Figure, high_water, line, run
from postroom.audience import Rejection, imports

ROWS = 1_000_000
ROWS_A_SECOND = 60_000
GROWTH_MB = 100
MEGABYTE = "x" * (1 << 20)
BAD = (
    "nul{0}@example.org,Na\0me {0},en,1",
    "short{0}@example.org",
    "nobody {0},Name,en,1",
    'open{0}@example.org,"Name {0},en,1',
    "\ufeffmark{0}@example.org,Name,en,1,2",
)
"""Rows that cannot be read; each thousandth of them has a field of a megabyte instead."""
MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,GMTOFF,DSTOFF,"
    "TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
)


def good(number: int) -> str:
    """Write a row of CSV."""
    return f"reader{number}@mail{number % 997}.example,Reader {number},en,{number % 7}"


def csv_rows(count: int, *, bad: bool) -> Iterator[str]:
    """Write a table line by line."""
    kinds = cycle(BAD)
    yield "email,name,language,plan"
    for number in range(count):
        if not bad or number % 100 != 50:
            yield good(number)
        elif number % 100_000 == 50:
            yield f"long{number}@example.org,{MEGABYTE},en,1"
        else:
            yield next(kinds).format(number)


def write_csv(path: Path, count: int, *, bad: bool = False, encoding: str = "utf-8") -> None:
    """Write a table of so many rows."""
    with path.open("w", encoding=encoding) as stream:
        stream.writelines(f"{row}\n" for row in csv_rows(count, bad=bad))


def write_json(path: Path, count: int) -> None:
    """Write a list of so many objects, one a line."""
    with path.open("w") as stream:
        for number in range(count):
            email, name, language, plan = good(number).split(",")
            person = {
                "email": email,
                "name": name,
                "language": language,
                "plan": int(plan),
                "tags": ["a", "b"],
            }
            stream.write(f"{',' if number else '['}\n{json.dumps(person)}")
        stream.write("\n]\n")


def write_zip(path: Path, count: int) -> None:
    """Write an export of Mailchimp: three of four are subscribed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for state, share in (("subscribed", 0.75), ("unsubscribed", 0.2), ("cleaned", 0.05)):
            with archive.open(f"export/{state}_email_audience_export_1.csv", "w", force_zip64=True) as stream:
                stream.write(MAILCHIMP.encode())
                for number in range(int(count * share)):
                    stream.write(mailchimp_row(state, number).encode())


def mailchimp_row(state: str, number: int) -> str:
    """Write a row as Mailchimp does."""
    moment = f"2024-06-{number % 28 + 1:02} 09:26:{number % 60:02}"
    return (
        f'{state}{number}@mail{number % 997}.example,Reader,{number},2,"{moment}",192.0.2.{number % 256},"{moment}",'
        f'192.0.2.{number % 256},1,2,Europe/Zurich,ch,zh,"{moment}",{number},{hash(number):010x},,"""lead"",""paid"""\n'
    )


FILES: dict[str, Callable[[Path, int], None]] = {
    "plain CSV": write_csv,
    "CSV, 1 % bad": lambda path, count: write_csv(path, count, bad=True),
    "CSV in UTF-16, 1 % bad": lambda path, count: write_csv(path, count, bad=True, encoding="utf-16"),
    "JSON": write_json,
    "Mailchimp's ZIP": write_zip,
}


def read(path: Path) -> dict[str, float]:
    """Read a file in this process; return rows, processor time and growth."""
    before = high_water_mb()
    imports.count(path.with_suffix(".few"), "few")  # loads what is loaded when it is needed
    began = time.process_time()
    rows = rejected = 0
    for each in imports.members(path, path.name):
        rows += 1
        rejected += isinstance(each, Rejection)
    seconds = time.process_time() - began
    peak = high_water_mb()
    return {
        "rows": rows,
        "rejected": rejected,
        "seconds": seconds,
        "growth_mb": peak - before,
        "peak_mb": peak,
    }


def high_water_mb() -> float:
    """Return the most memory that this process ever had."""
    return high_water(os.getpid()) / 1024


def figures(folder: Path, rows: int, rounds: int) -> Iterator[Figure]:
    """Measure each file."""
    for name, write in FILES.items():
        path = folder / "people.all"
        write(path.with_suffix(".few"), 1000)
        write(path, rows)
        command: list[str | Path] = [sys.executable, "-m", "benchmarks.importing", "--read", path]
        found = [json.loads(run(command).stdout) for _ in range(rounds)]
        is_plain = name == "plain CSV"
        speeds = [each["rows"] / each["seconds"] for each in found]
        setting = f"{found[0]['rows']:,} rows, {found[0]['rejected']:,} rejected"
        yield Figure(section="import", name=f"{name}: rows a second", values=speeds, unit="/s",
                     at_least=ROWS_A_SECOND if is_plain else None, setting=setting, raw={"found": found})  # fmt: skip
        growth = [each["growth_mb"] for each in found]
        yield Figure(
            section="import",
            name=f"{name}: memory grown",
            values=growth,
            unit="MB",
            at_most=GROWTH_MB,
            setting=f"{max(each['peak_mb'] for each in found):.0f} MB in all",
        )


def main() -> None:
    """Measure, print each figure, and keep them if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read)))
        return
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(folder), options.rows, options.rounds):
            print(line(figure), flush=True)
            kept.append(figure)
    if options.json:
        options.json.write_text(json.dumps([figure.as_dict() for figure in kept], indent=2) + "\n")
    sys.exit(any(figure.is_met is False for figure in kept))


if __name__ == "__main__":
    main()
