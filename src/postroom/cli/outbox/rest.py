"""`postroom outbox pause | resume`: let a transport rest, and wake it."""

from __future__ import annotations

from pathlib import Path

import click

from postroom.cli import session
from postroom.config import Config
from postroom.errors import UsageError
from postroom.outbox import operate


@click.command()
@click.argument("transport")
@click.option("--reason", default="paused by hand", show_default=True, help="Shown with it.")
@click.pass_obj
def pause(config: Path, transport: str, reason: str) -> None:
    """Let TRANSPORT take nothing more until it is resumed; what is on its way is finished."""
    project = session.load_or_last_good(config)
    _refuse_unknown(project.config, transport)
    with session.ledger_of(project) as ledger:
        ledger.write(operate.pause_transport, transport, reason, until=None, now=session.now())
    click.echo(f"{transport} rests: {reason}; `postroom outbox resume {transport}` lets it go on")


@click.command()
@click.argument("transport")
@click.pass_obj
def resume(config: Path, transport: str) -> None:
    """Let TRANSPORT go on, whether a person or a fault has paused it; what waits for a time of its own keeps it."""
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        was_paused = ledger.write(operate.resume_transport, transport)
    if was_paused:
        click.echo(f"{transport} goes on")
        return
    _refuse_unknown(project.config, transport)
    click.echo(f"{transport} did not rest")


def _refuse_unknown(config: Config, transport: str) -> None:
    if transport not in config.transports:
        near = session.nearest(transport, [*config.transports])
        known = ", ".join(config.transports)
        raise UsageError(f"there is no transport '{transport}'{near or f'; config.yaml names {known}'}")
