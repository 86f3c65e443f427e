"""`postroom outbox …`: look at the ledger and act on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.cli.worries import is_orphaned, told_backlog, told_pause, unsettled
from postroom.config import Config
from postroom.errors import NoSuchEdition
from postroom.model import DeliveryState, Email, Post
from postroom.outbox import operate, status
from postroom.outbox.backlogs import backlogs
from postroom.outbox.ledger import Ledger
from postroom.outbox.status import DeliveryRow, EditionRow, Shown
from postroom.pipeline.decide import approve_ahead, undecided_rehearsals
from postroom.pipeline.preview import post_text

COUNTS = ("queued", "sending", "sent", "failed", "uncertain", "cancelled")


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at the ledger of everything that goes out, and act on it.

    EDITION is a name such as newsletter/article/my-article, the end of one, or its number.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_status)


@contextmanager
def _ledger(config: Path) -> Iterator[Ledger]:
    with session.ledger_of(session.load(config)) as ledger:
        yield ledger


@command.command("status")
@console.json_option
@click.pass_obj
def show_status(config: Path, as_json: bool = False) -> int:
    """Show every edition and its accounts.

    The exit code is 1 for as long as a delivery of any edition has failed or is uncertain.
    """
    project = session.load(config)
    with session.ledger_if_any(project) as ledger:
        rows = ledger.read(status.editions) if ledger is not None else []
        worries = list(_worries(project.config, ledger, rows)) if ledger is not None else []
    if as_json:
        console.print_json([_as_dict(row) for row in rows])
    else:
        _print_status(rows)
        console.print_worries(worries)
    return int(any(row.accounts.failed or row.accounts.uncertain for row in rows))


def _worries(config: Config, ledger: Ledger, rows: list[EditionRow]) -> Iterator[str]:
    now = session.now()
    yield from (told_pause(each, config) for each in ledger.read(operate.paused_transports, now))
    yield from (
        told_backlog(each, config) for each in ledger.read(backlogs, now) if is_orphaned(each, config)
    )
    yield from unsettled(
        sum(row.accounts.failed for row in rows), sum(row.accounts.uncertain for row in rows)
    )


def _as_dict(row: EditionRow) -> dict[str, object]:
    return {
        "edition": row.key,
        "article": row.article,
        "channel": row.channel,
        "variant": row.variant,
        "state": row.state,
        "reason": row.reason,
        **asdict(row.accounts),
    }


def _print_status(rows: list[EditionRow]) -> None:
    out = console.out()
    if not rows:
        out.print("The outbox is empty: nothing was published yet.")
        return
    cells = [
        [
            console.state(str(row.state)),
            console.text(row.key),
            str(row.accounts.recipients),
            *(str(getattr(row.accounts, name) or "") for name in COUNTS),
            console.text(row.reason),
        ]
        for row in rows
    ]
    out.print(console.table(["state", "edition", "to", *COUNTS, "why"], cells))


@command.command("list")
@click.option("--edition", help="Only this edition's deliveries.")
@click.option(
    "--state", type=click.Choice([each.value for each in DeliveryState]), help="Only those in this state."
)
@console.json_option
@click.pass_obj
def list_(config: Path, edition: str | None, state: str | None, as_json: bool) -> None:
    """List deliveries: who gets what, and what became of it."""
    wanted = DeliveryState(state) if state else None
    with _ledger(config) as ledger:
        rows = ledger.read(lambda connection: list(status.deliveries(connection, edition, wanted)))
    if as_json:
        console.print_json([_delivery_as_dict(row) for row in rows])
        return
    out = console.out()
    cells = [
        [
            str(row.delivery.id),
            console.state(str(row.delivery.state)),
            console.text(row.edition),
            console.text(row.delivery.recipient.address),
            str(row.delivery.part or ""),
            str(row.delivery.attempts),
            console.text(row.delivery.reason),
        ]
        for row in rows
    ]
    out.print(console.table(["no.", "state", "edition", "recipient", "part", "attempts", "why"], cells))
    out.print(f"\n{len(rows)} deliveries")


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


@command.command()
@click.argument("edition")
@console.json_option
@click.pass_obj
def show(config: Path, edition: str, as_json: bool) -> None:
    """Show one edition: its content, its accounts, the attempts made."""
    with _ledger(config) as ledger:
        shown = ledger.read(status.show, edition)
    if as_json:
        document = _as_dict(shown.row) | {
            "content": asdict(shown.edition.content),
            "content_hash": shown.edition.content_hash,
            "attempts": [asdict(each) for each in shown.attempts],
            "rejections": [{"line": line, "why": why} for line, why in shown.rejections],
        }
        console.print_json(document)
        return
    _print_status([shown.row])
    _print_shown(shown)


def _print_shown(shown: Shown) -> None:
    out = console.out()
    match shown.edition.content:
        case Email(subject=subject, preheader=preheader, text=text):
            out.print(f"\n[bold]{console.text(subject)}[/]\n[dim]{console.text(preheader)}[/]\n")
            out.print(console.text(text))
        case Post() as post:
            out.print("\n" + console.text(post_text(post)))
    for line, why in shown.rejections:
        out.print(f"[yellow]row {line} was rejected: {console.text(why)}[/]")
    for attempt in shown.attempts:
        when = f"{attempt.ended_at:%Y-%m-%d %H:%M:%S}"
        out.print(
            f"[dim]{when} delivery {attempt.delivery_id}: {attempt.outcome} {console.text(attempt.reply)}[/]"
        )


@command.command()
@click.argument("edition")
@click.option(
    "--recipients", type=int, help="To how many: needed for a first edition and a changed audience."
)
@click.pass_obj
def approve(config: Path, edition: str, recipients: int | None) -> None:
    """Let a held EDITION go, or approve one ahead of its time.

    The leave is for the rendering as it is now: if that changes, it has to be given again.
    """
    project = session.load(config)
    with session.ledger_of(project) as ledger:
        try:
            key = ledger.write(operate.approve, edition, recipients=recipients, now=session.now())
        except NoSuchEdition:
            key = approve_ahead(project, ledger, edition, recipients, session.now())
            click.echo(f"{key} is approved ahead, as it is rendered now")
            return
    click.echo(f"{key} is approved and goes out")


@command.command()
@click.argument("edition")
@click.option("--reason", default="held by hand", show_default=True, help="Shown with it.")
@click.pass_obj
def hold(config: Path, edition: str, reason: str) -> None:
    """Stop an EDITION that is being sent, until it is released."""
    with _ledger(config) as ledger:
        click.echo(f"{ledger.write(operate.hold, edition, reason)} is held: {reason}")


@command.command()
@click.argument("edition")
@click.pass_obj
def release(config: Path, edition: str) -> None:
    """Let an EDITION go on that was held, or a transport that rests (name the transport)."""
    project = session.load(config)
    with session.ledger_of(project) as ledger:
        if edition in project.config.transports and ledger.write(
            operate.resume_transport, edition, session.now()
        ):
            click.echo(f"{edition} goes on")
            return
        click.echo(f"{ledger.write(operate.release, edition, session.now())} goes on")


@command.command()
@click.argument("edition")
@click.option("--uncertain", is_flag=True, help="Also those that may have gone out: they may get it twice.")
@click.pass_obj
def retry(config: Path, edition: str, uncertain: bool) -> None:
    """Try the failed deliveries of an EDITION again."""
    states = [DeliveryState.FAILED] + [DeliveryState.UNCERTAIN] * uncertain
    with _ledger(config) as ledger:
        number = ledger.write(operate.retry, edition, states, session.now())
    click.echo(f"{number} deliveries are queued again")


@command.command()
@click.argument("edition")
@click.option("--reason", default="cancelled by hand", show_default=True, help="Shown with it.")
@click.pass_obj
def cancel(config: Path, edition: str, reason: str) -> None:
    """Withdraw an EDITION for good: whoever has not got it will not."""
    with _ledger(config) as ledger:
        done = ledger.write(operate.cancel, edition, reason, session.now())
    click.echo(f"{done.edition} is cancelled: {done.cancelled} will not get it, {done.beyond_recall} have")


@command.command()
@click.argument("delivery", type=int)
@click.argument("state", type=click.Choice(["sent", "failed", "cancelled", "queued"]))
@click.pass_obj
def resolve(config: Path, delivery: int, state: str) -> None:
    """Decide about a DELIVERY that may or may not have gone out (its number is in `outbox list`)."""
    with _ledger(config) as ledger:
        ledger.write(operate.resolve, delivery, DeliveryState(state), session.now())
    click.echo(f"delivery {delivery} is {state}")


@command.command()
@click.argument("editions", nargs=-1, metavar="[EDITION...]")
@click.option("--resend", "how", flag_value="resend", help="Send them through the real transport.")
@click.option("--count-as-sent", "how", flag_value="counted", help="Leave them as published.")
@console.json_option
@click.pass_obj
def rehearsed(config: Path, editions: tuple[str, ...], how: str | None, as_json: bool) -> None:
    """List what went only to a folder although its channel now has a real transport, or settle it.

    Without EDITION all of them are meant.
    """
    project = session.load(config)
    with session.ledger_of(project) as ledger:
        waiting = undecided_rehearsals(project, ledger)
        if how is None:
            _print_rehearsed(waiting, as_json)
            return
        chosen = list(editions) or waiting
        settled = ledger.write(operate.settle_rehearsed, chosen, "resend" if how == "resend" else "counted")
    told = "will be sent for real at the next tick" if how == "resend" else "count as sent"
    click.echo(f"{len(settled)} rehearsed editions {told}")


def _print_rehearsed(waiting: list[str], as_json: bool) -> None:
    if as_json:
        console.print_json(waiting)
        return
    for key in waiting:
        click.echo(key)
    if not waiting:
        click.echo("Nothing that was rehearsed waits for a decision.")
