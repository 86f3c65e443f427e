"""Remember that somebody had everything about them erased, without keeping who it was.

What is kept is a keyed hash of their identity, so that no import, file or audience brings them back. Whoever has
the ledger has the key too, and can tell of an address that they know already whether it is among them; nobody can
read an address out of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, delete, select, update

from postroom.outbox import meta
from postroom.outbox.bulk import insert_new, lookup
from postroom.outbox.columns import to_micros
from postroom.outbox.tables import erasure, subscriber

_HASH_BYTES = 32
_ADD = insert_new(erasure, ("hash", "at"), key=("hash",))
_ANY = select(erasure.c.hash).limit(1)


def note(connection: Connection, identity: str, now: datetime, *, suppressed: bool = False) -> None:
    """Keep the hash of somebody who was erased, and that they were suppressed then; twice is once."""
    hashed = _hash(meta.erasure_key(connection), identity)
    _ADD.put(connection, [(hashed, to_micros(now))])
    if suppressed:
        connection.execute(update(erasure).where(erasure.c.hash == hashed).values(suppressed=True))


def is_suppressed(connection: Connection, identity: str) -> bool:
    """Whether somebody was suppressed when they were erased: then no form has them written to either."""
    hashed = _hash(meta.erasure_key(connection), identity)
    found = select(erasure.c.hash).where(erasure.c.hash == hashed, erasure.c.suppressed)
    return connection.execute(found).one_or_none() is not None


def erased(connection: Connection, identities: Iterable[str]) -> set[str]:
    """Tell which of a few thousand people had everything about them erased: one look where nobody ever had."""
    if connection.execute(_ANY).one_or_none() is None:
        return set()
    key = meta.erasure_key(connection)
    whose = {_hash(key, identity): identity for identity in identities}
    return {whose[found] for (found,) in lookup(connection, erasure.c.hash, list(whose))}


def lift(connection: Connection, subscriber_id: int) -> None:
    """Let somebody be one of ours again, for they said so themselves after they were erased."""
    if connection.execute(_ANY).one_or_none() is None:
        return
    theirs = select(subscriber.c.identity).where(subscriber.c.id == subscriber_id)
    identity = connection.execute(theirs).scalar_one()
    connection.execute(delete(erasure).where(erasure.c.hash == _hash(meta.erasure_key(connection), identity)))


def _hash(key: bytes, identity: str) -> str:
    """Return a keyed BLAKE2b (RFC 7693 §2.9) of 256 bits: one pass, where an HMAC needs two."""
    return blake2b(identity.encode("utf-8", "surrogatepass"), key=key, digest_size=_HASH_BYTES).hexdigest()
