"""Measure the outbox and the sending: one command, a table, and JSON.

    python -m benchmarks.outbox [SECTION …] [--pairs 9] [--mails 10000] [--people 1000000] [--json FILE]

Sections: send, rtt, postfix, peers, enqueue, memory, postgres, hosts, costs; all unless some are named. Everything
stays on this machine. `benchmarks/README.md` says what is compared with what, and how.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import Bench, machine
from benchmarks.costs import costs
from benchmarks.enqueueing import enqueue, memory
from benchmarks.measure import Figure, line
from benchmarks.peers import peers
from benchmarks.sending import hosts, local_postfix, postgres, rtt, send

SECTIONS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "send": send,
    "rtt": rtt,
    "postfix": local_postfix,
    "peers": peers,
    "enqueue": enqueue,
    "memory": memory,
    "postgres": postgres,
    "hosts": hosts,
    "costs": costs,
}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.outbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION")
    parser.add_argument("--pairs", type=int, default=9, help="how often each comparison is made")
    parser.add_argument("--mails", type=int, default=10_000, help="how many each edition sends")
    parser.add_argument("--people", type=int, default=1_000_000, help="how many are enqueued for")
    parser.add_argument("--window", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--json", type=Path, help="keep the figures here; sections not measured keep theirs")
    return parser.parse_args()


def main() -> None:
    """Measure, print a line for each figure as soon as there is one, and keep all of them."""
    options = arguments()
    failed = False
    with tempfile.TemporaryDirectory(prefix="postroom-bench-", dir=options.scratch) as scratch:
        Path(scratch).chmod(0o755)  # Postfix and PostgreSQL work under names of their own
        bench = Bench(
            scratch=Path(scratch),
            **{
                name: getattr(options, name)
                for name in ("pairs", "mails", "people", "window", "connections", "workers")
            },
        )
        about = machine(bench.scratch)
        print(json.dumps(about))
        for section in options.sections or SECTIONS:
            figures: list[Figure] = []
            try:
                for figure in SECTIONS[section](bench):
                    figures.append(figure)
                    print(line(figure), flush=True)
            except RuntimeError as error:
                print(f"{section}: not measured to its end: {error}", file=sys.stderr)
                failed = True
            failed |= any(figure.is_met is False for figure in figures)
            if options.json is not None:
                keep(options.json, section, figures, about)
    sys.exit(int(failed))


def keep(file: Path, section: str, figures: list[Figure], about: dict[str, object]) -> None:
    """Put a section's figures into a file of results, in place of its earlier ones."""
    known = json.loads(file.read_text()) if file.exists() else {}
    at = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251  # a benchmark has no clock handed in
    known[section] = {"at": at, "machine": about, "figures": [figure.as_dict() for figure in figures]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
