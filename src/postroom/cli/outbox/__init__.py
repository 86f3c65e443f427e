"""`postroom outbox …`: look at the ledger and act on it; one module a family of commands."""

from __future__ import annotations

import click

from postroom.cli import COMMANDS
from postroom.cli.outbox.decide import approve, cancel, hold, rehearsed, release, replace, resolve, retry
from postroom.cli.outbox.keep import back_up, recover
from postroom.cli.outbox.look import list_, show_status
from postroom.cli.outbox.one import show
from postroom.cli.outbox.prune import prune
from postroom.cli.outbox.rest import pause, resume


class _Below(click.Group):
    """A group that knows which commands people look for below it stand beside it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and args[0] in COMMANDS:
            raise click.UsageError(f"say 'postroom {args[0]}', without 'outbox'", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Below, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at the ledger of everything that goes out, and act on it.

    EDITION is a name such as newsletter/article/my-article, the end of one, or its number.

    Beside these: `postroom pull` takes an article back everywhere, `postroom adopt` accepts a ledger that was
    restored or moved, `postroom suppress` never writes to an address again.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_status)


FAMILIES = (
    (show_status, list_, show),
    (approve, hold, release, retry, cancel, replace, resolve, rehearsed),
    (pause, resume),
    (back_up, recover, prune),
)
"""Every command below `outbox`: those that look, decide, let a transport rest, and keep the ledger."""

for _family in FAMILIES:
    for _each in _family:
        command.add_command(_each)
