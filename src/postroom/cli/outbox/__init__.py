"""`postroom outbox …`: look at the ledger and act on it; one module a family of commands."""

from __future__ import annotations

import click

from postroom.cli.outbox.decide import approve, cancel, hold, rehearsed, release, replace, resolve, retry
from postroom.cli.outbox.keep import back_up, recover
from postroom.cli.outbox.look import list_, show_status
from postroom.cli.outbox.one import show
from postroom.cli.outbox.rest import pause, resume


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at the ledger of everything that goes out, and act on it.

    EDITION is a name such as newsletter/article/my-article, the end of one, or its number.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_status)


FAMILIES = (
    (show_status, list_, show),
    (approve, hold, release, retry, cancel, replace, resolve, rehearsed),
    (pause, resume),
    (back_up, recover),
)
"""Every command below `outbox`: those that look, decide, let a transport rest, and keep the ledger."""

for _family in FAMILIES:
    for _each in _family:
        command.add_command(_each)
