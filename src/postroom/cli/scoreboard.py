"""Print results for people: trends as small bars, an edition a line, and what should worry whoever sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding

from postroom.cli import console
from postroom.cli.moment import told
from postroom.cli.sparkline import sparkline
from postroom.outbox.growth import Growth, Period
from postroom.outbox.results import Counts, Greeted, Result

MOST_COMPLAINTS: Final = 0.003
"""Gmail and Yahoo ask for less than 0.3 % (docs/deliverability.md names the pages)."""

GOOD_COMPLAINTS: Final = 0.001
"""Gmail's guidelines advise less than 0.1 % (docs/deliverability.md names the page)."""

MOST_LOST: Final = 0.05
"""Amazon SES asks to stay below it, and stops who comes to 10 %: the notice that it sends, and "Why is my Amazon SES
sending account under review or paused?" at repost.aws (read 2026-11-23 in copies).
"""

WIDE: Final = 120
"""Columns of a terminal from which editions are a table: in less, their names would be folded."""

LATEST: Final = 12
"""How many editions a trend shows."""

_DAYS: Final = 30  # as many periods a trend of a list shows

_NAMES: Final = {
    "sent": "sent",
    "uncertain": "uncertain",
    "bounced": "bounced",
    "complained": "complained",
    "unsubscribed": "left",
}
_OF_MAIL: Final = ("sent", "bounced", "complained", "unsubscribed")
_OF_POSTS: Final = ("sent", "uncertain")
_BACK: Final = ("bounced", "complained", "unsubscribed")


def print_results(results: Sequence[Result], zone: ZoneInfo) -> None:
    """Print a trend for each channel, then all editions, the latest first."""
    out = console.out()
    by_channel = sorted(results, key=lambda each: each.channel)
    for channel, group in groupby(by_channel, key=lambda each: each.channel):
        _print_trend(out, channel, list(group))
    rows = [_row(each, zone) for each in reversed(results)]
    if out.width >= WIDE:
        heads = ["when", "edition", "to", "sent", "failed", "uncertain", "bounced", "complained", "left"]
        out.print(console.table(heads, rows))
    else:
        for each in reversed(results):
            out.print(f"{told(each.begun_at, zone)}  {console.text(each.key)}", soft_wrap=True)
            _print_below(out, in_words(each.counts, is_mail=each.is_mail))
    out.print()


def print_greeted(greeted: Sequence[Greeted]) -> None:
    """Print what became of the mails that greet who joins."""
    out = console.out()
    for each in greeted:
        out.print(f"Mails of the kind '{each.kind}', to who joins")
        _print_below(out, in_words(each.counts, is_mail=True))
    if greeted:
        out.print()


def print_growth(lists: Sequence[Growth], by: str) -> None:
    """Print of each list who is on it, and a trend of who joins and leaves."""
    out = console.out()
    for each in lists:
        members = "kept in a file" if each.members is None else f"{console.plural(each.members, 'member')}"
        waiting = f", {each.unconfirmed:,} yet to confirm" if each.unconfirmed else ""
        out.print(f"[bold]{console.text(each.list)}[/]: {members}{waiting}")
        number = console.plural(len(each.periods), by)
        for name in ("joined", "left"):
            numbers: list[int] = [getattr(period, name) for period in each.periods]
            out.print(f"    {name:<10}  {sparkline(numbers[-_DAYS:])}  {sum(numbers):,} in {number}")
    if lists:
        out.print()


def print_list(one: Growth, zone: ZoneInfo, by: str) -> None:
    """Print the periods of a list, the latest first, but for those in which nothing happened."""
    print_growth([one], by)
    heads = [by, "asked", "confirmed", "added", "left"]
    rows = [
        [f"{period.begins.astimezone(zone):%Y-%m-%d}", *(str(number or "") for number in _numbers(period))]
        for period in reversed(one.periods)
        if any(_numbers(period))
    ]
    console.out().print(console.table(heads, rows))


