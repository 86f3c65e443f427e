"""Looking changes nothing: whatever is asked for by GET, HEAD or OPTIONS, with whatever token, writes nothing.

The routes are those of the app itself, so that a new one is tried, too.
"""

from __future__ import annotations

import itertools
from hashlib import sha256
from random import Random

import pytest
from sqlalchemy import select
from starlette.routing import Route

from postroom import links
from postroom.compose.unsubscribe import CONFIRM, PREFERENCES, PURPOSE
from postroom.outbox import leaving
from postroom.outbox.tables import subscriber
from postroom.outbox.tables.metadata import metadata
from postroom.web.front import app

from .conftest import Stand

LOOKS = 10_000
FORGED = 100_000
PURPOSES = (PURPOSE, PREFERENCES, CONFIRM)
METHODS = ("GET", "HEAD", "OPTIONS")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def fingerprint(stand: Stand) -> dict[str, str]:
    """Hash each table, row by row."""

    def read(connection) -> dict[str, str]:
        return {
            table.name: sha256(
                repr(sorted(map(repr, connection.execute(select(table)).all()))).encode()
            ).hexdigest()
            for table in metadata.sorted_tables
        }

    return stand.ledger.read(read)


def tokens(stand: Stand) -> list[str]:
    """Sign a token of each purpose for each person."""
    number = str(stand.ledger.write(leaving.number_of, "weekly"))
    uuids = stand.ledger.read(
        lambda connection: list(connection.execute(select(subscriber.c.uuid)).scalars())
    )
    return [
        links.token(stand.front.keys, purpose, *parts)
        for purpose in PURPOSES
        for uuid in uuids
        for parts in ((uuid, number), (uuid,), (uuid, number, "1"))
    ]


def paths(stand: Stand) -> list[str]:
    """Fill every route of the app with every value that it might take."""
    values = [*tokens(stand), stand.path("kilns").removeprefix("/e/"), "1", "2", "mailgun"]
    found = set()
    for route in app(stand.front).routes:
        assert isinstance(route, Route)
        names = [*route.param_convertors]
        for given in itertools.product(values, repeat=len(names)):
            found.add(route.url_path_for(route.name, **dict(zip(names, given, strict=True))))
    return sorted(found)


def test_ten_thousand_looks_at_every_page_change_nothing(stand: Stand) -> None:
    stand.publish("kilns")
    asked = paths(stand)
    assert any(path.startswith("/u/") for path in asked)
    before = fingerprint(stand)
    looks = itertools.islice(itertools.cycle(itertools.product(asked, METHODS)), LOOKS)
    faults = []
    for path, method in looks:
        answer = stand.client.request(method, path)
        if answer.status_code >= 500:
            faults.append((method, path, answer.status_code))
    assert faults == []
    assert fingerprint(stand) == before


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_forged_or_altered_token_is_believed_for_any_purpose(stand: Stand, purpose: str) -> None:
    stand.publish("kilns")
    chance, good = Random(purpose), tokens(stand)
    keys, taken = stand.front.keys, 0
    mine = {token for token in good if links.read(keys, purpose, token) is not None}
    assert mine
    for _ in range(FORGED // len(PURPOSES) + 1):
        letters = list(chance.choice(good))
        match chance.randrange(4):
            case 0:
                letters[chance.randrange(len(letters))] = chance.choice(LETTERS)
            case 1:
                del letters[chance.randrange(len(letters))]
            case 2:
                letters.insert(chance.randrange(len(letters)), chance.choice(LETTERS))
            case 3:
                letters = [chance.choice(LETTERS) for _ in letters]
        made = "".join(letters)
        taken += made not in mine and links.read(keys, purpose, made) is not None
    assert taken == 0
    others = set(good) - mine
    assert not any(links.read(keys, purpose, token) for token in others)
