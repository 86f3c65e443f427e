"""Kinds of columns: what a moment, a state, a count is in both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    Text,
    TypeDecorator,
    false,
    literal_column,
    text,
)

from postroom.errors import LedgerCorrupt
from postroom.model import DeliveryState, EditionState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def to_micros(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def to_moment(micros: int) -> datetime:
    """Return the moment, in UTC, that `to_micros` made a number of."""
    return _EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """An aware `datetime`, kept as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn a moment into the number that is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn the stored number into a moment in UTC; anything else is damage."""
        return None if value is None else moment_of(value)


def moment_of(value: int) -> datetime:
    """Turn a number that the driver read into a moment; raises `LedgerCorrupt` where it is none."""
    try:
        return to_moment(value)
    except (TypeError, OverflowError) as error:
        raise LedgerCorrupt(f"the ledger is damaged: {value!r} is no moment; restore a backup") from error


def is_state(column: ColumnElement[str], *states: DeliveryState | EditionState) -> ColumnElement[bool]:
    """Claim that `column` is one of `states`, spelt as literals.

    SQLite uses a partial index only where the query repeats its condition word for word.
    """
    spelt: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in states]
    return column == spelt[0] if len(spelt) == 1 else column.in_(spelt)


def row_id() -> Column[int]:
    """Make the number of a row."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def words(name: str, default: str = "") -> Column[str]:
    """Make a text that is never null."""
    return Column(name, Text, nullable=False, server_default=default)


def count(name: str, default: int = 0) -> Column[int]:
    """Make a count that is never null."""
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def flag(name: str) -> Column[bool]:
    """Make a flag that is down at first."""
    return Column(name, Boolean, nullable=False, server_default=false())


def one_of(name: str, states: type[EditionState]) -> CheckConstraint:
    """Let a row be in no other state than these."""
    spelt = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"state IN ({spelt})", name=name)
