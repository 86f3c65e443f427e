"""Publish once in a process of its own, and say what the tick took: `python -m benchmarks.ticking CONFIG`.

The interpreter's start and the opening of the ledger are left out; reading, rendering, counting the audience and
freezing are in.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from postroom import config
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import open_project
from postroom.pipeline.publish import Publisher


def main() -> None:
    """Publish what is ready."""
    loaded = config.load(Path(sys.argv[1]))  # noqa: TID251
    project = open_project(loaded, settle=True)
    now = datetime.now(UTC)  # noqa: TID251
    with Ledger(loaded.database) as ledger:
        began, used = time.perf_counter(), time.process_time()
        tick = Publisher(project=project, ledger=ledger).publish(now)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
    keys = [edition.key for edition in tick.frozen]
    said = [str(finding) for finding in tick.findings]
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "frozen": keys, "findings": said}))


if __name__ == "__main__":
    main()
