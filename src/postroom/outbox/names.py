"""Find the edition that a person means."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from sqlalchemy import Connection, select

from postroom.errors import AmbiguousEdition, NoSuchEdition
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import edition

_SHOWN = 5
_DIGITS = 18
"""No number that a database keeps has more."""


def find(connection: Connection, name: str) -> AnyRow:
    """Return the row of the edition called `name`: its key, number, or the beginning or end of one key.

    Raises `NoSuchEdition`, with the nearest keys, where none fits, `AmbiguousEdition` where several do.
    """
    row = connection.execute(select(edition).where(edition.c.key == name)).one_or_none()
    if row is None and name.isdecimal() and len(name) <= _DIGITS:
        row = connection.execute(select(edition).where(edition.c.id == int(name))).one_or_none()
    if row is not None:
        return row
    keys = connection.execute(select(edition.c.key).order_by(edition.c.id)).scalars().all()
    fitting = _fitting(name, keys)
    if not fitting:
        raise NoSuchEdition(_unknown(name, keys))
    if len(fitting) > 1:
        raise AmbiguousEdition(_ambiguous(name, fitting))
    return connection.execute(select(edition).where(edition.c.key == fitting[0])).one()


def take(connection: Connection, name: str) -> AnyRow:
    """Find an edition as `find` does, and keep others from changing it until the transaction ends."""
    which = edition.c.id == find(connection, name).id
    return connection.execute(select(edition).where(which).with_for_update()).one()


def _fitting(name: str, keys: Sequence[str]) -> list[str]:
    """Find the keys that a name is part of: whole words between slashes first."""
    if not name:
        return []
    whole = [key for key in keys if key.endswith(f"/{name}") or key.startswith(f"{name}/")]
    return whole or [key for key in keys if key.startswith(name) or key.endswith(name)]


def _ambiguous(name: str, fitting: Sequence[str]) -> str:
    more = f" and {len(fitting) - _SHOWN} more" if len(fitting) > _SHOWN else ""
    return f"{name!r} fits several editions: {', '.join(fitting[:_SHOWN])}{more}; name one in full"


def _unknown(name: str, keys: Sequence[str]) -> str:
    near = get_close_matches(name, keys, n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`postroom outbox status` lists them"
    return f"there is no edition {name!r}; {hint}"
