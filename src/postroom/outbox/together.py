"""Do what many wait for in one transaction: a commit that lasts takes as long for one as for a hundred."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, exc

from postroom.errors import LedgerError
from postroom.outbox.hot import execute

T = TypeVar("T")

Work: TypeAlias = Callable[[Connection], T]
"""What is done in a transaction. It may be run more than once, so it must do nothing but use its connection."""


def each(connection: Connection, works: Sequence[Work[T]]) -> list[T | Exception]:
    """Run all of them, one after the other; return what each gave, or raised.

    What one did that raised is undone, and nothing of the others. Where the database itself fails, that is raised,
    and nothing of any is kept.
    """
    return [_run(connection, work) for work in works]


def _run(connection: Connection, work: Work[T]) -> T | Exception:
    execute(connection, "SAVEPOINT one", ())
    try:
        done = work(connection)
    except (exc.OperationalError, exc.InternalError, exc.InterfaceError):
        raise  # of the database: busy, full, broken, gone
    except Exception as error:  # edge: one of many
        execute(connection, "ROLLBACK TO SAVEPOINT one", ())
        is_told = not isinstance(error, exc.SQLAlchemyError)
        return error if is_told else LedgerError(f"the ledger refused: {error}")
    execute(connection, "RELEASE SAVEPOINT one", ())
    return done
