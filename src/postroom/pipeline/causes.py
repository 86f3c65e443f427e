"""What people should be told: from the ledger and the daemon's state to sentences, each with its cure. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom.address import masked
from postroom.model import EditionState, NoticeKind
from postroom.outbox.pauses import Pause
from postroom.outbox.standing import Found, Standing, Waiting
from postroom.pipeline.vitals import CONFIG

LATE_AFTER = timedelta(minutes=15)
"""How long something may be due, with no answer for as long, before people are told."""

STUCK_AFTER = timedelta(minutes=30)
"""How long a delivery may wait for its answer: RFC 5321 §4.5.3.2 gives a server ten minutes for the longest step, and
a message has several.
"""

SOON = timedelta(days=7)
"""How long before its end people are told of a token that expires."""

_MEND_CONFIG = (
    "the last good one stays in force; mend the file, and `postroom check` says what is wrong with it"
)
_DIGIT = re.compile("[0-9]")
_CODE = re.compile(r"[2-5]\d\d|[245]\.\d{1,3}\.\d{1,3}")  # of SMTP: RFC 5321 §4.2, RFC 3463 §2
_OF_AUDIENCE = {"first-edition", "audience-max", "audience-growth"}
"""The holds that a person lifts by naming the number of recipients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that people should know. `id` is the same for as long as it lasts, and another when it comes anew.

    `text` says what is the matter, `cure` what to do about it (empty where there is nothing to do). `edition` is the
    key of the one it is about, if it is about one.
    """

    id: str
    kind: NoticeKind
    text: str
    cure: str = ""
    edition: str | None = None

    @property
    def sentence(self) -> str:
        """All of it, on one line."""
        return f"{self.text}; {self.cure}" if self.cure else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Something that ends at `at`: the token of a network. `renew` is the command that makes a new one."""

    what: str
    at: datetime
    renew: str


def causes(
    standing: Standing,
    broken: Mapping[str, str],
    now: datetime,
    *,
    since: datetime | None = None,
    expiring: Sequence[Expiry] = (),
) -> tuple[Cause, ...]:
    """Name everything that people should know at `now`, the most urgent first.

    `broken` maps what is broken to why; `since` is when the daemon began to work, before which nothing could go
    out. The same state gives the same causes, so asking twice tells nothing twice.
    """
    return (
        *(_broken(what, why) for what, why in sorted(broken.items())),
        *(_paused(pause) for pause in standing.pauses),
        *(_held(each) for each in standing.found if each.state is EditionState.HELD),
        *_late(standing, now, since),
        *(_stuck(name, since) for name, since in standing.begun.items() if now - since > STUCK_AFTER),
        *(_uncertain(each) for each in standing.found if each.accounts.uncertain),
        *(_expiring(each, now) for each in expiring if each.at - now <= SOON),
        *(
            _finished(each)
            for each in standing.found
            if each.state is EditionState.FINISHED and each.finished_at
        ),
    )


def _broken(what: str, why: str) -> Cause:
    return Cause(
        id=f"broken:{what}:{_fault(why)}",
        kind=NoticeKind.BROKEN,
        text=f"{what}: {why}",
        cure=_MEND_CONFIG if what == CONFIG else "",
    )


def _paused(pause: Pause) -> Cause:
    return Cause(
        id=f"paused:{pause.transport}:{_fault(pause.reason)}",
        kind=NoticeKind.PAUSED,
        text=f"The transport {pause.transport} rests: {pause.reason}",
        cure=""
        if "postroom outbox" in pause.reason
        else f"to let it go on: postroom outbox resume {pause.transport}",
    )


def _held(found: Found) -> Cause:
    return Cause(
        id=f"held:{found.key}:{_fingerprint(found.reason)}",
        kind=NoticeKind.HELD,
        text=f"{found.key} is held for a person: {found.reason or 'no reason is given'}",
        cure=_way_on(found),
        edition=found.key,
    )


def _way_on(found: Found) -> str:
    """Name the command that lets a held edition go, unless its reason names it already."""
    if "postroom outbox" in found.reason:
        return ""
    people = f" --recipients {found.accounts.recipients}" if _OF_AUDIENCE & {*found.holds} else ""
    go = f"approve {found.key}{people}" if found.holds else f"release {found.key}"
    return f"postroom outbox {go} lets it go, postroom outbox cancel {found.key} withdraws it"


