"""What the mails that greet a subscriber say, language by language: data, and no more.

`{name}` is the publication's. Another language is another table with the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ENGLISH: Final[Mapping[str, Mapping[str, str]]] = {
    "confirm": {
        "subject": "Please confirm: {name} by mail",
        "title": "Please confirm",
        "text": "Somebody, we hope it was you, asked for this to be sent to your address:",
        "button": "Yes, send it to me",
        "address": "If the button does nothing, open this address:",
        "stranger": "You did not ask for it? Then you need do nothing: no other mail will come.",
        "foot": "You get this one mail because your address was entered at {name}.",
    },
    "welcome": {
        "subject": "Welcome to {name}",
        "title": "You are on the list",
        "text": "Good to have you here. From now on you get:",
        "after": "You can leave at any time, with this link or the one in every mail:",
        "foot": "You get this because you subscribed to {name}.",
        "leave": "Unsubscribe",
        "choose": "Choose what you get",
    },
}
_GERMAN: Final[Mapping[str, Mapping[str, str]]] = {
    "confirm": {
        "subject": "Bitte bestätigen: {name} per E-Mail",
        "title": "Bitte bestätigen",
        "text": "Jemand, hoffentlich Sie selbst, hat das hier für Ihre Adresse bestellt:",
        "button": "Ja, bitte schicken",
        "address": "Wenn der Knopf nichts tut, öffnen Sie diese Adresse:",
        "stranger": "Sie waren das nicht? Dann brauchen Sie nichts zu tun: Es kommt keine weitere E-Mail.",
        "foot": "Sie bekommen diese eine E-Mail, weil Ihre Adresse bei {name} eingetragen wurde.",
    },
    "welcome": {
        "subject": "Willkommen bei {name}",
        "title": "Sie stehen auf der Liste",
        "text": "Schön, dass Sie da sind. Ab jetzt bekommen Sie:",
        "after": "Abmelden können Sie sich jederzeit, mit diesem Link oder dem in jeder E-Mail:",
        "foot": "Sie bekommen das, weil Sie {name} abonniert haben.",
        "leave": "Abmelden",
        "choose": "Auswählen, was Sie bekommen",
    },
}
LANGUAGES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = MappingProxyType(
    {"en": _ENGLISH, "de": _GERMAN}
)
"""Language → kind of greeting → key → text."""
