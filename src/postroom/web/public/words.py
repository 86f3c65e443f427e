"""What the public pages say, language by language: data, and no more.

A name in braces is filled in by the page. Another language is another table with the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language: its tag and direction, its own name, and all texts by key."""

    language: str
    direction: str
    name: str
    date: str
    months: tuple[str, ...]
    texts: Mapping[str, str]


ENGLISH: Final = Words(
    language="en",
    direction="ltr",
    name="English",
    date="{day} {month} {year}",
    months=tuple(
        "January February March April May June July August September October November December".split()  # noqa: SIM905
    ),
    texts=MappingProxyType(
        {
            "email": "E-mail address",
            "email.hint": "First you get a mail with a link. Nothing else comes before you have confirmed.",
            "name": "Name",
            "optional": "(optional)",
            "lists": "What would you like to get?",
            "trap": "Leave this field empty",
            "faults": "Please look at this once more:",
            "fault.no-email": "Please enter your e-mail address.",
            "fault.bad-email": "This is no e-mail address; one looks like anna@example.org.",
            "fault.no-list": "Please choose at least one.",
            "fault.long-name": "Please use a shorter name.",
            "fault.once-more": "Please press the button once more, so that we know a person did.",
            "sign-up": "{name} by mail",
            "sign-up.button": "Sign up",
            "sign-up.promise": "You can leave at any time: every mail has a link for it.",
            "sent": "Look into your mailbox",
            "sent.text": "If this address is not on the list yet, a mail is on its way to it. Open the link in it to "
            "confirm.",
            "sent.missing": "Is nothing there after a few minutes? Look among the unwanted mail, too, or check the "
            "spelling and sign up once more.",
            "confirm": "Please confirm",
            "confirm.text": "With one press of this button you will get:",
            "confirm.button": "Yes, send it to me",
            "confirm.stranger": "You did not ask for this? Then close this page, and nothing will be sent.",
            "confirmed": "You are on the list",
            "confirmed.text": "From now on you get:",
            "confirmed.after": "At the foot of every mail there is a link to change this, or to leave.",
            "leave": "Leave {list}?",
            "leave.text": "You will get no more mail from this list.",
            "leave.others": "Leave these as well?",
            "leave.button": "Leave",
            "leave.instead": "Choose what you get instead",
            "left": "You have left {list}",
            "left.text": "You get no more mail from there. One that is on its way already may still arrive.",
            "left.back": "That was a mistake? {link}",
            "left.link": "Sign up again",
            "preferences": "What you get",
            "preferences.of": "For {address}",
            "preferences.lists": "Lists",
            "preferences.language": "Language of these pages and mails about your subscription",
            "preferences.button": "Save",
            "preferences.saved": "Saved.",
            "preferences.data": "Your data",
            "export.text": "Get a file with everything that is kept about you.",
            "export.button": "Export my data",
            "erase.text": "Leave all lists, and have what is kept about you deleted.",
            "erase.link": "Erase my data",
            "erase": "Erase your data?",
            "erase.warning": "You leave all lists, and what is kept about you is deleted. This cannot be undone.",
            "erase.button": "Erase it for good",
            "erase.back": "No, keep it",
            "erased": "Your data is erased",
            "erased.text": "You are on no list any more. One mail that is on its way already may still arrive.",
            "archive": "Archive",
            "archive.empty": "Nothing has been published yet.",
            "archive.sign-up": "Get it by mail",
            "archive.feeds": "Feeds",
            "pages": "Pages",
            "pages.newer": "Newer",
            "pages.older": "Older",
            "pages.here": "Page {number} of {count}",
            "home": "Go to {name}",
            "unknown-link": "This link leads nowhere any more",
            "unknown-link.text": "It may be too old, or a part of it was lost on the way. The newest mail you have "
            "got holds a link that works.",
            "not-found": "There is no such page",
            "not-found.text": "The address may be mistyped, or the page has moved.",
            "bad-request": "That did not arrive whole",
            "bad-request.text": "Please go back and try once more.",
            "wrong-method": "This cannot be done here",
            "wrong-method.text": "Please go back to the page you came from, and use its button.",
            "taken-back": "This was taken back",
            "taken-back.text": "It was published here, and is not any more.",
            "too-large": "That is too much at once",
            "too-large.text": "Please go back and send less.",
            "too-many": "That was a bit fast",
            "too-many.text": "Please wait a minute, then try once more.",
            "failed": "Something went wrong here",
            "failed.text": "It is not your fault. Please try once more in a while.",
            "unavailable": "One moment, please",
            "unavailable.text": "This page is being looked after. Please try once more in a few minutes.",
        }
    ),
)

