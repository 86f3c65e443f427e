"""Tell what the ledger remembers when someone asks whether an article may go out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, case, false, func, select

from postroom.model import Approval, ChannelSighting, EditionState, History, KnownArticle, Past
from postroom.outbox.meta import adopted_at
from postroom.outbox.rows import AnyRow, accounts_of
from postroom.outbox.tables import IS_FOR_ALL, approval, article, channel, edition

REPLACED = "replaced"
"""How an edition is settled that was withdrawn for a newer revision of it."""

TAKEN_BACK = "withdrawn"
"""How a proposal is settled that was taken back (`withdrawals`)."""

# Numbers for states: two editions that change places give another sum of id × number.
_STATE_CODE = case({state.value: number for number, state in enumerate(EditionState)}, value=edition.c.state)


def read(connection: Connection) -> History:
    """Read all of it. What went out under a channel's old name counts under the new one as well."""
    channels = {row.name: row for row in connection.execute(select(channel))}
    rows = connection.execute(
        select(edition).where(edition.c.settled != "resend", IS_FOR_ALL).order_by(edition.c.id)
    ).all()
    latest = _editions(channels, [row for row in rows if row.settled != TAKEN_BACK])
    taken_back = _editions(channels, [row for row in rows if row.settled == TAKEN_BACK])
    return History(
        channels={name: _sighting(connection, name, channels) for name in channels},
        editions={key: _past(key[0], row) for key, row in latest.items() if row.settled != REPLACED},
        replaced={key: _past(key[0], row) for key, row in latest.items() if row.settled == REPLACED},
        withdrawn={
            key: _past(key[0], row)
            for key, row in taken_back.items()
            if key not in latest or latest[key].id < row.id
        },
        articles={row.id: _known(row) for row in connection.execute(select(article))},
        approvals=tuple(
            _approval(row) for row in connection.execute(select(approval).order_by(approval.c.id))
        ),
        adopted_at=adopted_at(connection),
    )


def version(connection: Connection) -> tuple[object, ...]:
    """Return what differs whenever `read` would tell readiness something else.

    Cheap, so that a tick over an unchanged folder need not read the history. Counts move with every
    message sent and are left out: readiness asks only when the first was sent, and how it ended.
    """
    editions = connection.execute(
        select(
            func.count(),
            func.max(edition.c.id),
            func.count(edition.c.first_sent_at),
            func.count(edition.c.opened_at),
            func.count(edition.c.finished_at),
            func.max(edition.c.finished_at),
            func.sum(edition.c.failed + edition.c.uncertain),
            func.sum(edition.c.id * (_STATE_CODE + func.length(edition.c.settled) * len(EditionState))),
        ).where(IS_FOR_ALL)
    ).one()
    others = [
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (channel, approval)
    ]
    pulled = connection.execute(select(func.count(article.c.pulled_at))).scalar_one()
    return (*editions, *others, pulled, adopted_at(connection))


def _sighting(connection: Connection, name: str, channels: Mapping[str, AnyRow]) -> ChannelSighting:
    let_go = connection.execute(
        select(edition.c.recipients, edition.c.revision)
        .where(
            edition.c.channel.in_(_names(name, channels)),
            edition.c.rehearsal == false(),
            edition.c.opened_at.is_not(None),
            IS_FOR_ALL,
        )
        .order_by(edition.c.opened_at, edition.c.id)
    ).all()
    whole = [row.recipients for row in let_go if row.revision == 1]  # a later one goes to the rest alone
    return ChannelSighting(
        name=name,
        first_seen=channels[name].first_seen,
        real_editions=len(let_go),
        last_recipients=whole[-1] if whole else None,
    )


def _names(name: str, channels: Mapping[str, AnyRow]) -> list[str]:
    """Return a channel's names, the eldest first; a circle of `was` ends where it began."""
    names = [name]
    while (row := channels.get(names[-1])) is not None and row.was and row.was not in names:
        names.append(row.was)
    return names[::-1]


def _editions(channels: Mapping[str, AnyRow], rows: Iterable[AnyRow]) -> dict[tuple[str, str, str], AnyRow]:
    """Key the latest revision of each piece by every name that its channel goes by."""
    by_channel: dict[str, list[AnyRow]] = {}
    for row in rows:
        by_channel.setdefault(row.channel, []).append(row)
    found = {}
    for name in {*channels, *by_channel}:
        for row in _rows(name, channels, by_channel):
            found[name, row.variant, row.article] = row
    return found


def _rows(
    name: str, channels: Mapping[str, AnyRow], by_channel: Mapping[str, Sequence[AnyRow]]
) -> Iterator[AnyRow]:
    for one in _names(name, channels):
        yield from sorted(by_channel.get(one, ()), key=lambda row: row.revision)


def _past(name: str, row: AnyRow) -> Past:
    return Past(
        key=row.key,
        channel=name,
        variant=row.variant,
        article=row.article,
        revision=row.revision,
        state=EditionState(row.state),
        rehearsal=row.rehearsal,
        source_hash=row.source_hash,
        content_hash=row.content_hash,
        due_at=row.due_at,
        transport=row.transport,
        transport_kind=row.transport_kind,
        reason=row.reason,
        holds=tuple(json.loads(row.holds)),
        counted=row.settled == "counted",
        sent_at=row.first_sent_at,
        ended_at=row.finished_at,
        accounts=accounts_of(row),
    )


def _known(row: AnyRow) -> KnownArticle:
    return KnownArticle(
        id=row.id,
        path=row.path,
        title=row.title,
        body_hash=row.body_hash,
        publish_at=row.publish_at,
        image=row.image,
        pulled_at=row.pulled_at,
    )


def _approval(row: AnyRow) -> Approval:
    return Approval(
        channel=row.channel,
        variant=row.variant,
        article=row.article,
        content_hash=row.content_hash,
        recipients=row.recipients,
    )
