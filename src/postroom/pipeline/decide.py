"""A person's decisions that need more than the ledger: the files, or the channels as they are now."""

from __future__ import annotations

from datetime import datetime

from postroom.errors import NoSuchEdition
from postroom.model import Approval
from postroom.outbox import history, operate
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.stage import headcount, stage
from postroom.pipeline.survey import survey


def approve_ahead(project: Project, ledger: Ledger, key: str, recipients: int | None, now: datetime) -> str:
    """Approve what is not frozen yet, as it is rendered now; return its full name.

    Raises NoSuchEdition where no candidate goes by `key`, `channel/variant/article` or the end of it.
    """
    seen = survey(project, ledger.read(history.read), now)
    for verdict in seen.verdicts:
        channel, variant, article = verdict.candidate.place
        name = f"{channel}/{variant}/{article}"
        if name == key or name.endswith(f"/{key}"):
            staged = stage(project, verdict.candidate, due_at=now, now=now)
            count = headcount(verdict.candidate.channel, ledger).recipients
            leave = Approval(
                channel=channel,
                variant=variant,
                article=article,
                content_hash=staged.edition.content_hash,
                recipients=count if recipients == count else None,
            )
            ledger.write(operate.approve_ahead, leave, now)
            return name
    raise NoSuchEdition(
        f"nothing goes by '{key}'; `postroom plan` and `postroom outbox status` list what there is"
    )


def undecided_rehearsals(project: Project, ledger: Ledger) -> list[str]:
    """Name the rehearsed editions whose channel has a real transport now."""
    real = {channel.name for channel in project.config.channels.values() if not channel.rehearsal}
    return [key for key in ledger.read(operate.rehearsed) if key.partition("/")[0] in real]
