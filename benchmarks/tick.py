"""Measure a tick over many articles, the daemon that waits for the next one, and how soon help is there.

    python benchmarks/tick.py [--articles 10000] [--idle-seconds 31] [--json FILE]

Targets, for 10,000 articles of 5 KB: first reading within 20 s; an idle reading within 60 ms and an idle
tick (`Publisher.publish`) within 100 ms; an idle daemon at most 1 % of a core and 150 MB. `postroom --help`
takes at most six times as long as a bare Python.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import psutil

from postroom import config
from postroom.articles import ArticleRules, Shelf
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import open_project
from postroom.pipeline.publish import Publisher

VOCABULARY = (
    "the of and to in that model data learning machine system light river people which with for from this are "
    "network question answer between history energy measure simple beautiful small letter printer reader garden"
)
WORDS = VOCABULARY.split()
BYTES_EACH = 5_000
IDLE_READINGS = 15
STARTS = 9

CONFIG = """\
publication: {name: Bench, url: https://bench.example, language: en, timezone: Europe/London, address: "1 Street"}
articles: {folder: articles, url: "{publication.url}/{slug}"}
images: {folder: public, url: https://bench.example/images}
audiences: {subscribers: {file: subscribers.csv}}
channels:
  newsletter:
    kind: email
    audience: subscribers
    from: "Bench <news@bench.example>"
    unsubscribe: {mailto: leave@bench.example}
    transport: mail
  linkedin:
    kind: linkedin
    variants: [hook, {takeaways: 2 days later}, {question: 6 days later}]
    hashtags: [Bench, Letters, Ledgers]
    transport: page
transports: {mail: {kind: folder, path: out/mail}, page: {kind: folder, path: out/page}}
"""


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


def measure_tick(base: Path) -> dict[str, float]:
    """Publish for the first time, then when nothing has changed, then when one article has."""
    project = open_project(config.load(base / "config.yaml"), settle=True)
    now = datetime.now(UTC) + timedelta(minutes=1)  # noqa: TID251
    with Ledger(project.config.database) as ledger:
        publisher = Publisher(project=project, ledger=ledger)
        first, _ = timed(lambda: publisher.publish(now))
        idle = [timed(lambda: publisher.publish(now))[0] * 1000 for _ in range(IDLE_READINGS)]
        one = next((base / "articles").iterdir())
        one.write_text(one.read_text(encoding="utf-8") + "\nAnother line.\n", encoding="utf-8")
        changed = timed(lambda: publisher.publish(now + timedelta(minutes=1)))[0] * 1000
    return {
        "first_tick_seconds": round(first, 2),
        "idle_tick_ms_median": round(statistics.median(idle), 1),
        "idle_tick_ms_worst": round(max(idle), 1),
        "one_changed_tick_ms": round(changed, 1),
    }


def measure_daemon(base: Path, seconds: float) -> dict[str, float]:
    """Start the real daemon, let it read everything, and watch it do nothing for a while."""
    command = [sys.executable, "-m", "postroom", "--config", str(base / "config.yaml"), "run"]
    with (base / "daemon.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        watched = psutil.Process(process.pid)
        ready, _ = timed(lambda: wait_until_idle(watched))
        before = sum(watched.cpu_times()[:2])
        time.sleep(seconds)
        used = sum(watched.cpu_times()[:2]) - before
        memory = watched.memory_info().rss / (1 << 20)
    finally:
        process.terminate()
    stopped, _ = timed(process.wait)
    return {
        "daemon_ready_seconds": round(ready, 1),
        "idle_daemon_cpu_percent": round(100 * used / seconds, 2),
        "idle_daemon_rss_mb": round(memory, 1),
        "daemon_stop_seconds": round(stopped, 2),
    }


def wait_until_idle(watched: psutil.Process) -> None:
    """Wait until a process has used next to no processor for three seconds, but has used some."""
    quiet, before = 0, 0.0
    while quiet < 3 or before < 1:
        time.sleep(1)
        used = sum(watched.cpu_times()[:2])
        quiet = quiet + 1 if used - before < 0.1 else 0
        before = used


def measure_help() -> dict[str, float]:
    """Compare `postroom --help` with a Python that does nothing."""

    def started(*arguments: str) -> float:
        command = [sys.executable, *arguments]
        return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))[0]

    bare = statistics.median(started("-c", "pass") for _ in range(STARTS))
    helped = statistics.median(started("-m", "postroom", "--help") for _ in range(STARTS))
    return {
        "bare_python_ms": round(bare * 1000, 1),
        "help_ms": round(helped * 1000, 1),
        "help_times_bare": round(helped / bare, 1),
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
    parser.add_argument("--idle-seconds", type=float, default=31, help="how long to watch the idle daemon")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "articles"
        folder.mkdir()
        (folder.parent / "config.yaml").write_text(CONFIG, encoding="utf-8")
        (folder.parent / "subscribers.csv").write_text("email\nada@example.org\n", encoding="utf-8")
        figures = measure_help()
        write_articles(folder, options.articles)
        figures |= measure_reading(folder)
        figures |= measure_tick(folder.parent)
        figures |= measure_daemon(folder.parent, options.idle_seconds)
    for name, figure in figures.items():
        print(f"{name:24} {figure:>10,}")
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
