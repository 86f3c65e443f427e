"""Small facts about the ledger itself: its key, its pulse, the last good config."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from postroom.errors import LedgerCorrupt
from postroom.outbox import clock
from postroom.outbox.bulk import Bulk, insert_new
from postroom.outbox.columns import to_micros, to_moment
from postroom.outbox.content import dumps
from postroom.outbox.tables import meta

_KEY_BYTES = 32
_ADD = insert_new(meta, ("name", "value"), key=("name",))
_PUT = Bulk(insert(meta), ("name", "value"), " ON CONFLICT (name) DO UPDATE SET value = excluded.value")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodConfig:
    """The last config.yaml that was valid: its `text`, its `digest`, and the `path` it came from."""

    text: str
    digest: str
    path: str


def link_key(connection: Connection) -> bytes:
    """Return the 32 random bytes that sign links in mails, made once and never changed."""
    return _key(connection, "link_key", _made_once(connection, "link_key", secrets.token_hex(_KEY_BYTES)))


def erasure_key(connection: Connection) -> bytes:
    """Return the 32 random bytes by which those are hashed who were erased, made once and never changed."""
    return _key(
        connection, "erasure_key", _made_once(connection, "erasure_key", secrets.token_hex(_KEY_BYTES))
    )


def beat(connection: Connection, now: datetime) -> None:
    """Note that a daemon was at work at `now`; where the clock went back since, undo what it put off before."""
    if clock.went_back(heartbeat(connection), now):
        clock.set_right(connection, now)
    put(connection, "heartbeat", str(to_micros(now)))


def heartbeat(connection: Connection) -> datetime | None:
    """Return when a daemon was last at work; None before the first."""
    return moment(connection, "heartbeat")


def adopt(connection: Connection, now: datetime) -> None:
    """Note that this ledger, a copy, was made the ledger at `now`."""
    put(connection, "adopted_at", str(to_micros(now)))


def adopted_at(connection: Connection) -> datetime | None:
    """Return when this ledger was last adopted; None if it never was."""
    return moment(connection, "adopted_at")


def keep_config(connection: Connection, config: GoodConfig) -> None:
    """Remember a config that is good, for a restart on a broken one."""
    values = {"text": config.text, "digest": config.digest, "path": config.path}
    put(connection, "last_good_config", dumps(values))


def last_good_config(connection: Connection) -> GoodConfig | None:
    """Return what `keep_config` was last given; None before."""
    found = get(connection, "last_good_config")
    if found is None:
        return None
    with _understood(connection, "last_good_config"):
        config = GoodConfig(**json.loads(found))
        if not all(isinstance(each, str) for each in (config.text, config.digest, config.path)):
            raise TypeError
        return config


def number(connection: Connection, name: str) -> int | None:
    """Return the fact called `name`, a number. Raises LedgerCorrupt for one that is none."""
    found = get(connection, name)
    if found is None:
        return None
    with _understood(connection, name):
        return int(found)


def moment(connection: Connection, name: str) -> datetime | None:
    """Return the fact called `name`, a moment. Raises LedgerCorrupt for one that is none."""
    found = number(connection, name)
    if found is None:
        return None
    with _understood(connection, name):
        return to_moment(found)


def prove(connection: Connection) -> None:
    """Raise `LedgerCorrupt` unless each fact can be read."""
    for name in ("heartbeat", "adopted_at", "backup_at", "copied_at"):
        moment(connection, name)
    for name in ("epoch", "erasures", "erasures_wiped"):
        number(connection, name)
    last_good_config(connection)
    for name in ("link_key", "erasure_key"):
        if (key := get(connection, name)) is not None:
            _key(connection, name, key)


def get(connection: Connection, name: str) -> str | None:
    """Return the fact called `name`, None where it was never put."""
    return connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()


def put(connection: Connection, name: str, value: str) -> None:
    """Keep a fact, in place of an earlier one; writing the same again changes nothing."""
    if get(connection, name) != value:
        _PUT.run(connection, [{"name": name, "value": value}])


def _key(connection: Connection, name: str, text: str) -> bytes:
    with _understood(connection, name):
        key = bytes.fromhex(text)
        if len(key) != _KEY_BYTES:
            raise ValueError
        return key


@contextmanager
def _understood(connection: Connection, name: str) -> Iterator[None]:
    """Tell of a fact that cannot be read as what it was written as."""
    try:
        yield
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise LedgerCorrupt(
            f"the ledger {connection.engine.url.database} is damaged (what it keeps as `{name}` cannot be read); "
            "`postroom outbox recover` keeps it aside and puts the newest good backup in its place"
        ) from error


def _made_once(connection: Connection, name: str, value: str) -> str:
    """Return the fact called `name`; where there is none yet, `value` becomes it."""
    found = get(connection, name)
    if found is not None:
        return found
    _ADD.run(connection, [{"name": name, "value": value}])
    return get(connection, name) or value
