"""A person's decisions that need more than the ledger: the files, or the channels as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from postroom.errors import AmbiguousEdition, LedgerError, NoSuchEdition
from postroom.model import Approval, Blocked, Held, History, Published
from postroom.outbox import history, operate, status
from postroom.outbox.ledger import Ledger
from postroom.pipeline.heads import headcount
from postroom.pipeline.project import Project
from postroom.pipeline.stage import stage
from postroom.pipeline.survey import Verdict, survey
from postroom.readiness import clearance


def approve_ahead(project: Project, ledger: Ledger, name: str, recipients: int | None, now: datetime) -> str:
    """Approve what is not frozen yet, as it is rendered now; return its full name.

    `name` is `channel/variant/article` or the end of it; `recipients`, where given or needed, is to how
    many it would go now. Raises NoSuchEdition or AmbiguousEdition, and LedgerError for what no leave
    would let out.
    """
    known = ledger.read(history.read)
    verdict = _named(project, known, name, now)
    candidate = verdict.candidate
    channel, variant, article = candidate.place
    _refuse_beyond_leave(verdict)
    staged = stage(project, candidate, due_at=now, now=now, revision=known.revision(candidate.place))
    if staged.faults:
        raise LedgerError(f"{staged.edition.key} cannot be approved: {'; '.join(map(str, staged.faults))}")
    count = headcount(candidate.channel, ledger).recipients
    holds = clearance(candidate, known, content_hash=staged.edition.content_hash, recipients=count)
    _refuse_wrong_number(staged.edition.key, holds, asked=recipients, count=count)
    leave = Approval(
        channel=channel,
        variant=variant,
        article=article,
        content_hash=staged.edition.content_hash,
        recipients=recipients,
    )
    ledger.write(operate.approve_ahead, leave, now)
    return staged.edition.key


def approve(project: Project, ledger: Ledger, name: str, recipients: int | None, now: datetime) -> str:
    """Let a held edition go, and return its full name. Raises LedgerError where that would let nothing out."""
    row = ledger.read(status.show, name, attempts=0).row
    entry = project.config.transports.get(row.transport)
    if row.state == "held" and row.holds and (entry is None or entry.kind != row.transport_kind):
        raise LedgerError(
            f"{row.key} cannot be approved: it is held for {row.transport} ({row.transport_kind}), which config.yaml "
            "does not have any more. The next tick makes it anew for the transport that its channel has now "
            "(`postroom run --once` is one); then approve that"
        )
    return ledger.write(operate.approve, name, recipients=recipients, now=now)


def _refuse_beyond_leave(verdict: Verdict) -> None:
    """Refuse what does not wait for leave: it is out already, or something else has to happen first."""
    match verdict.readiness:
        case Blocked(why=why) | Held(approvable=False, why=why) | Published(why=why):
            key = "/".join(verdict.candidate.place)
            raise LedgerError(f"{key} cannot be approved: {why}")


def _refuse_wrong_number(key: str, holds: Sequence[Held], *, asked: int | None, count: int) -> None:
    """Refuse leave for another audience than the one that is there, or for none where it must be named."""
    about_audience = [hold.why for hold in holds if hold.code != "approval"]
    if asked == count or (asked is None and not about_audience):
        return
    people = "1 recipient" if count == 1 else f"{count} recipients"
    why = f" ({'; '.join(about_audience)})" if about_audience else ""
    raise LedgerError(
        f"{key} goes to {people}{why}; to let it go, say so: "
        f"postroom outbox approve {key} --recipients {count}"
    )


def _named(project: Project, known: History, name: str, now: datetime) -> Verdict:
    verdicts = survey(project, known, now).verdicts
    keys = {"/".join(verdict.candidate.place): verdict for verdict in verdicts}
    found = [key for key in keys if key == name or key.endswith(f"/{name}")]
    if not found:
        raise NoSuchEdition(
            f"nothing goes by '{name}'; `postroom plan` and `postroom outbox status` list what there is"
        )
    if len(found) > 1:
        raise AmbiguousEdition(f"'{name}' fits several: {', '.join(found)}; name one in full")
    return keys[found[0]]


def undecided_rehearsals(project: Project, ledger: Ledger) -> list[str]:
    """Name the rehearsed editions whose channel has a real transport now."""
    real = {channel.name for channel in project.config.channels.values() if not channel.rehearsal}
    return [key for key in ledger.read(operate.rehearsed) if key.partition("/")[0] in real]
