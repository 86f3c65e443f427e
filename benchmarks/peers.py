"""The tools that people use today, on the same mails into the same sink. They keep no outbox; we do."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Figure, compared, pairs, run
from benchmarks.project import Project, write_people
from benchmarks.sending import Sender, described, fast
from benchmarks.sinks import smtp_sink

TARGETS = {"mailmerge": 50, "redmail": 50, "yagmail": 30, "python-emails": 20}
"""How many times as fast as each tool we want to be."""

PACKAGES = ("mailmerge==2.3.0", "redmail==0.6.0", "yagmail==0.16.0", "emails[jinja]==1.1.3", "jinja2")
PEER_MAILS = 200


def interpreter() -> Path:
    """Find the venv with the peers, which are no dependency of ours; make it when it is missing."""
    place = Path(tempfile.gettempdir()) / "bench-venv"
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python


def peers(bench: Bench) -> Iterator[Figure]:
    """Measure ourselves in pairs with each peer."""
    python, folder = interpreter(), bench.folder("peers")
    with smtp_sink() as port:
        project = Project(folder=bench.folder("send"), transport=fast(bench, port))
        sender = Sender(project=project, people=bench.mails, workers=bench.workers)
        write_templates(project, folder)
        for name, target in TARGETS.items():
            found = pairs(sender.rate, partial(peer_rate, python, name, port, folder), bench.pairs)
            yield compared(
                "peers",
                f"times {name}",
                found,
                at_least=target,
                setting=f"{described(fast(bench, port), bench.workers)}, {bench.mails:,} mails; the peer {PEER_MAILS}",
            )


def peer_rate(python: Path, name: str, port: int, folder: Path) -> float:
    """Let a peer send; return its mails a second."""
    script = Path(__file__).with_name("peer.py")
    used = run([python, script, name, str(port), str(PEER_MAILS), folder])
    return PEER_MAILS / float(json.loads(used.stdout.splitlines()[-1])["seconds"])


def write_templates(project: Project, folder: Path) -> None:
    """Write our own mail as the templates of a peer: the reader's name and town become its fields."""
    html, text = project.preview()
    for file, written in (("mail.html", html), ("mail.txt", text)):
        guarded = written.replace("{%", "{ %").replace("{#", "{ #").replace("{{", "{ {")
        filled = guarded.replace("Robin", "{{ first_name }}").replace("your town", "{{ city }}")
        (folder / file).write_text(filled, encoding="utf-8")
    write_people(folder / "people.csv", PEER_MAILS)
