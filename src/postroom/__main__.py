"""The command `postroom`: the one place that hands arguments in and turns errors into exit codes."""

from __future__ import annotations

import gc
import sys

YOUNG = 50_000
"""How many objects may be new before the collector looks through them: what is made and dropped with each message
holds no cycles, and by default (700) everything that waits in a window would be walked again and again."""


def main() -> None:
    """Run the command line; never returns."""
    gc.set_threshold(YOUNG)
    from postroom import cli
    from postroom.cli.streams import answered

    code = answered(cli.main)
    gc.freeze()  # else the interpreter, before it ends, goes through all objects to free what ends with it anyway
    sys.exit(code)


if __name__ == "__main__":
    main()
