"""The section `feedback:`: where bounces are read, whose webhooks are believed, and when an address is given up."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import Field, model_validator

from postroom.config.audience import WebSection
from postroom.config.fields import Duration, Hidden, Line, Topic
from postroom.config.problem import Problem
from postroom.config.section import Section
from postroom.config.words import Wrong, WrongType
from postroom.model import Severity, Thresholds
from postroom.transports.secret import Secret

_ANYTHING_ELSE: Final = ("port", "username", "password", "folder", "ca")
_SHORTEST: Final = timedelta(seconds=30)
"""How often a mailbox may be asked: servers such as Gmail and Exchange Online count connections and log-ins."""


class ThresholdsSection(Section):
    """After how many mails an address is given up."""

    bounced: int = Field(default=1, ge=1, le=100, description="Mails that said that nobody is there.")
    deferred: int = Field(
        default=5,
        ge=2,
        le=1000,
        description="Mails that came back for another reason, none arriving between.",
    )
    within: Duration = Field(
        default="30 days", validate_default=True, description="The time in which those came back."
    )


class MailboxSection(Section):
    """The mailbox that bounces return to: a folder, or an account of an IMAP server."""

    maildir: Line | None = Field(
        default=None, description="A Maildir on this machine.", examples=["/var/mail/bounces"]
    )
    imap: Line | None = Field(
        default=None, description="An IMAP server that speaks TLS.", examples=["imap.example.org"]
    )
    port: int = Field(default=993, ge=1, le=65535, description="Where it speaks TLS from the first byte.")
    username: Hidden | None = Field(default=None, description="Who logs in.")
    password: Hidden | None = Field(default=None, description="The password, best that of one application.")
    folder: Line = Field(default="INBOX", description="The folder that is read.")
    ca: Line | None = Field(
        default=None, description="File of the certificates to trust, for a server of your own."
    )
    every: Duration = Field(default="5 minutes", validate_default=True, description="How often it is read.")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> MailboxSection:
        if (self.maildir is None) == (self.imap is None):
            raise Wrong(f"expected either `maildir:` or `imap:`, found {'both' if self.imap else 'neither'}")
        given = [name for name in _ANYTHING_ELSE if name in self.model_fields_set]
        if self.maildir is not None and given:
            raise Wrong(f"`{given[0]}` goes with `imap:`, and a Maildir has none")
        if self.imap is not None and (self.username is None or self.password is None):
            raise Wrong("`imap:` needs `username:` and `password:`")
        if self.imap is not None and not re.fullmatch(r"[A-Za-z0-9._:-]+", self.imap):
            raise Wrong(
                f'expected the name of a server such as "imap.example.org", found "{self.imap}"', at=("imap",)
            )
        if self.every < _SHORTEST:
            raise Wrong("expected 30 seconds or more", at=("every",))
        return self


class SesSection(Section):
    """Amazon SES, which tells by topics of Amazon SNS."""

    topics: list[Topic] = Field(min_length=1, description="The topics that may speak: their ARNs.")


class PostmarkSection(Section):
    """Postmark."""

    username: Hidden = Field(description="The user in the webhook's address.")
    password: Hidden = Field(description="The password in it: 30 random characters or more.")


class MailgunSection(Section):
    """Mailgun."""

    signing_key: Hidden = Field(description="The HTTP webhook signing key, which is no API key.")


class WebhooksSection(Section):
    """Providers that tell by HTTP what comes back, at `/hooks/…` of Postroom's own pages."""

    ses: SesSection | None = Field(default=None, description="Amazon SES: /hooks/ses.")
    postmark: PostmarkSection | None = Field(default=None, description="Postmark: /hooks/postmark.")
    mailgun: MailgunSection | None = Field(default=None, description="Mailgun: /hooks/mailgun.")


