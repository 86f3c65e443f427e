"""`postroom outbox show`: one edition, its content, and what became of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.cli.outbox.look import edition_as_dict, print_editions
from postroom.compose.merge import cut
from postroom.model import Email, Post
from postroom.outbox import status
from postroom.outbox.status import Shown
from postroom.pipeline.preview import post_text

ATTEMPTS = 20
"""How many of the latest attempts are shown: a screen full."""


@click.command()
@click.argument("edition")
@click.option(
    "--attempts",
    type=click.IntRange(min=0),
    metavar="N",
    default=ATTEMPTS,
    show_default=True,
    help="How many of the latest attempts to show.",
)
@console.json_option
@click.pass_obj
def show(config: Path, edition: str, attempts: int, as_json: bool) -> None:
    """Show one edition: its content, its accounts, the latest attempts."""
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        shown = ledger.read(status.show, edition, attempts=attempts)
    if as_json:
        console.print_json(_as_dict(shown))
        return
    print_editions([shown.row])
    _print_content(shown)
    for line, why in shown.rejections:
        console.out().print(f"[yellow]row {line} was rejected: {console.text(why)}[/]")
    _print_attempts(shown, ZoneInfo(project.config.publication.timezone))


def _as_dict(shown: Shown) -> dict[str, object]:
    return edition_as_dict(shown.row) | {
        "content": asdict(shown.edition.content),
        "content_hash": shown.edition.content_hash,
        "attempts": [asdict(each) for each in shown.attempts],
        "earlier_attempts": shown.earlier,
        "rejections": [{"line": line, "why": why} for line, why in shown.rejections],
    }


def _print_content(shown: Shown) -> None:
    out = console.out()
    match shown.edition.content:
        case Email(subject=subject, preheader=preheader, text=text, fence=fence):
            head, below, body = (console.text(as_written(each, fence)) for each in (subject, preheader, text))
            out.print(f"\n[bold]{head}[/]\n[dim]{below}[/]\n")
            out.print(body)
        case Post() as post:
            out.print("\n" + console.text(post_text(post)))


def as_written(text: str, fence: str) -> str:
    """Write each merge token of a frozen text as an editor does: `{{first_name|there}}`."""
    around, tokens = cut(text, fence)
    names = (f"{{{{{each.name}{f'|{each.default}' if each.default else ''}}}}}" for each in tokens)
    return around[0] + "".join(name + piece for name, piece in zip(names, around[1:], strict=True))


def _print_attempts(shown: Shown, zone: ZoneInfo) -> None:
    out = console.out()
    if shown.earlier:
        every = len(shown.attempts) + shown.earlier
        out.print(
            f"{console.plural(shown.earlier, 'earlier attempt')} not shown; "
            f"`postroom outbox show {console.text(shown.row.key)} --attempts {every}` shows all",
            style="dim",
            soft_wrap=True,
        )
    for each in shown.attempts:
        line = f"{told(each.ended_at, zone)} delivery {each.delivery_id}: {each.outcome} {each.reply}"
        out.print(f"[dim]{console.text(line)}[/]", soft_wrap=True)