GERMAN: Final = Words(
    language="de",
    direction="ltr",
    name="Deutsch",
    date="{day}. {month} {year}",
    months=tuple(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()  # noqa: SIM905
    ),
    texts=MappingProxyType(
        {
            "email": "E-Mail-Adresse",
            "email.hint": "Zuerst kommt eine E-Mail mit einem Link. Alles Weitere erst, wenn Sie bestätigt haben.",
            "name": "Name",
            "optional": "(freiwillig)",
            "lists": "Was möchten Sie bekommen?",
            "trap": "Dieses Feld bitte leer lassen",
            "faults": "Bitte sehen Sie sich das noch einmal an:",
            "fault.no-email": "Bitte geben Sie Ihre E-Mail-Adresse ein.",
            "fault.bad-email": "Das ist keine E-Mail-Adresse; eine sieht aus wie anna@example.org.",
            "fault.no-list": "Bitte wählen Sie mindestens eines aus.",
            "fault.long-name": "Bitte nehmen Sie einen kürzeren Namen.",
            "fault.once-more": "Bitte drücken Sie noch einmal auf den Knopf, damit wir wissen, dass es ein Mensch war.",
            "sign-up": "{name} per E-Mail",
            "sign-up.button": "Anmelden",
            "sign-up.promise": "Sie können sich jederzeit abmelden: In jeder E-Mail steht ein Link dafür.",
            "sent": "Sehen Sie in Ihr Postfach",
            "sent.text": "Wenn diese Adresse noch nicht auf der Liste steht, ist eine E-Mail dorthin unterwegs. Öffnen "
            "Sie den Link darin, um zu bestätigen.",
            "sent.missing": "Ist nach einigen Minuten nichts da? Sehen Sie auch im Spam-Ordner nach, oder prüfen Sie "
            "die Schreibweise und melden Sie sich noch einmal an.",
            "confirm": "Bitte bestätigen",
            "confirm.text": "Mit einem Druck auf diesen Knopf bekommen Sie:",
            "confirm.button": "Ja, bitte schicken",
            "confirm.stranger": "Sie haben das nicht angefordert? Dann schließen Sie diese Seite; es kommt nichts.",
            "confirmed": "Sie stehen auf der Liste",
            "confirmed.text": "Ab jetzt bekommen Sie:",
            "confirmed.after": "Am Ende jeder E-Mail steht ein Link, um das zu ändern oder sich abzumelden.",
            "leave": "{list} abbestellen?",
            "leave.text": "Sie bekommen von dieser Liste keine E-Mails mehr.",
            "leave.others": "Diese auch abbestellen?",
            "leave.button": "Abbestellen",
            "leave.instead": "Stattdessen auswählen, was Sie bekommen",
            "left": "Abbestellt: {list}",
            "left.text": "Von dort kommen keine E-Mails mehr. Eine, die schon unterwegs ist, kann noch ankommen.",
            "left.back": "Das war ein Versehen? {link}",
            "left.link": "Wieder anmelden",
            "preferences": "Was Sie bekommen",
            "preferences.of": "Für {address}",
            "preferences.lists": "Listen",
            "preferences.language": "Sprache dieser Seiten und der E-Mails zu Ihrem Abonnement",
            "preferences.button": "Speichern",
            "preferences.saved": "Gespeichert.",
            "preferences.data": "Ihre Daten",
            "export.text": "Holen Sie sich eine Datei mit allem, was über Sie gespeichert ist.",
            "export.button": "Meine Daten herunterladen",
            "erase.text": "Alle Listen abbestellen und löschen lassen, was über Sie gespeichert ist.",
            "erase.link": "Meine Daten löschen",
            "erase": "Ihre Daten löschen?",
            "erase.warning": "Alle Listen werden abbestellt, und was über Sie gespeichert ist, wird gelöscht. Das "
            "lässt sich nicht rückgängig machen.",
            "erase.button": "Endgültig löschen",
            "erase.back": "Nein, behalten",
            "erased": "Ihre Daten sind gelöscht",
            "erased.text": "Sie stehen auf keiner Liste mehr. Eine E-Mail, die schon unterwegs ist, kann noch "
            "ankommen.",
            "archive": "Archiv",
            "archive.empty": "Es ist noch nichts erschienen.",
            "archive.sign-up": "Per E-Mail bekommen",
            "archive.feeds": "Feeds",
            "pages": "Seiten",
            "pages.newer": "Neuere",
            "pages.older": "Ältere",
            "pages.here": "Seite {number} von {count}",
            "home": "Zu {name}",
            "unknown-link": "Dieser Link führt nirgends mehr hin",
            "unknown-link.text": "Er ist vielleicht zu alt, oder ein Teil davon ging unterwegs verloren. In der "
            "neuesten E-Mail, die Sie haben, steht einer, der funktioniert.",
            "not-found": "Diese Seite gibt es nicht",
            "not-found.text": "Die Adresse ist vielleicht vertippt, oder die Seite ist umgezogen.",
            "bad-request": "Das ist nicht vollständig angekommen",
            "bad-request.text": "Bitte gehen Sie zurück und versuchen Sie es noch einmal.",
            "wrong-method": "Das geht hier nicht",
            "wrong-method.text": "Bitte gehen Sie zurück zur vorigen Seite und benutzen Sie den Knopf dort.",
            "taken-back": "Das wurde zurückgenommen",
            "taken-back.text": "Es ist hier erschienen und inzwischen nicht mehr da.",
            "too-large": "Das ist zu viel auf einmal",
            "too-large.text": "Bitte gehen Sie zurück und schicken Sie weniger.",
            "too-many": "Das war etwas schnell",
            "too-many.text": "Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.",
            "failed": "Hier ist etwas schiefgegangen",
            "failed.text": "Es liegt nicht an Ihnen. Bitte versuchen Sie es nach einer Weile noch einmal.",
            "unavailable": "Einen Moment, bitte",
            "unavailable.text": "Hier wird gearbeitet. Bitte versuchen Sie es in einigen Minuten noch einmal.",
        }
    ),
)

LANGUAGES: Final[Mapping[str, Words]] = MappingProxyType(
    {words.language: words for words in (ENGLISH, GERMAN)}
)
"""All languages, in the order in which people choose among them."""
