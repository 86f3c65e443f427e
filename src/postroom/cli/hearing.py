"""What `postroom doctor` says of bounces: whether they can be read, and whether anybody reads them."""

from __future__ import annotations

from collections.abc import Iterator

from postroom import verp
from postroom.cli import session
from postroom.cli.diagnosis import Diagnosis
from postroom.config import Config, ImapSettings, MailboxSettings
from postroom.errors import MailboxError, TransportError

_WHAT = "bounces"
_NOBODY = (
    "nobody reads what comes back: name `feedback: mailbox:`, or the webhooks of your provider, "
    "or dead addresses stay on the list (docs/feedback.md)"
)
_NAMELESS = 'reports that name no mail are lost: write `return_path: "bounces+{token}@…"` for '


def diagnoses(config: Config, *, is_online: bool) -> Iterator[Diagnosis]:
    """Try the mailbox, and the secrets of webhooks; an IMAP server is asked only where the network may be."""
    settings = config.feedback
    real = [each for each in config.channels.values() if each.is_email and not each.rehearsal]
    if settings.mailbox is None and not settings.webhooks.is_any:
        if real:
            yield Diagnosis(state="worth knowing", what=_WHAT, detail=_NOBODY)
        return
    if settings.mailbox is not None:
        if is_online or not isinstance(settings.mailbox.place, ImapSettings):
            yield _mailbox(config, settings.mailbox)
        without = [
            each.name
            for each in real
            if each.sender is not None and verp.PLACE not in (each.sender.return_path or "")
        ]
        if without:
            yield Diagnosis(state="worth knowing", what=_WHAT, detail=_NAMELESS + ", ".join(without))
    if settings.webhooks.is_any:
        yield _webhooks(config)


def _mailbox(config: Config, mailbox: MailboxSettings) -> Diagnosis:
    """Open the mailbox and look whether anything is unread; nothing is marked."""
    from postroom.pipeline.returns import open_mailbox

    place = mailbox.place
    name = f"{place.folder} at {place.host}" if isinstance(place, ImapSettings) else str(place)
    try:
        box = open_mailbox(mailbox, session.secrets(config.base))
        try:
            is_empty = next(box.unread(), None) is None
        finally:
            box.close()
    except (MailboxError, TransportError) as error:
        return Diagnosis(state="wrong", what=_WHAT, detail=str(error))
    return Diagnosis(
        state="well",
        what=_WHAT,
        detail=f"{name} can be read, and {'nothing' if is_empty else 'mail'} is unread",
    )


def _webhooks(config: Config) -> Diagnosis:
    from postroom.pipeline.hooks import hooks

    try:
        names = sorted(hooks(config.feedback.webhooks, session.secrets(config.base)))
    except TransportError as error:
        return Diagnosis(state="wrong", what=_WHAT, detail=f"webhooks: {error}")
    base = (config.web.url or "").rstrip("/") if config.web else ""
    told = ", ".join(f"{base}/hooks/{name}" for name in names)
    return Diagnosis(state="well", what=_WHAT, detail=f"webhooks are believed at {told}")
