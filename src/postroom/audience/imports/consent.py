"""What a row tells of how somebody agreed to get mail: when, how, and from where; and when that ended.

The names are those that people and programs write. `OPTIN_TIME` and `CONFIRM_TIME` are Mailchimp's, in the form
`2024-06-25 09:26:27` and with the IP address beside them in `OPTIN_IP` and `CONFIRM_IP` (Mailchimp's audience export
of May 2026, read 2026-11-23); some of its exports hold other things there, so what is no address is passed over.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from postroom.model import Consent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AT: Final = (
    *("consent_at", "consent_time", "consent_date", "confirm_time", "confirmed_at", "confirmation_time"),
    *(
        "optin_time",
        "opt_in_time",
        "opt_in_date",
        "opted_in_at",
        "subscribed_at",
        "subscribe_date",
        "signup_date",
    ),
)
"""Columns that say when, the strongest first: a confirmation comes after the wish that it confirms."""
ENDED: Final = (
    *(
        "unsub_time",
        "unsubscribed_at",
        "unsubscribe_time",
        "unsubscribe_date",
        "unsubscription_date",
        "opt_out_date",
    ),
    *("optout_time", "left_at", "clean_time", "cleaned_at", "bounced_at", "bounce_date", "complained_at"),
)
"""Columns that say when somebody left, or mail to them was given up: `UNSUB_TIME` and `CLEAN_TIME` are Mailchimp's."""
HOW: Final = ("consent_how", "consent_method", "consent", "signup_source", "signup_method", "optin_method")
SOURCE: Final = (
    *("consent_source", "consent_ip", "consent_url", "confirm_ip", "confirmed_ip"),
    *("optin_ip", "opt_in_ip", "signup_ip", "signup_url"),
)
_NEVER: Final = frozenset({"", "0000-00-00", "0000-00-00 00:00:00"})
"""MySQL writes zeros where there is no date."""
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)


class NoMoment(ValueError):
    """A cell that should say when does not; the message is a clause for an editor."""


def consent_of(
    values: Mapping[str, str], at: Sequence[str], how: Sequence[str], source: Sequence[str]
) -> Consent | None:
    """Read a row's consent from those of its columns that tell of it. Raises NoMoment."""
    moment = next((_moment(name, values[name]) for name in at if values.get(name, "") not in _NEVER), None)
    told = next((" ".join(values[name].split()) for name in how if values.get(name)), "")
    place = next((values[name] for name in source if _is_place(values.get(name, ""))), "")
    return Consent(at=moment, how=told, source=place) if moment or told or place else None


def ended_of(values: Mapping[str, str], ended: Sequence[str]) -> datetime | None:
    """Read when it ended; None where nobody can tell: that it has ended counts all the same."""
    for name in ended:
        try:
            return _moment(name, values.get(name, ""))
        except NoMoment:
            continue
    return None


def _moment(name: str, text: str) -> datetime:
    """Read ISO 8601, with a blank for the T if need be; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoMoment(f'the {name} "{text[:40]}" is no date; write it like 2026-11-23 14:00') from error


def _is_place(text: str) -> bool:
    if _URL.fullmatch(text):
        return True
    try:
        return bool(ip_address(text)) if text else False
    except ValueError:
        return False
