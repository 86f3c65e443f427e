"""A person's decisions that need more than the ledger: the files, or the channels as they are now."""

from __future__ import annotations

from datetime import datetime

from postroom.errors import AmbiguousEdition, NoSuchEdition
from postroom.model import Approval
from postroom.outbox import history, operate
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.stage import headcount, stage
from postroom.pipeline.survey import survey
from postroom.readiness import Candidate


def approve_ahead(project: Project, ledger: Ledger, name: str, recipients: int | None, now: datetime) -> str:
    """Approve what is not frozen yet, as it is rendered now; return its full name.

    `name` is `channel/variant/article` or the end of it. Raises NoSuchEdition or AmbiguousEdition.
    """
    candidate = _named(project, ledger, name, now)
    channel, variant, article = candidate.place
    staged = stage(project, candidate, due_at=now, now=now)
    count = headcount(candidate.channel, ledger).recipients
    leave = Approval(
        channel=channel,
        variant=variant,
        article=article,
        content_hash=staged.edition.content_hash,
        recipients=count if recipients == count else None,
    )
    ledger.write(operate.approve_ahead, leave, now)
    return staged.edition.key


def _named(project: Project, ledger: Ledger, name: str, now: datetime) -> Candidate:
    verdicts = survey(project, ledger.read(history.read), now).verdicts
    keys = {"/".join(verdict.candidate.place): verdict.candidate for verdict in verdicts}
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
