"""Whether a row of an audience file wants mail, by the words that mailing-list programs write beside people.

Whoever is called something that is not known here is not written to: better no mail than one against
somebody's will.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A `state` may be a place (`CA`, `Bayern`): there only what is known to be a goodbye counts.
_STATUS: Final = ("status", "subscription_status", "subscriber_status", "email_status")
_STATE: Final = "state"
_LEFT: Final = ("unsubscribed", "opt_out", "opted_out", "do_not_mail", "do_not_email")
_STAYS: Final = ("subscribed", "subscribed_to_emails")
TELLING: Final = frozenset({*_STATUS, _STATE, *_LEFT, *_STAYS})
"""The columns that may say that somebody is not to be written to."""


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
_GONE: Final = _words(
    "unsubscribed, unsubscribe, not subscribed, non subscribed, never subscribed, unsub, bounced, bounce,"
    "hard bounced, hard bounce, soft bounced, soft bounce, cleaned, complained, complaint, opted out, opt out,"
    "blocklisted, blocked, blacklisted, suppressed, inactive, deactivated, disabled, do not mail, do not email,"
    "do not contact, dnc, pending, unconfirmed, not confirmed, unverified, awaiting confirmation, deleted,"
    "removed, archived, spam, spam complaint, abuse, abused, junk, invalid, undeliverable, rejected, refused,"
    "cancelled, canceled, expired, left, gone, deceased, no, n, false, off, never, 0,"
    "abgemeldet, abbestellt, ausgetragen, inaktiv, deaktiviert, gesperrt, gelöscht, unbestätigt,"
    "nicht bestätigt, ausstehend, widersprochen, widerrufen, gekündigt, ungültig, unzustellbar, nein,"
    "désabonné, désabonnée, désinscrit, désinscrite, inactif, désactivé, bloqué, supprimé, en attente,"
    "non confirmé, non abonné, non inscrit, plainte, rejeté, invalide, non,"
    "dado de baja, dada de baja, baja, desuscrito, desuscrita, no suscrito, cancelado, inactivo, inactiva,"
    "desactivado, bloqueado, eliminado, borrado, pendiente, no confirmado, sin confirmar, rebotado, rechazado,"
    "inválido"
) - {""}
_NO: Final = _words("0, no, n, false, off, never, nein, non")


def why_left_out(values: Mapping[str, str]) -> str:
    """Say why a row's `values` forbid writing to somebody; "" if they do not."""
    for column in _present((*_STATUS, _STATE), values):
        if (word := _word(values[column])) in _GONE:
            return f"{values[column].casefold()} in the file"
        if column != _STATE and word not in _HERE:
            return _unknown(column, values[column])
    left = any(_word(values[column]) not in _NO for column in _present(_LEFT, values))
    stays = all(_word(values[column]) not in _NO - {""} for column in _present(_STAYS, values))
    return "" if stays and not left else "unsubscribed in the file"


def _word(cell: str) -> str:
    """Reduce a cell; one that holds signs alone (`✓`) is not empty for that."""
    return _plain(cell) or cell


def _present(columns: Iterable[str], values: Mapping[str, str]) -> list[str]:
    return [column for column in columns if column in values]


def _unknown(column: str, value: str) -> str:
    return (
        f'nobody knows whether the {column} "{value[:40]}" means that they want mail, so they get none; '
        "write subscribed or unsubscribed there, or give the column another name if it is about something else"
    )
