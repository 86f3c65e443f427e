"""The values of one row → a member: who, where they stand, in which language, with which tags and consent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from postroom.audience.imports import consent, labels
from postroom.audience.person import recipient
from postroom.audience.standing import TELLING, Standing, standing
from postroom.errors import AddressError
from postroom.model import Member, MembershipState, Recipient

if TYPE_CHECKING:
    from collections.abc import Sequence

REJECTED_LINE: Final = "rejected_line"
REJECTED_BECAUSE: Final = "rejected_because"
REJECTED_TEXT: Final = "rejected_text"
REJECTED: Final = (REJECTED_LINE, REJECTED_BECAUSE, REJECTED_TEXT)
"""Columns of a file of rejected rows that tell of the rejection, and nothing of a person."""
_WANTS_MAIL: Final = Standing(MembershipState.CONFIRMED, "")
_MAY_GET_MAIL: Final = (MembershipState.CONFIRMED, MembershipState.UNCONFIRMED)


class Refusal(NamedTuple):
    """Why nobody can be made of a row, and the identity of whoever may have left, by what it says."""

    why: str
    left: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which of a row's columns tell what; `file_says` is where everybody in a file stands, whatever a row says."""

    of_rejections: Sequence[str]
    tell_state: bool
    tell_nothing_more: bool
    tags: Sequence[str]
    at: Sequence[str]
    how: Sequence[str]
    source: Sequence[str]
    ended: Sequence[str]
    file_says: MembershipState | None


@lru_cache(maxsize=256)
def columns_of(names: tuple[str, ...], file_says: MembershipState | None = None) -> Columns:
    """Find out which of a file's or an object's columns tell what."""
    known = frozenset(names)
    telling = {"language", *labels.TAGS, *consent.AT, *consent.HOW, *consent.SOURCE, *consent.ENDED}
    return Columns(
        of_rejections=[name for name in REJECTED if name in known],
        tell_state=file_says is None and not TELLING.isdisjoint(known),
        tell_nothing_more=known.isdisjoint(telling),
        tags=[name for name in labels.TAGS if name in known],
        at=[name for name in consent.AT if name in known],
        how=[name for name in consent.HOW if name in known],
        source=[name for name in consent.SOURCE if name in known],
        ended=[name for name in consent.ENDED if name in known],
        file_says=file_says,
    )


def member(values: dict[str, str], columns: Columns) -> Member | Refusal:
    """Make a member of a row's `values`, which become the merge values."""
    for name in columns.of_rejections:
        del values[name]
    try:
        person = recipient(values)
    except AddressError as error:
        return Refusal(f"this is no mail address: {error}")
    state, why = standing(values) if columns.tell_state else _WANTS_MAIL
    state = columns.file_says or state
    if state is None:
        return Refusal(why, person.identity)
    if columns.tell_nothing_more:
        return Member(recipient=person, state=state)
    return _whole(person, state, values, columns)


def _whole(
    person: Recipient, state: MembershipState, values: dict[str, str], columns: Columns
) -> Member | Refusal:
    """Add language, tags and consent. A consent that cannot be read matters for who may be written to."""
    agreed = None
    try:
        if columns.at or columns.how or columns.source:
            agreed = consent.consent_of(values, columns.at, columns.how, columns.source)
    except consent.NoMoment as error:
        if state in _MAY_GET_MAIL:
            return Refusal(str(error))
    return Member(
        recipient=person,
        state=state,
        language=labels.language_of(values.get("language", "")),
        tags=labels.tags_of([values[name] for name in columns.tags]) if columns.tags else (),
        consent=agreed,
        ended_at=None if state in _MAY_GET_MAIL else consent.ended_of(values, columns.ended),
    )
