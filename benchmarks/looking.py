"""Look at a ledger as `postroom outbox status` does: `python -m benchmarks.looking EMPTY CONFIG`.

Prints, as JSON, how long that took beyond start-up: everything is imported before, by a look at an EMPTY one.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from io import StringIO

from postroom.cli import main as postroom


def look(config: str) -> None:
    """Run the command. Raises RuntimeError where it did not end well."""
    with redirect_stdout(StringIO()) as said:
        code = postroom(["--config", config, "outbox", "status", "--json"])
    if code not in (None, 0) or not said.getvalue():
        raise RuntimeError(f"outbox status ended with {code}: {said.getvalue()[-1000:]}")


def main() -> None:
    """Look at one, then take the time of the other."""
    empty, config = sys.argv[1:]  # noqa: TID251
    look(empty)
    began, used = time.perf_counter(), time.process_time()
    look(config)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - used
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds}))


if __name__ == "__main__":
    main()
