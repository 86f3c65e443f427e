"""`postroom schema`: the JSON Schema of config.yaml."""

from __future__ import annotations

import click

from postroom.cli import console


@click.command()
def command() -> None:
    """Print the JSON Schema of config.yaml, for completion and warnings while editors type.

    Save it where the first line of config.yaml names it.
    """
    from postroom.config import schema

    console.print_json(schema())
