"""`postroom feedback`: read the mailbox of bounces now, and show what came back."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, logs, session
from postroom.cli.moment import told
from postroom.errors import LedgerError
from postroom.feedback.webhooks.sns import confirmation_url
from postroom.outbox import confirmations, guard
from postroom.outbox import feedback as kept
from postroom.outbox.confirmations import Asked
from postroom.outbox.feedback import Acted, Kept
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.returns import Fetched


@click.group()
def command() -> None:
    """Read bounces, and list what came back: those, complaints, and who left at a provider.

    The daemon reads the mailbox and acts by itself, and `postroom web` takes in what providers tell.
    """


@command.command()
@console.json_option
@click.pass_obj
def fetch(config: Path, as_json: bool) -> int:
    """Read the mailbox of bounces now, and act on all that came back."""
    logs.configure(quiet=True)
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        place = guard.place_of(project.config.database)
        if (copy := guard.check(ledger, place)) is not None:
            raise LedgerError(copy.why)
        fetched, acted = _fetch(project, ledger)
    if as_json:
        console.print_json(_as_dict(fetched, acted))
    else:
        click.echo(_in_words(project, fetched, acted))
    return int(fetched.unreadable > 0 or not fetched.is_whole)


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many.")
@console.json_option
@click.pass_obj
def list_(config: Path, limit: int, as_json: bool) -> None:
    """List what came back last, and what came of it; and the topics of Amazon SNS that ask to be confirmed."""
    project = session.load_or_last_good(config)
    session.refuse_lost(project)
    events: tuple[Kept, ...] = ()
    asked: tuple[Asked, ...] = ()
    with session.ledger_if_any(project) as ledger:
        if ledger is not None:
            events = ledger.read(kept.recent, limit)
            asked = ledger.read(confirmations.asked, session.now())
    if as_json:
        console.print_json({"events": [*map(_event, events)], "confirm": [*map(_confirm, asked)]})
        return
    _print(events, asked, ZoneInfo(project.config.publication.timezone))


def _fetch(project: Project, ledger: Ledger) -> tuple[Fetched, Acted]:
    """Read the mailbox, where there is one, and act."""
    from postroom.pipeline.returns import fetch as fetch_all
    from postroom.pipeline.returns import open_mailbox, settle

    settings, fetched = project.config.feedback, Fetched()
    if settings.mailbox is not None:
        box = open_mailbox(settings.mailbox, session.secrets(project.config.base))
        try:
            fetched = fetch_all(box, ledger, session.now, _go_on)
        finally:
            box.close()
    return fetched, settle(ledger, settings.thresholds, session.now, _go_on)


def _go_on(worked: float) -> bool:
    """Rest for nobody: a person waits."""
    return True


def _in_words(project: Project, fetched: Fetched, acted: Acted) -> str:
    first = "config.yaml names no mailbox (feedback: mailbox:)"
    if project.config.feedback.mailbox is not None:
        first = (
            f"{console.plural(fetched.mails, 'mail')} read: {fetched.new} new, {fetched.repeated} known before, "
            f"{fetched.unreadable} unreadable"
        )
    more = "" if fetched.is_whole else "\nmore are left: so much waits to be acted on; run this again"
    return (
        f"{first}\n{console.plural(acted.seen, 'event')} acted on: {acted.suppressed} given up, "
        f"{acted.left} left a list{more}"
    )


def _print(events: tuple[Kept, ...], asked: tuple[Asked, ...], zone: ZoneInfo) -> None:
    rows = [
        [
            told(each.heard_at, zone),
            console.text(each.told.kind),
            console.text(each.told.address),
            console.text(each.told.source),
            console.text(f"{each.told.status} {each.told.reason}".strip()),
            console.text(each.outcome or "waits"),
        ]
        for each in events
    ]
    out = console.out()
    out.print(console.table(["heard", "what", "address", "source", "said", "outcome"], rows))
    for each in asked:
        out.print(f"\n{each.topic} asks to be confirmed. Open this address once:")
        click.echo(confirmation_url(each.topic, each.token))


def _as_dict(fetched: Fetched, acted: Acted) -> dict[str, object]:
    return {
        "mails": fetched.mails,
        "new": fetched.new,
        "repeated": fetched.repeated,
        "unreadable": fetched.unreadable,
        "is_whole": fetched.is_whole,
        "acted": acted.seen,
        "suppressed": acted.suppressed,
        "left": acted.left,
    }


def _event(one: Kept) -> dict[str, object]:
    event = one.told
    return {
        "heard_at": one.heard_at,
        "at": event.at,
        "kind": event.kind.value,
        "source": event.source,
        "address": event.address or None,
        "status": event.status or None,
        "reason": event.reason,
        "edition": one.edition or None,
        "outcome": one.outcome or None,
    }


def _confirm(one: Asked) -> dict[str, object]:
    return {"topic": one.topic, "at": one.at, "open": confirmation_url(one.topic, one.token)}
