"""The command `postroom`: the one place that hands arguments in and turns errors into exit codes."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; never returns."""
    from postroom import cli

    sys.exit(cli.main())


if __name__ == "__main__":
    main()
