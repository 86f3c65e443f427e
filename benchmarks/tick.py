"""Measure a tick over many articles: the first reading of them, and an idle one after it.

    python benchmarks/tick.py [--articles 10000] [--json FILE]

Targets: first reading of 10,000 articles of 5 KB within 20 s; an idle reading within 60 ms.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from postroom.articles import ArticleRules, Shelf

VOCABULARY = (
    "the of and to in that model data learning machine system light river people which with for from this are "
    "network question answer between history energy measure simple beautiful small letter printer reader garden"
)
WORDS = VOCABULARY.split()
BYTES_EACH = 5_000
IDLE_READINGS = 15


def write_articles(folder: Path, count: int) -> None:
    """Write articles in the dialect of a generated feed; one in five is not valid YAML."""
    source = random.Random(7)
    for number in range(count):
        apostrophe = "What's next" if number % 5 == 0 else "What comes next"
        month, day = number % 12 + 1, number % 28 + 1
        front = (
            f"---\ntitle: '{apostrophe}: a story, number {number}'\nsubtitle: '{sentence(source, 9)}'\n"
            f"description: '{sentence(source, 45)}'\nauthor: 'Sophia Martín'\nread_time: '{number % 12} mins'\n"
            f"publish_date: '2025-{month:02}-{day:02}'\ncreated_date: '2025-{month:02}-{day:02}'\n"
            f"heroImage: 'https://images.learning.example/{number}.webp'\ncta: '{sentence(source, 20)}'\n---\n\n"
        )
        (folder / f"article-{number:05}.md").write_text(front + body(source), encoding="utf-8")


def body(source: random.Random) -> str:
    """Make paragraphs, headings, a link, an image and a list, up to the usual size."""
    parts = [
        "![A garden](images/garden.webp)",
        f"- {sentence(source, 6)}\n- {sentence(source, 5)}",
        "`x = 1`",
    ]
    while sum(map(len, parts)) < BYTES_EACH - 900:
        parts.append(f"## {sentence(source, 4)}\n\n{sentence(source, 60)} [more](https://learning.example/a)")
    return "\n\n".join(parts) + "\n"


def sentence(source: random.Random, words: int) -> str:
    """Make a sentence of so many words."""
    return " ".join(source.choices(WORDS, k=words)).capitalize() + "."


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Tell how many seconds an action takes, on the wall and of this process's CPU.

    On a busy machine the two part; the second is what the program is to blame for.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure_reading(folder: Path) -> dict[str, float]:
    """Read a folder for the first time, then idly, then with one article changed."""
    rules = ArticleRules(
        folder=folder,
        base=folder.parent,
        timezone="Europe/London",
        publish_time=clock_time(9),
        url="https://learning.example/articles/{slug}",
        settle=timedelta(seconds=2),
    )
    shelf = Shelf(rules)
    now = datetime.now(UTC) + timedelta(minutes=1)  # noqa: TID251  # a benchmark has no clock handed in
    before = peak_megabytes()
    first, first_cpu = timed(lambda: shelf.read(now))
    gc.collect()
    idle = [timed(lambda: shelf.read(now)) for _ in range(IDLE_READINGS)]
    one = next(folder.iterdir())
    one.write_text(one.read_text(encoding="utf-8") + "\nOne more line.\n", encoding="utf-8")
    changed, _ = timed(lambda: shelf.read(now + timedelta(minutes=1)))
    reading = shelf.read(now)
    return {
        "articles": sum(loaded.article is not None for loaded in reading.loaded),
        "first_seconds": round(first, 2),
        "first_cpu_seconds": round(first_cpu, 2),
        "idle_ms_median": round(statistics.median(wall for wall, _ in idle) * 1000, 1),
        "idle_ms_worst": round(max(wall for wall, _ in idle) * 1000, 1),
        "idle_cpu_ms_median": round(statistics.median(cpu for _, cpu in idle) * 1000, 1),
        "one_changed_ms": round(changed * 1000, 1),
        "memory_growth_mb": round(peak_megabytes() - before, 1),
    }


def peak_megabytes() -> float:
    """Tell the most memory that this process has had (macOS counts bytes, Linux kilobytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Measure, and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "articles"
        folder.mkdir()
        write_articles(folder, options.articles)
        figures = measure_reading(folder)
    for name, figure in figures.items():
        print(f"{name:18} {figure:>10,}")
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
