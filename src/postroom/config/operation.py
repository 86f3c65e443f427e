"""The sections for whoever runs Postroom: `operation:` (monitoring asks) and `notify:` (people are told)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field, model_validator

from postroom import transports
from postroom.config.config import NotifyHook, NotifyMail, NotifyPlace, TransportSettings
from postroom.config.fields import Hook, Listen, MailAddress, Mailbox, Name, NoticeName
from postroom.config.problem import Problem
from postroom.config.section import Section
from postroom.config.words import Wrong, listed, nearest
from postroom.model import Email, Severity

PLACES = ("mail", "slack", "webhook")


class OperationSection(Section):
    """How monitoring asks Postroom how it is."""

    listen: Listen | None = Field(
        default=None,
        description="Where /healthz, /readyz and /metrics answer; nowhere unless given.",
        examples=["127.0.0.1:9090"],
    )


class NotifyMailSection(Section):
    """A mail to whoever runs Postroom."""

    to: MailAddress = Field(description="Who gets it.", examples=["ops@example.org"])
    transport: Name = Field(description="Which of `transports:` carries it.", examples=["mail"])
    from_: Mailbox | None = Field(
        default=None, alias="from", description="Sender; if left out, that of a channel on this transport."
    )


class NotifySection(Section):
    """Who is told, once per cause, when something needs a person: one place an item of the list."""

    mail: NotifyMailSection | None = Field(default=None, description="By mail, in a group of its own.")
    slack: Hook | None = Field(default=None, description="In Slack, by the address of an incoming webhook.")
    webhook: Hook | None = Field(
        default=None,
        description="As JSON, posted to an address of yours.",
        examples=["https://ops.example.org/postroom"],
    )
    about: list[NoticeName] | None = Field(
        default=None, min_length=1, description="Only about these; everything if left out."
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> NotifySection:
        given = [name for name in PLACES if getattr(self, name) is not None]
        if len(given) != 1:
            found = listed(given, "and") if given else "none of them"
            raise Wrong(f"expected one of {listed(PLACES)} in each item of the list, found {found}")
        return self


def check(
    places: Sequence[NotifySection | None],
    carriers: Mapping[str, TransportSettings | None],
    senders: Mapping[str, str],
) -> Iterator[Problem]:
    """Find what is wrong between `notify:` and the other sections.

    `carriers` are the transports; `senders` are the `from` of mail channels, by their transport.
    """
    for item, place in enumerate(places):
        if place is not None and place.mail is not None:
            yield from _mail_faults(place.mail, item, carriers, senders)
        elif place is not None:
            yield from _open_secrets(place, item)


def settle(places: Sequence[NotifySection], senders: Mapping[str, str]) -> tuple[NotifyPlace, ...]:
    """Make the places of sections without fault."""
    return tuple(_place(each, senders) for each in places)


def _place(section: NotifySection, senders: Mapping[str, str]) -> NotifyPlace:
    about = frozenset(section.about or ())
    if section.mail is not None:
        mail = section.mail
        return NotifyMail(
            to=mail.to, sender=mail.from_ or senders[mail.transport], transport=mail.transport, about=about
        )
    kind: Literal["slack", "webhook"] = "slack" if section.slack is not None else "webhook"
    url = section.slack or section.webhook
    assert url is not None
    return NotifyHook(kind=kind, url=url, about=about)


def _mail_faults(
    mail: NotifyMailSection,
    item: int,
    carriers: Mapping[str, TransportSettings | None],
    senders: Mapping[str, str],
) -> Iterator[Problem]:
    path, name = ("notify", item, "mail"), mail.transport
    carrier = carriers.get(name)
    if name not in carriers:
        hint = nearest(name, carriers) or f"; there is {listed(carriers, 'and')}" * bool(carriers)
        message = f'there is no transport "{name}"{hint}'
        yield Problem(rule="config-unknown-name", path=(*path, "transport"), message=message)
    elif carrier and Email not in transports.find(carrier.kind).accepts:
        message = f'"{name}" is of kind {carrier.kind}, which does not carry mail'
        yield Problem(rule="config-wrong-transport", path=(*path, "transport"), message=message)
    elif mail.from_ is None and name not in senders:
        message = (
            "is missing, and no channel on this transport has one; for example `from: postroom@example.org`"
        )
        yield Problem(rule="config-missing", path=(*path, "from"), message=message, at_name=True)


def _open_secrets(place: NotifySection, item: int) -> Iterator[Problem]:
    """Warn of an address that whoever reads the file could post to. A webhook's may be no secret."""
    if place.slack is not None and "://" in place.slack.reference:
        yield Problem(
            rule="config-open-secret",
            path=("notify", item, "slack"),
            message='holds the secret itself; write "${SLACK_WEBHOOK_URL}" and set that variable',
            severity=Severity.WARNING,
        )
