"""`postroom outbox approve | hold | release | …`: what a person decides about editions and deliveries."""

from __future__ import annotations

from pathlib import Path

import click

from postroom.cli import console, session
from postroom.cli.worries import deliveries
from postroom.errors import NoSuchEdition
from postroom.model import DeliveryState
from postroom.outbox import names, operate, revisions
from postroom.pipeline.decide import approve as let_go
from postroom.pipeline.decide import approve_ahead, undecided_rehearsals


@click.command()
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
            key = let_go(project, ledger, edition, recipients, session.now())
        except NoSuchEdition:
            key = approve_ahead(project, ledger, edition, recipients, session.now())
            click.echo(f"{key} is approved ahead, as it is rendered now")
            return
    click.echo(f"{key} is approved and goes out")


@click.command()
@click.argument("edition")
@click.option("--reason", default="held by hand", show_default=True, help="Shown with it.")
@click.pass_obj
def hold(config: Path, edition: str, reason: str) -> None:
    """Stop an EDITION that is being sent, until it is released."""
    with session.ledger_at(config) as ledger:
        click.echo(f"{ledger.write(operate.hold, edition, reason)} is held: {reason}")


@click.command()
@click.argument("edition")
@click.pass_obj
def release(config: Path, edition: str) -> None:
    """Let an EDITION go on that was held, or a transport that rests (name the transport)."""
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        if edition in project.config.transports and ledger.write(operate.resume_transport, edition):
            click.echo(f"{edition} goes on")
            return
        key = ledger.write(operate.release, edition, session.now())
        row = ledger.read(names.find, key)
    carrier = project.config.transports.get(row.transport)
    if carrier is not None and carrier.kind == row.transport_kind:
        click.echo(f"{key} goes on")
    else:
        click.echo(
            f"{key} is released, and waits for {row.transport} ({row.transport_kind}), which config.yaml does not "
            f"have any more; bring it back, or withdraw the edition: postroom outbox cancel {key}"
        )


@click.command()
@click.argument("edition")
@click.option("--uncertain", is_flag=True, help="Also those that may have gone out: they may get it twice.")
@click.pass_obj
def retry(config: Path, edition: str, uncertain: bool) -> None:
    """Try the failed deliveries of an EDITION again."""
    states = [DeliveryState.FAILED] + [DeliveryState.UNCERTAIN] * uncertain
    with session.ledger_at(config) as ledger:
        done = ledger.write(operate.retry, edition, states, session.now())
    click.echo(f"{deliveries(done.queued)} of {done.edition} {_are(done.queued)} queued again")
    if done.suppressed:
        click.echo(
            f"{deliveries(done.suppressed)} {_are(done.suppressed)} not: the address is suppressed, and stays so. "
            f"`postroom outbox list --edition {done.edition}` has the addresses, "
            "`postroom suppress --undo ADDRESS` lifts it; then retry again"
        )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


@click.command()
@click.argument("edition")
@click.option("--reason", default="cancelled by hand", show_default=True, help="Shown with it.")
@click.pass_obj
def cancel(config: Path, edition: str, reason: str) -> None:
    """Withdraw an EDITION for good: whoever has not got it will not. Of a finished one, leave what failed unsent."""
    with session.ledger_at(config) as ledger:
        done = ledger.write(operate.cancel, edition, reason, session.now())
    click.echo(f"{done.edition} is cancelled: {done.cancelled} will not get it, {done.beyond_recall} have")


@click.command()
@click.argument("edition")
@click.pass_obj
def replace(config: Path, edition: str) -> None:
    """Send a corrected article instead of EDITION, to everybody who has not got it yet.

    Mend the article first. The next tick freezes it as a new revision; who has the old one gets no second.
    """
    with session.ledger_at(config) as ledger:
        done = ledger.write(revisions.supersede, edition, session.now())
    click.echo(
        f"{done.edition} is withdrawn: {done.left:,} who have not got it get the article as it is at the next "
        f"tick; {done.beyond_recall:,} have the old one, or may have"
    )


@click.command()
@click.argument("delivery", type=click.IntRange(1, 2**63 - 1))
@click.argument("state", type=click.Choice(["sent", "failed", "cancelled", "queued"]))
@click.pass_obj
def resolve(config: Path, delivery: int, state: str) -> None:
    """Decide about a DELIVERY that may or may not have gone out (its number is in `outbox list`).

    STATE is what you found: `sent`, or not. Then `queued` sends it now, `cancelled` or `failed` leaves it unsent.
    So you may also decide about one that is queued to go out once more (`outbox list --in-doubt`). One that has
    failed is settled with `cancelled`, or tried again with `queued`.
    """
    with session.ledger_at(config) as ledger:
        ledger.write(operate.resolve, delivery, DeliveryState(state), session.now())
    click.echo(f"delivery {delivery} is {state}{_MEANT[state]}")


_MEANT = {
    "sent": "",
    "queued": ": it goes out at once",
    "failed": ": it does not go out",
    "cancelled": ": it does not go out",
}
"""What follows from a resolution."""


@click.command()
@click.argument("editions", nargs=-1, metavar="[EDITION...]")
@click.option("--resend", "how", flag_value="resend", help="Send them through the real transport.")
@click.option("--count-as-sent", "how", flag_value="counted", help="Leave them as published.")
@console.json_option
@click.pass_obj
def rehearsed(config: Path, editions: tuple[str, ...], how: str | None, as_json: bool) -> None:
    """List what went only to a folder although its channel now has a real transport, or settle it.

    Without EDITION all of them are meant.
    """
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        waiting = undecided_rehearsals(project, ledger)
        if how is None:
            _print_rehearsed(waiting, as_json)
            return
        chosen = list(editions) or waiting
        settled = ledger.write(operate.settle_rehearsed, chosen, "resend" if how == "resend" else "counted")
    counts = "counts as sent" if len(settled) == 1 else "count as sent"
    told = "will be sent for real at the next tick" if how == "resend" else counts
    click.echo(f"{console.plural(len(settled), 'rehearsed edition')} {told}")


def _print_rehearsed(waiting: list[str], as_json: bool) -> None:
    if as_json:
        console.print_json(waiting)
        return
    for key in waiting:
        click.echo(key)
    if not waiting:
        click.echo("Nothing that was rehearsed waits for a decision.")
