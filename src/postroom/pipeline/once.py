"""once(): one publish, then deliver until nothing is due, and tell what became of everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
from typing import Protocol

from postroom.config import Config
from postroom.errors import LedgerBroken, LedgerLocked, PostroomError, TemplateError
from postroom.model import Accounts, Finding, Severity
from postroom.outbox import failures, history, leader, meta, status
from postroom.outbox.backlogs import Backlog, backlogs
from postroom.outbox.failures import Failures
from postroom.outbox.ledger import Ledger
from postroom.outbox.meta import GoodConfig
from postroom.outbox.status import EditionRow
from postroom.pipeline.abreast import deliver_abreast
from postroom.pipeline.deliver import Clock, Tally
from postroom.pipeline.greet import greet, is_anybody_waiting
from postroom.pipeline.lanes import Shift, close_lanes, open_lanes
from postroom.pipeline.plan import PlanLine, plan_of
from postroom.pipeline.project import Project, open_project
from postroom.pipeline.publish import Publisher, Tick
from postroom.pipeline.survey import Progress, Survey, judge_all

_NOT_GREETED = "not-greeted"
_GLANCE_SECONDS = 0.2
"""How long to wait between two looks at files that are still changing."""

_GLANCES = 50
"""How often to look before a file that keeps changing is left to the next run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one run did and what remains.

    `sent` are the editions of which something went out now, with how much; `tallies` the outcomes by
    transport; `backlogs` what waits for another try; `lines` the plan after it; `findings` what kept
    single candidates, or the whole folder, from the outbox. `failed` counts what failed in this run, and
    `undecided` are the editions of these where that waits for a decision; `uncertain` counts all that does,
    with those `withdrawn` that can be settled, but not sent again.
    It `leads` unless another process that shares the ledger does: then it has published nothing.
    """

    sent: tuple[tuple[EditionRow, int], ...]
    held: tuple[EditionRow, ...]
    backlogs: tuple[Backlog, ...]
    tallies: dict[str, Tally]
    lines: tuple[PlanLine, ...]
    findings: tuple[Finding, ...]
    failed: int
    undecided: tuple[Failures, ...]
    uncertain: int
    withdrawn: int
    leads: bool


def once(
    config: Config,
    ledger: Ledger,
    shift: Shift,
    *,
    stop: Event,
    progress: Progress | None = None,
    crew: Helpers | None = None,
) -> Done:
    """Publish what is ready, deliver what is due, and return when nothing more is, or `stop` is set.

    Where another process leads, that one publishes; this one only delivers. A `crew` delivers at the same time.
    """
    project = open_project(config, settle=True)
    ledger.write(meta.keep_config, GoodConfig(text=config.text, digest=config.digest, path=str(config.path)))
    before = {row.key: row.accounts for row in ledger.read(status.editions)}
    publisher = Publisher(project=project, ledger=ledger, stop=stop)
    tick = _publish_as_leader(publisher, shift.clock, stop, progress)
    lanes = open_lanes(config, ledger, shift)
    if crew is not None:
        crew.start()
    try:
        tallies = deliver_abreast(ledger, lanes, stop)
    finally:
        close_lanes(lanes)
    if crew is not None:
        crew.wait(stop)
    return _done(project, ledger, tick, tallies, before, shift.clock())


class Helpers(Protocol):
    """Further processes that deliver."""

    def start(self) -> None:
        """Start them."""

    def wait(self, stop: Event) -> None:
        """Wait until nothing more is due for them, or `stop` is set and they have ended."""


def _publish_as_leader(
    publisher: Publisher, clock: Clock, stop: Event, progress: Progress | None
) -> Tick | None:
    """Publish if this process leads, and let another lead while it delivers; None where another leads."""
    ledger = publisher.ledger
    if not ledger.write(leader.lead):
        return None
    tick = _publish_settled(publisher, clock, stop, progress)
    found = _greet(publisher.project, ledger, clock())
    ledger.write(leader.step_down)
    return replace(tick, findings=(*tick.findings, *found))


def _greet(project: Project, ledger: Ledger, now: datetime) -> tuple[Finding, ...]:
    """Greet who waits for it; tell what keeps it from being done, which keeps nothing else."""
    try:
        while is_anybody_waiting(project.config, ledger):
            greet(project, ledger, now)
    except (LedgerBroken, LedgerLocked):
        raise
    except TemplateError as error:
        return (error.finding,)
    except PostroomError as error:
        file = project.config.path.name
        return (Finding(rule=_NOT_GREETED, severity=Severity.ERROR, file=file, message=str(error)),)
    return ()


def _publish_settled(publisher: Publisher, clock: Clock, stop: Event, progress: Progress | None) -> Tick:
    """Publish, and again while files in the folder are still changing and this process still leads."""
    tick = publisher.publish(clock(), progress)
    first = tick
    for _ in range(_GLANCES):
        if not tick.unsettled or stop.wait(_GLANCE_SECONDS) or not publisher.ledger.write(leader.lead):
            break
        tick = publisher.publish(clock())
    findings = first.findings if tick.is_idle else tick.findings
    return Tick(findings=findings, next_due=tick.next_due)


def _done(
    project: Project,
    ledger: Ledger,
    tick: Tick | None,
    tallies: dict[str, Tally],
    before: dict[str, Accounts],
    now: datetime,
) -> Done:
    rows = ledger.read(status.editions)
    known = ledger.read(history.read)
    seen = judge_all(project, project.shelf.read(now), known, now)
    nothing = Accounts()
    grown = ((row, row.accounts.sent - before.get(row.key, nothing).sent) for row in rows)
    failed = {
        row.key: row.accounts.failed - before.get(row.key, nothing).failed for row in rows if not row.greeting
    }
    return Done(
        sent=tuple((row, number) for row, number in grown if number > 0),
        held=tuple(row for row in rows if row.state == "held"),
        backlogs=ledger.read(backlogs, now),
        tallies=tallies,
        lines=tuple(plan_of(project, seen, ledger, known, now)),
        findings=(*_of_folder(seen), *(tick.findings if tick is not None else ())),
        failed=max(sum(failed.values()), 0),
        undecided=tuple(each for each in ledger.read(failures.undecided) if failed.get(each.edition, 0) > 0),
        uncertain=sum(row.accounts.uncertain for row in rows),
        withdrawn=ledger.read(failures.withdrawn),
        leads=tick is not None,
    )


def _of_folder(seen: Survey) -> Iterator[Finding]:
    """Find what is wrong with the articles folder as a whole: then no article could be looked at."""
    for each in seen.broken:
        if each.is_folder:
            yield from each.findings
