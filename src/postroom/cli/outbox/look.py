"""`postroom outbox status | list`: what the ledger tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.cli.worries import deliveries, in_doubt, is_orphaned, told_backlog, told_pause, unsettled
from postroom.config import Config
from postroom.model import DeliveryState
from postroom.outbox import failures, guard, operate, status
from postroom.outbox.backlogs import backlogs
from postroom.outbox.doubts import doubts, lost
from postroom.outbox.failures import Failures
from postroom.outbox.ledger import Ledger
from postroom.outbox.status import DeliveryRow, EditionRow
from postroom.pipeline.space import Space

COUNTS = ("queued", "sending", "sent", "failed", "uncertain", "cancelled")


@click.command("status")
@console.json_option
@click.pass_obj
def show_status(config: Path, as_json: bool = False) -> int:
    """Show every edition and its accounts.

    The exit code is 1 for as long as a delivery is uncertain, or has failed and nobody has decided about it.
    """
    project = session.load_or_last_good(config)
    session.refuse_lost(project)
    with session.ledger_if_any(project) as ledger:
        rows = ledger.read(status.editions) if ledger is not None else []
        left = ledger.read(failures.undecided) if ledger is not None else ()
        worries = list(_worries(project.config, ledger, rows, left)) if ledger is not None else []
    if as_json:
        console.print_json([edition_as_dict(row) for row in rows])
    else:
        print_editions(rows)
        console.print_worries(worries)
    return int(bool(left) or any(row.accounts.uncertain for row in rows))


def _worries(
    config: Config, ledger: Ledger, rows: list[EditionRow], left: Sequence[Failures]
) -> Iterator[str]:
    now = session.now()
    if (copy := guard.check(ledger, guard.place_of(config.database))) is not None:
        yield copy.why
    if (room := Space.under(config.database).room()) is not None and room.told:
        yield room.told
    yield from (told_pause(each, config) for each in ledger.read(operate.paused_transports, now))
    yield from (
        told_backlog(each, config) for each in ledger.read(backlogs, now) if is_orphaned(each, config)
    )
    uncertain, withdrawn = sum(row.accounts.uncertain for row in rows), ledger.read(failures.withdrawn)
    yield from unsettled(sum(each.number for each in left), left, uncertain, withdrawn)
    yield from in_doubt(doubts(ledger, now))


def edition_as_dict(row: EditionRow) -> dict[str, object]:
    """Shape an edition and its accounts for machines."""
    return {
        "edition": row.key,
        "article": row.article,
        "channel": row.channel,
        "variant": row.variant,
        "state": row.state,
        "reason": row.reason,
        **asdict(row.accounts),
    }


def print_editions(rows: list[EditionRow]) -> None:
    """Print editions and their accounts as a table, and below it why they stand where they do."""
    out = console.out()
    if not rows:
        out.print("The outbox is empty: nothing was published yet.")
        return
    shown = [name for name in COUNTS if any(getattr(row.accounts, name) for row in rows)]
    cells = [
        [
            console.state(str(row.state)),
            console.text(row.key),
            str(row.accounts.recipients),
            *(str(getattr(row.accounts, name) or "") for name in shown),
        ]
        for row in rows
    ]
    out.print(console.table(["state", "edition", "to", *shown], cells))
    for row in rows:
        if row.reason:
            out.print(console.text(f"{row.key}: {row.reason}"), soft_wrap=True)


@click.command("list")
@click.option("--edition", help="Only this edition's deliveries.")
@click.option(
    "--state", type=click.Choice([each.value for each in DeliveryState]), help="Only those in this state."
)
@click.option("--in-doubt", "doubtful", is_flag=True, help="Only those that may have gone out unanswered.")
@console.json_option
@click.pass_obj
def list_(config: Path, edition: str | None, state: str | None, doubtful: bool, as_json: bool) -> None:
    """List deliveries: who gets what, and what became of it."""
    wanted = DeliveryState(state) if state else None
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        left = lost(ledger, session.now()) if doubtful else ()
        rows = ledger.read(
            lambda c: list(status.deliveries(c, edition, wanted, in_doubt=doubtful, lost=left))
        )
    if as_json:
        console.print_json([_delivery_as_dict(row) for row in rows])
        return
    out = console.out()
    cells = [_cells(row, ZoneInfo(project.config.publication.timezone)) for row in rows]
    heads = ["no.", "state", "edition", "recipient", "part", "attempts", "due", "why"]
    out.print(console.table(heads, cells))
    out.print(f"\n{deliveries(len(rows))}")


def _cells(row: DeliveryRow, zone: ZoneInfo) -> list[str]:
    """Write a delivery as a row of a table; when it is due, where it is still to go out."""
    one = row.delivery
    return [
        str(one.id),
        console.state(str(one.state)),
        console.text(row.edition),
        console.text(one.recipient.address),
        str(one.part or ""),
        str(one.attempts),
        told(one.due_at, zone) if one.state is DeliveryState.QUEUED else "",
        console.text(one.reason),
    ]


def _delivery_as_dict(row: DeliveryRow) -> dict[str, object]:
    one = row.delivery
    return {
        "id": one.id,
        "edition": row.edition,
        "recipient": one.recipient.address,
        "part": one.part,
        "state": one.state,
        "attempts": one.attempts,
        "due_at": one.due_at,
        "reason": one.reason,
    }