def print_result(one: Result, zone: ZoneInfo) -> None:
    """Print everything about one edition."""
    out, counts = console.out(), one.counts
    out.print(f"[bold]{console.text(one.title)}[/]")
    out.print(f"{console.text(one.key)}, {one.state}, {told(one.begun_at, zone)}", soft_wrap=True)
    out.print()
    rows = [["to", f"{counts.recipients:,}", ""]]
    for name in ("sent", "failed", "uncertain", "cancelled", "waiting"):
        number = getattr(counts, name)
        if number or name == "sent":
            rows.append([name, f"{number:,}", f"{_percent(number, counts.recipients)} of all"])
    if one.is_mail:
        rows += [
            [
                _NAMES[name],
                f"{getattr(counts, name):,}",
                f"{_percent(getattr(counts, name), counts.sent)} of those sent",
            ]
            for name in _BACK
        ]
    out.print(console.table(["", "number", ""], rows))
    if one.rehearsal:
        out.print("\nIt was only rehearsed: nobody got it.")


def worries(results: Sequence[Result]) -> Iterator[str]:
    """Say what receivers will not put up with for long, and what to do about it."""
    for each in results:
        if each.is_mail and (too_many := _complaints(each.counts)):
            yield f"{each.key}: {too_many}"
        if each.is_mail and each.counts.lost > MOST_LOST:
            lost = each.counts.failed + each.counts.bounced
            yield (
                f"{each.key}: {each.counts.lost:.1%} did not arrive ({lost:,}, refused at once or later): over 5% "
                "receivers distrust the sender. `postroom outbox list --state failed` says why. Addresses that are "
                "gone get nothing more; if the list is old or was bought, write only to who confirms it anew"
            )


def _complaints(counts: Counts) -> str:
    rate = counts.rate(counts.complained)
    found = f"{rate:.2%} called it spam ({counts.complained:,} of {counts.sent:,})"
    if rate >= MOST_COMPLAINTS:
        return (
            f"{found}: from 0.3% on, Gmail and Yahoo file mail as spam or refuse it. Send nothing more until you know "
            "whence these people came (`postroom subscribers show ADDRESS`), and take those out who never asked"
        )
    if rate >= GOOD_COMPLAINTS:
        return (
            f"{found}: Gmail wants less than 0.1%. See that people know what they asked for, how often it comes, and "
            "how to leave"
        )
    return ""


def in_words(counts: Counts, *, is_mail: bool) -> str:
    """Tell counts in a sentence; what is nought is left out, but for what came back."""
    parts = [f"to {counts.recipients:,}: {counts.sent:,} sent"]
    rest = ("failed", "uncertain", "cancelled", "waiting")
    parts += [f"{getattr(counts, name):,} {name}" for name in rest if getattr(counts, name)]
    if is_mail and counts.sent:
        parts += [f"{_share(counts, name)} {_NAMES[name]}" for name in _BACK]
    return ", ".join(parts)


def _print_trend(out: Console, channel: str, results: Sequence[Result]) -> None:
    latest = results[-LATEST:]
    is_mail = any(each.is_mail for each in latest)
    out.print(f"[bold]{console.text(channel)}[/]: {console.plural(len(results), 'edition')}")
    for name in _OF_MAIL if is_mail else _OF_POSTS:
        numbers = [getattr(each.counts, name) for each in latest]
        total, sent = sum(numbers), sum(each.counts.sent for each in latest)
        drawn: list[float] = list(numbers)
        if name in _BACK:
            drawn = [each.counts.rate(number) for each, number in zip(latest, numbers, strict=True)]
        share = f" ({_percent(total, sent)})" if name in _BACK else ""
        out.print(f"    {_NAMES[name]:<10}  {sparkline(drawn)}  {total:,}{share}")
    out.print()


def _print_below(out: Console, words: str) -> None:
    out.print(Padding(words, (0, 0, 0, 4), expand=False))


def _row(one: Result, zone: ZoneInfo) -> list[str]:
    counts = one.counts
    numbers = (counts.recipients, counts.sent, counts.failed or "", counts.uncertain or "")
    back = [_share(counts, name) if one.is_mail else "" for name in _BACK]
    shown = (f"{number:,}" if isinstance(number, int) else number for number in numbers)
    return [f"{one.begun_at.astimezone(zone):%Y-%m-%d}", console.text(one.key), *shown, *back]


def _share(counts: Counts, name: str) -> str:
    number: int = getattr(counts, name)
    return f"{number:,} ({_percent(number, counts.sent)})" if number else "0"


def _percent(number: int, whole: int) -> str:
    return f"{number / whole:.2%}" if whole else "0%"


def _numbers(period: Period) -> tuple[int, ...]:
    return (period.asked, period.confirmed, period.added, period.left)