def _late(standing: Standing, now: datetime, since: datetime | None) -> Iterator[Cause]:
    """Tell of transports that neither rest nor wait for their rate, and yet give no answer."""
    resting = {pause.transport for pause in standing.pauses}
    for waiting in standing.waiting:
        if waiting.transport not in resting and _stands_still(waiting, now, since):
            due = f"{waiting.due_at:%Y-%m-%d %H:%M} UTC"
            yield Cause(
                id=f"late:{waiting.transport}",
                kind=NoticeKind.LATE,
                text=f"What is due on the transport {waiting.transport} since {due} does not go out",
                cure="postroom outbox status and the log of the daemon say more",
            )


def _stuck(transport: str, since: datetime) -> Cause:
    return Cause(
        id=f"stuck:{transport}",
        kind=NoticeKind.LATE,
        text=f"A delivery on the transport {transport} has no answer since {since:%Y-%m-%d %H:%M} UTC",
        cure="if its process is gone, starting the daemon anew settles it; its log says more",
    )


def _stands_still(waiting: Waiting, now: datetime, since: datetime | None) -> bool:
    latest = max(waiting.due_at, waiting.worked_at or waiting.due_at, since or waiting.due_at)
    return not waiting.limited and now - latest > LATE_AFTER


def _uncertain(found: Found) -> Cause:
    number = found.accounts.uncertain
    return Cause(
        id=f"uncertain:{found.key}",
        kind=NoticeKind.UNCERTAIN,
        text=f"{_count(number, 'delivery', 'deliveries')} of {found.key} may have gone out: the answer was lost",
        cure=f"postroom outbox list --edition {found.key} --state uncertain has the numbers, "
        "postroom outbox resolve NUMBER settles each",
        edition=found.key,
    )


def _expiring(expiry: Expiry, now: datetime) -> Cause:
    when = "has expired" if expiry.at <= now else f"expires on {expiry.at:%Y-%m-%d}"
    return Cause(
        id=f"expiring:{expiry.what}:{expiry.at:%Y-%m-%d}",
        kind=NoticeKind.EXPIRING,
        text=f"{expiry.what} {when}",
        cure=expiry.renew,
    )


def _finished(found: Found) -> Cause:
    """Tell how an edition ended. One that is taken up again and ends again is told again."""
    count = found.accounts
    ends = [f"{number:,} {name}" for name, number in _ends(found).items() if number] or ["nobody was there"]
    where = " into a folder, as a rehearsal" if found.rehearsal else ""
    left = [
        f"{number:,} {name}"
        for name, number in (
            ("rejected", count.rejected),
            ("duplicate", count.duplicate),
            ("suppressed", count.suppressed),
        )
        if number
    ]
    rows = f" ({_count(count.rows_read, 'row', 'rows')} read: {', '.join(left)})" if left else ""
    return Cause(
        id=f"finished:{found.key}:{found.finished_at:%Y%m%dT%H%M%S.%f}",
        kind=NoticeKind.FAILED if count.failed else NoticeKind.FINISHED,
        text=f"{found.key} is finished{where}: of {_count(count.recipients, 'recipient', 'recipients')} "
        f"{', '.join(ends)}{rows}",
        cure=f"postroom outbox list --edition {found.key} --state failed says why" if count.failed else "",
        edition=found.key,
    )


def _ends(found: Found) -> dict[str, int]:
    count = found.accounts
    return {
        "sent": count.sent,
        "failed": count.failed,
        "uncertain": count.uncertain,
        "cancelled": count.cancelled,
    }


def _count(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def _fault(reason: str) -> str:
    """Tell one fault from another in an id: what changes from try to try, numbers, names with digits and whose
    address it is, does not count, but the code of a reply does.
    """
    words = masked(reason).partition("; when that is mended")[0].split()
    return _fingerprint(" ".join(each for each in words if _CODE.fullmatch(each) or not _DIGIT.search(each)))


def _fingerprint(text: str) -> str:
    """Tell one reason from another in an id: a new reason is a new cause."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]
