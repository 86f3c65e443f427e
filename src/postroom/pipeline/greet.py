"""greet(): whoever asked to join is asked to confirm, and welcomed when they have. Each mail goes out once.

    gather ─► render ─► freeze ─► written

A batch keeps its name, and its edition's key names it: what was broken off goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from postroom import assets
from postroom.config import Config
from postroom.errors import PostroomError
from postroom.model import Channel, Edition, Email, Unsubscribe
from postroom.outbox import content as frozen_content
from postroom.outbox import enqueue, greetings, guard, meta
from postroom.outbox.enqueue import Audience
from postroom.outbox.greetings import Batch
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.stage import given_by, logo
from postroom.pipeline.wayout import unanswered
from postroom.render import Greeting, render_greeting


def is_anybody_waiting(config: Config, ledger: Ledger) -> bool:
    """Whether somebody is to be greeted. It is asked once a second: most of the time there is nothing to look at."""
    lists = _greeters(config)
    return bool(lists) and ledger.read(greetings.is_any_unwritten, tuple(lists))


def greet(project: Project, ledger: Ledger, now: datetime) -> tuple[Edition, ...]:
    """Freeze an edition for each batch of greetings that is to be written; return those that are new.

    What goes to a list that no channel has any more waits for one. Raises TemplateError, and PostroomError where there
    is no way out of what somebody would be welcomed to; what has been frozen until then stays so.
    """
    greeters = _greeters(project.config)
    if not greeters or not ledger.read(greetings.is_any_unwritten, tuple(greeters)):
        return ()
    batches = ledger.write(greetings.gather, tuple(greeters))
    found = (_greet(project, ledger, greeters[batch.list], batch, now) for batch in batches)
    return tuple(each for each in found if each is not None)


def _greeters(config: Config) -> Mapping[str, Channel]:
    """Find for each list of the ledger the first channel that goes to the whole of it, else the first one at all."""
    found: dict[str, Channel] = {}
    channels = [each for each in config.channels.values() if each.is_email and each.audience is not None]
    for each in sorted(
        channels, key=lambda each: each.audience is not None and each.audience.only is not None
    ):
        if each.audience is not None and each.audience.list is not None:
            found.setdefault(each.audience.list, each)
    return found


def _greet(project: Project, ledger: Ledger, channel: Channel, batch: Batch, now: datetime) -> Edition | None:
    """Freeze the edition of one batch, or find that somebody has; then the batch is written."""
    key = f"greeting/{batch.kind}/{batch.name}"
    number, edition = ledger.read(greetings.frozen, key), None
    if number is None:
        edition = _frozen(project, ledger, channel, batch, key, now)
        number = edition.id
    ledger.write(greetings.written, batch.name, number, now)
    return edition


def _frozen(
    project: Project, ledger: Ledger, channel: Channel, batch: Batch, key: str, now: datetime
) -> Edition:
    if batch.kind == "welcome" and (why := unanswered(channel, (ledger.write(meta.link_key),))):
        raise PostroomError(f"no mail without a way out: {why}")
    pictures = logo(project, channel).images
    titles = project.config.web.titles if project.config.web else {}
    greeting = Greeting(
        kind=batch.kind,
        lists=tuple(dict.fromkeys(titles.get(name, channel.publication.name) for name in batch.lists)),
        language=batch.language,
        images=pictures,
    )
    email = render_greeting(greeting, channel, project.templates)
    edition = _edition(channel, batch, replace(email, mjml=""), key, now)
    if batch.kind == "confirm":
        edition = _to_confirm(edition, project.config)
    digest = frozen_content.digest(edition.content, edition.sender, edition.unsubscribe)
    assets.publish(tuple(pictures.values()), project.config.images.folder)
    if not edition.rehearsal:
        guard.foresee(ledger.url)
    return enqueue.freeze(
        ledger, replace(edition, content_hash=digest), Audience(people=batch), parts=1, now=now
    )


def _edition(channel: Channel, batch: Batch, email: Email, key: str, now: datetime) -> Edition:
    """Make an edition without an article. Its MJML is left out: there are many of these."""
    return Edition(
        key=key,
        **given_by(channel),
        article="",
        variant=batch.kind,
        title=email.subject,
        content=email,
        content_hash="",
        source_hash="",
        due_at=now,
        created_at=now,
        list=batch.list,
        greeting=batch.kind,
    )


def _to_confirm(edition: Edition, config: Config) -> Edition:
    """Lead to our own pages, where it is confirmed. There is nothing to leave: so who left a list may ask again."""
    if config.web is None or config.web.url is None:
        raise PostroomError(
            "who asked to join cannot be asked to confirm: `web: url:` is missing in config.yaml"
        )
    return replace(edition, unsubscribe=Unsubscribe(web=config.web.url), one_click=False, list="")
