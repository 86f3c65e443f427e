"""`postroom stats`: what became of what went out, and how lists grow."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from postroom import audience
from postroom.cli import console, scoreboard, session
from postroom.cli.moment import MOMENT
from postroom.cli.periods import DAY, WEEK, begins
from postroom.errors import UsageError
from postroom.outbox import results
from postroom.outbox.growth import Growth, growth
from postroom.outbox.ledger import Ledger
from postroom.outbox.results import Greeted, Result
from postroom.pipeline.project import Project

JSON: Final = "json"
CSV: Final = "csv"

_BACK: Final = ("bounced", "complained", "unsubscribed")
_COUNTS: Final = ("recipients", "sent", "failed", "uncertain", "cancelled", "waiting")
_EDITION: Final = ("edition", "channel", "article", "variant", "title", "list", "state", "at")
_COLUMNS: Final = (*_EDITION, *_COUNTS, *_BACK, *(f"{name}_rate" for name in _BACK))
_PERIOD: Final = ("list", "begins", "asked", "confirmed", "added", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to know: of which time, which channel, and in what steps."""

    since: datetime | None
    channel: str | None
    by: str
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All results: of editions, of the mails that greet who joins, and of lists."""

    editions: Sequence[Result] = ()
    greeted: Sequence[Greeted] = ()
    lists: Sequence[Growth] = ()
    rehearsals: int = 0


@click.command()
@click.argument("edition", required=False, metavar="[EDITION]")
@click.option("--list", "name", metavar="LIST", help="How this list grew, period by period.")
@click.option(
    "--since", type=MOMENT, metavar="TIME", help="Only what began from TIME on, such as 2026-11-01."
)
@click.option("--channel", metavar="NAME", help="Only this channel's editions.")
@click.option(
    "--by",
    type=click.Choice([DAY, WEEK]),
    default=DAY,
    show_default=True,
    help="In what steps lists are told: the latest 30 days, or 12 weeks.",
)
@click.option("--json", "how", flag_value=JSON, help="Print JSON for machines.")
@click.option("--csv", "how", flag_value=CSV, help="Print CSV, of which no spreadsheet runs anything.")
@click.pass_obj
def command(
    config: Path,
    edition: str | None,
    name: str | None,
    since: datetime | None,
    channel: str | None,
    by: str,
    how: str | None,
) -> None:
    """Tell what became of what went out: sent, bounced, called spam, left; and how lists grow.

    Without EDITION: a trend for each channel, its 12 latest editions, and all lists. Small bars go from nought to the
    highest. Rehearsals are left out, and the mails that greet who joins are summed up apart.
    """
    if edition is not None and name is not None:
        raise UsageError("name an EDITION or a --list, not both")
    project = session.load_or_last_good(config)
    session.refuse_lost(project)
    zone = ZoneInfo(project.config.publication.timezone)
    asked = Asked(since=session.in_zone(since, zone), channel=channel, by=by, zone=zone, now=session.now())
    with session.ledger_if_any(project) as ledger:
        if edition is not None:
            _tell_edition(_edition(ledger, edition), asked, how)
        elif name is not None:
            _tell_list(_list(ledger, name, asked), asked, how)
        else:
            _tell_all(_overview(project, ledger, asked), asked, how)


def _edition(ledger: Ledger | None, name: str) -> Result:
    if ledger is None:
        raise UsageError(f"there is no edition {name!r}: nothing was published yet")
    return ledger.read(results.result, name)


def _list(ledger: Ledger | None, name: str, asked: Asked) -> Growth:
    lists = {one.list: one for one in _lists(ledger, asked)}
    if name not in lists:
        raise UsageError(f"there is no list {name!r} with anybody on it{session.nearest(name, [*lists])}")
    return lists[name]


def _lists(ledger: Ledger | None, asked: Asked) -> list[Growth]:
    if ledger is None:
        return []
    return ledger.read(growth, begins(asked.now, asked.zone, asked.by, asked.since), asked.now)


def _overview(project: Project, ledger: Ledger | None, asked: Asked) -> Overview:
    known = sorted({*project.config.channels, *(ledger.read(results.channels) if ledger else ())})
    if asked.channel is not None and asked.channel not in known:
        raise UsageError(f"there is no channel {asked.channel!r}{session.nearest(asked.channel, known)}")
    if ledger is None:
        return Overview()
    since, channel = asked.since, asked.channel
    latest = scoreboard.LATEST if since is None else None
    return Overview(
        editions=ledger.read(results.results, since=since, channel=channel, latest=latest),
        greeted=ledger.read(results.greeted, since=since, channel=channel),
        lists=_lists(ledger, asked) if asked.channel is None else (),
        rehearsals=ledger.read(results.rehearsals),
    )


def _tell_edition(one: Result, asked: Asked, how: str | None) -> None:
    if how == JSON:
        console.print_json(as_dict(one))
    elif how == CSV:
        write_csv(_COLUMNS, [as_dict(one)])
    else:
        scoreboard.print_result(one, asked.zone)
        console.print_worries(scoreboard.worries([one]))


def _tell_list(one: Growth, asked: Asked, how: str | None) -> None:
    if how == JSON:
        console.print_json(asdict(one))
    elif how == CSV:
        write_csv(_PERIOD, [{"list": one.list, **asdict(period)} for period in one.periods])
    else:
        scoreboard.print_list(one, asked.zone, asked.by)


def _tell_all(found: Overview, asked: Asked, how: str | None) -> None:
    if how == JSON:
        console.print_json(
            {
                "editions": [as_dict(one) for one in found.editions],
                "greetings": [{"kind": one.kind, **asdict(one.counts)} for one in found.greeted],
                "lists": [asdict(one) for one in found.lists],
            }
        )
    elif how == CSV:
        write_csv(_COLUMNS, [as_dict(one) for one in found.editions])
    else:
        _print_all(found, asked)


def _print_all(found: Overview, asked: Asked) -> None:
    if found.editions:
        scoreboard.print_results(found.editions, asked.zone)
    else:
        when = f" since {asked.since:%Y-%m-%d %H:%M}" if asked.since else ""
        console.out().print(f"Nothing went out{when}.\n")
    scoreboard.print_greeted(found.greeted)
    scoreboard.print_growth(found.lists, asked.by)
    if found.rehearsals:
        number = console.plural(found.rehearsals, "edition")
        console.out().print(f"[dim]{number} went only to a folder, as a rehearsal, and left out here[/]")
    console.print_worries(scoreboard.worries(found.editions))


def as_dict(one: Result) -> dict[str, object]:
    """Shape the results of an edition for machines; what nobody can know of a post is None."""
    counts, names = one.counts, (one.key, one.channel, one.article, one.variant, one.title, one.list)
    shaped: dict[str, object] = dict(zip(_EDITION, (*names, one.state, one.begun_at), strict=True))
    shaped |= {name: getattr(counts, name) for name in _COUNTS}
    shaped |= {name: getattr(counts, name) if one.is_mail else None for name in _BACK}
    rates = {name: round(counts.rate(getattr(counts, name)), 6) for name in _BACK}
    return shaped | {f"{name}_rate": rate if one.is_mail else None for name, rate in rates.items()}


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows to stdout as CSV, nothing in which a spreadsheet would run."""
    texts = ({name: _cell(row[name]) for name in columns} for row in rows)
    audience.write(texts, sys.stdout, fields=columns)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
