"""Take out of deliveries, and of their log, whatever tells of a person. Nothing is counted otherwise afterwards."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, case, null, or_, select, update

from postroom.outbox.bulk import Bulk
from postroom.outbox.tables import attempt, delivery, feedback

GONE = "whoever it was for had their data erased"
"""The reason of what was not sent, in place of one that may quote an address."""

TOLD = ("address", "message_id", "remote_id", "token", "reason")
"""What feedback tells of a person."""

SILENT = {
    **dict.fromkeys(TOLD, ""),
    "outcome": case((feedback.c.outcome == "", "erased"), else_=feedback.c.outcome),
}
"""What is left of feedback: only what results count. What nobody has looked at yet is nobody's any more."""

_AT_ONCE = 500
_CODE = re.compile(r"(?:^|\bwith )([2-5]\d\d)(?:[ -]([245]\.\d{1,3}\.\d{1,3}))?\b")
_NOTHING = {
    **dict.fromkeys(("identity", "address", "domain", "name", "merge", "remote_id", "url"), null()),
    "progress": "{}",
}
_KEEP_CODE = Bulk(
    update(attempt).where(attempt.c.id == bindparam("attempt")).values(reply=bindparam("code"), mail_from=""),
    ("attempt", "code"),
)


def scrub(connection: Connection, deliveries: Sequence[int], gone: str = GONE) -> None:
    """Leave of deliveries only to which edition they belong, their states and moments, and that they have a reason.

    Of a server's answers the codes stay, by which they are counted. What they keep of their own goes; where a
    subscriber's row still tells whom they are for, they are that person's still.
    """
    for start in range(0, len(deliveries), _AT_ONCE):
        some = deliveries[start : start + _AT_ONCE]
        reason = case((delivery.c.reason == "", ""), else_=gone)
        connection.execute(update(delivery).where(delivery.c.id.in_(some)).values(**_NOTHING, reason=reason))
        said = or_(attempt.c.reply != "", attempt.c.mail_from != "")
        rows = connection.execute(
            select(attempt.c.id, attempt.c.reply).where(attempt.c.delivery_id.in_(some), said)
        ).all()
        _KEEP_CODE.put(connection, [(row.id, _code(row.reply)) for row in rows])


def _code(reply: str) -> str:
    """Return the status that a reply begins with, such as `550 5.1.1`: it tells of nobody."""
    found = _CODE.search(reply)
    return " ".join(filter(None, found.groups())) if found else ""
