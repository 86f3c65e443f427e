"""Where the person of a row stands, by the words that mailing-list programs write beside people.

Whoever is called something that is not known here is not written to: better no mail than one against
somebody's will.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from postroom.model import MembershipState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A `state` may be a place (`CA`, `Bayern`): there only what is known to be a goodbye counts.
_STATUS: Final = ("status", "subscription_status", "subscriber_status", "email_status")
_STATE: Final = "state"
_LEFT: Final = ("unsubscribed", "opt_out", "opted_out", "do_not_mail", "do_not_email")
_STAYS: Final = ("subscribed", "subscribed_to_emails")
TELLING: Final = frozenset({*_STATUS, _STATE, *_LEFT, *_STAYS})
"""The columns that may say that somebody is not to be written to."""


class Standing(NamedTuple):
    """Where somebody stands; None where nobody knows. `why` says why they get no mail, and is empty if they do."""

    state: MembershipState | None
    why: str


def _plain(word: str) -> str:
    """Reduce a word to what counts: `Opted-Out`, `opted_out` and `opted out` are one; so are é and e."""
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in bare if letter.isalnum())


def _words(text: str) -> frozenset[str]:
    return frozenset(map(_plain, ("", *text.split(","))))


# What mailing-list programs and people write of whoever wants mail: English, German, French, Spanish.
# `free`, `paid` and `comped` are Ghost's words for its members; who of them wants mail another column says.
_HERE: Final = _words(
    "subscribed, subscriber, active, activated, confirmed, enabled, verified, valid, deliverable, ok, okay,"
    "opt in, opted in, single opt in, double opt in, doi, soi, yes, y, true, 1, on, free, paid, comped,"
    "angemeldet, abonniert, abonnent, abonnentin, aktiv, aktiviert, bestätigt, eingetragen, gültig, ja,"
    "abonné, abonnée, inscrit, inscrite, actif, activé, activée, confirmé, confirmée, vérifié, valide, oui,"
    "suscrito, suscrita, suscripto, suscripta, suscriptor, activo, activa, confirmado, confirmada,"
    "verificado, válido, inscrito, sí"
)
_LEAVING: Final = _words(
    "unsubscribed, unsubscribe, unsub, opted out, opt out,"
    "blocklisted, blocked, blacklisted, suppressed, inactive, deactivated, disabled, do not mail, do not email,"
    "do not contact, dnc, deleted, removed, archived, refused,"
    "cancelled, canceled, expired, left, gone, deceased, no, n, false, off, never, 0,"
    "abgemeldet, abbestellt, ausgetragen, inaktiv, deaktiviert, gesperrt, gelöscht,"
    "widersprochen, widerrufen, gekündigt, nein,"
    "désabonné, désabonnée, désinscrit, désinscrite, inactif, désactivé, bloqué, supprimé, non,"
    "dado de baja, dada de baja, baja, desuscrito, desuscrita, cancelado, inactivo, inactiva,"
    "desactivado, bloqueado, eliminado, borrado"
)
# Whoever never subscribed has not left either: they may still agree one day.
_NOT_YET: Final = _words(
    "pending, unconfirmed, not confirmed, unverified, awaiting confirmation, not subscribed, non subscribed,"
    "never subscribed, unbestätigt, nicht bestätigt, ausstehend, en attente, non confirmé, non abonné, non inscrit,"
    "no suscrito, pendiente, no confirmado, sin confirmar"
)
_BOUNCING: Final = _words(
    "bounced, bounce, hard bounced, hard bounce, soft bounced, soft bounce, cleaned, invalid, undeliverable,"
    "rejected, ungültig, unzustellbar, rejeté, invalide, rebotado, rechazado, inválido"
)
_COMPLAINING: Final = _words("complained, complaint, spam, spam complaint, abuse, abused, junk, plainte")
_GONE: Final = {
    word: state
    for state, words in (
        (MembershipState.UNSUBSCRIBED, _LEAVING),
        (MembershipState.UNCONFIRMED, _NOT_YET),
        (MembershipState.BOUNCED, _BOUNCING),
        (MembershipState.COMPLAINED, _COMPLAINING),
    )
    for word in words - {""}
}
_NO: Final = _words("0, no, n, false, off, never, nein, non")
_LONGEST: Final = 200
"""Characters of a cell beyond which it is none of these words, however it is written."""
_STANDS: Final = Standing(MembershipState.CONFIRMED, "")


def standing(values: Mapping[str, str]) -> Standing:
    """Tell where somebody stands by a row's `values`; whoever has no word beside them wants mail."""
    for column in _present((*_STATUS, _STATE), values):
        word = _word(values[column])
        if state := _GONE.get(word):
            return Standing(state, f"{values[column].casefold()} in the file")
        if column != _STATE and word not in _HERE:
            return Standing(None, _unknown(column, values[column]))
    left = any(_word(values[column]) not in _NO for column in _present(_LEFT, values))
    stays = all(_word(values[column]) not in _NO - {""} for column in _present(_STAYS, values))
    return (
        _STANDS if stays and not left else Standing(MembershipState.UNSUBSCRIBED, "unsubscribed in the file")
    )


def _word(cell: str) -> str:
    """Reduce a cell; one that holds signs alone (`✓`) is not empty for that."""
    return _reduced(cell) if len(cell) <= _LONGEST else cell


@lru_cache(maxsize=4096)
def _reduced(cell: str) -> str:
    return _plain(cell) or cell


def _present(columns: Iterable[str], values: Mapping[str, str]) -> list[str]:
    return [column for column in columns if column in values]


def _unknown(column: str, value: str) -> str:
    return (
        f'nobody knows whether the {column} "{value[:40]}" means that they want mail, so they get none; '
        "write subscribed or unsubscribed there, or give the column another name if it is about something else"
    )