class FeedbackSection(Section):
    """What comes back: bounces, complaints, and wishes to be left alone."""

    give_up_after: ThresholdsSection = Field(
        default_factory=ThresholdsSection, description="After how many mails an address is given up."
    )
    mailbox: MailboxSection | None = Field(default=None, description="Where bounces are read.")
    webhooks: WebhooksSection = Field(
        default_factory=WebhooksSection, description="Providers that are believed."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """An account of an IMAP server; its user and password are references still."""

    host: str
    port: int
    username: Secret
    password: Secret
    folder: str
    ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxSettings:
    """The mailbox that bounces return to, a Maildir or an account, and how often it is read."""

    place: Path | ImapSettings
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Whose webhooks are believed. `topics` are those of SES; secrets are references still."""

    topics: frozenset[str] = frozenset()
    postmark: tuple[Secret, Secret] | None = None
    mailgun: Secret | None = None

    @property
    def is_any(self) -> bool:
        """Whether anybody is believed."""
        return bool(self.topics or self.postmark or self.mailgun)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSettings:
    """Where feedback comes from, and how much of it makes an address be given up."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    mailbox: MailboxSettings | None = None
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)


def settle(section: FeedbackSection, base: Path) -> FeedbackSettings:
    """Make the settings of a section without fault; relative paths start at `base`."""
    hooks, after = section.webhooks, section.give_up_after
    return FeedbackSettings(
        thresholds=Thresholds(bounced=after.bounced, deferred=after.deferred, within=after.within),
        mailbox=None if section.mailbox is None else _mailbox(section.mailbox, base),
        webhooks=WebhookSettings(
            topics=frozenset(hooks.ses.topics) if hooks.ses else frozenset(),
            postmark=(hooks.postmark.username, hooks.postmark.password) if hooks.postmark else None,
            mailgun=hooks.mailgun.signing_key if hooks.mailgun else None,
        ),
    )


def check(section: FeedbackSection | None, web: WebSection | None) -> Iterator[Problem]:
    """Find what is wrong between `feedback:` and the other sections, and secrets that stand in the open."""
    if section is None:
        return
    hooks = section.webhooks
    told = [name for name in ("ses", "postmark", "mailgun") if getattr(hooks, name) is not None]
    if told and web is not None and web.url is None:
        message = "needs the address that the provider posts to; add `url:` in the section `web:`"
        yield Problem(
            rule="config-missing", path=("feedback", "webhooks", told[0]), message=message, at_name=True
        )
    yield from _open_secrets(section)


def _mailbox(section: MailboxSection, base: Path) -> MailboxSettings:
    if section.maildir is not None:
        return MailboxSettings(place=_absolute(base, section.maildir), every=section.every)
    if section.imap is None or section.username is None or section.password is None:
        raise WrongType("a mailbox that is none was refused before")
    account = ImapSettings(
        host=section.imap,
        port=section.port,
        username=section.username,
        password=section.password,
        folder=section.folder,
        ca=_absolute(base, section.ca) if section.ca else None,
    )
    return MailboxSettings(place=account, every=section.every)


def _absolute(base: Path, text: str) -> Path:
    return Path(os.path.normpath(base / text))


def _open_secrets(section: FeedbackSection) -> Iterator[Problem]:
    """Warn of secrets that whoever reads the file could use."""
    hooks, mailbox = section.webhooks, section.mailbox
    held: list[tuple[tuple[str, ...], Secret | None]] = [
        (("mailbox", "password"), mailbox.password if mailbox else None),
        (("webhooks", "postmark", "password"), hooks.postmark.password if hooks.postmark else None),
        (("webhooks", "mailgun", "signing_key"), hooks.mailgun.signing_key if hooks.mailgun else None),
    ]
    for path, secret in held:
        if secret is not None and "${" not in secret.reference and not secret.reference.startswith("file:"):
            name = "_".join((path[-2], path[-1])).upper()
            yield Problem(
                rule="config-open-secret",
                path=("feedback", *path),
                message=f'holds the secret itself; write "${{{name}}}" and set that variable',
                severity=Severity.WARNING,
            )
