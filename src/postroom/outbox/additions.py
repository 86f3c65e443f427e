"""Add to what is known of people what a file tells of them: it fills what is empty, and changes nothing unasked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, update

from postroom.outbox.bulk import Bulk, lookup
from postroom.outbox.content import decode_map, encode_map
from postroom.outbox.entries import Entry, encode_tags
from postroom.outbox.frozen import keep_frozen
from postroom.outbox.rows import seal_subscriber
from postroom.outbox.tables import subscriber

_ASKED = 5000
"""How many people are looked up at once."""
_IS_IT = subscriber.c.id == bindparam("number")
_SEALED = ("address", "domain", "name", "attributes", "seal")
_SEAL = Bulk(
    update(subscriber).where(_IS_IT).values({name: bindparam(f"new_{name}") for name in _SEALED}),
    ("number", *(f"new_{name}" for name in _SEALED)),
)
_LABEL = Bulk(
    update(subscriber).where(_IS_IT).values(tags=bindparam("new_tags"), language=bindparam("new_language")),
    ("number", "new_tags", "new_language"),
)


class Known(NamedTuple):
    """A subscriber as the ledger has them: a row of the columns `_KNOWN`."""

    identity: str
    number: int
    uuid: str
    address: str
    domain: str
    name: str
    attributes: str
    tags: str
    language: str


_KNOWN = (
    *(subscriber.c.identity, subscriber.c.id, subscriber.c.uuid, subscriber.c.address, subscriber.c.domain),
    *(subscriber.c.name, subscriber.c.attributes, subscriber.c.tags, subscriber.c.language),
)


def known_people(connection: Connection, identities: Sequence[str]) -> dict[str, Known]:
    """Find subscribers by identity."""
    found: dict[str, Known] = {}
    for start in range(0, len(identities), _ASKED):
        rows = lookup(connection, subscriber.c.identity, identities[start : start + _ASKED], *_KNOWN)
        found.update((row[0], Known(*row)) for row in rows)
    return found


def add_what_is_new(
    connection: Connection, page: Sequence[Entry], known: Mapping[str, Known], *, update: bool
) -> int:
    """Write down what rows tell beyond what is `known` of people; return of how many.

    Tags are added to those that are there. Language, name and merge values are filled in where there are none; with
    `update` the file is right, where it says anything. Mail that is frozen stays as it was approved.
    """
    told = dict(known)
    for entry in page:
        if (before := told.get(entry.identity)) is not None:
            told[entry.identity] = _told_more(before, entry, update=update)
    news = [(told[identity], before) for identity, before in known.items() if told[identity] != before]
    sealed = [one for one, before in news if one[3:7] != before[3:7]]
    keep_frozen(connection, [one.number for one in sealed])
    _SEAL.put(connection, [(one.number, *one[3:7], _seal(one)) for one in sealed])
    labelled = [one for one, before in news if one[7:] != before[7:]]
    _LABEL.put(connection, [(one.number, one.tags, one.language) for one in labelled])
    return len(news)


def _told_more(before: Known, entry: Entry, *, update: bool) -> Known:
    _, _, address, domain, name, attributes, *_, tags, language = map(str, entry.row)
    if update:
        after = before._replace(address=address, domain=domain)
        name, language = name or before.name, language or before.language
    else:
        after, name, language = before, before.name or name, before.language or language
    return after._replace(
        name=name,
        attributes=_merged(before.attributes, attributes, update=update),
        tags=_united(before.tags, tags),
        language=language,
    )


def _merged(before: str, told: str, *, update: bool) -> str:
    """Add the merge values that a row has; an empty one says nothing."""
    if before == told:
        return before
    theirs, news = decode_map(before), {name: value for name, value in decode_map(told).items() if value}
    weaker, stronger = (theirs, news) if update else (news, theirs)
    after = {**theirs, **weaker, **{name: value for name, value in stronger.items() if value}}
    return before if after == theirs else encode_map(after)


def _united(before: str, told: str) -> str:
    if told in ("[]", before):
        return before
    theirs = set(json.loads(before))
    return before if theirs.issuperset(json.loads(told)) else encode_tags(theirs.union(json.loads(told)))


def _seal(one: Known) -> int:
    return seal_subscriber((one.identity, one.uuid, one.address, one.domain, one.name, one.attributes))
