"""The command `postroom`: the one place that hands arguments in and turns errors into exit codes."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; never returns."""
    from postroom import cli
    from postroom.cli.streams import answered

    code = answered(cli.main)
    gc.freeze()  # else the interpreter, before it ends, goes through all objects to free what ends with it anyway
    sys.exit(code)


if __name__ == "__main__":
    main()
