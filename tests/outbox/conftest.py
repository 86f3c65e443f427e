"""What outbox tests share: a real ledger on disk, and short words for editions and people."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from postgresql_server import Server, name_of

from postroom.model import (
    Deferred,
    DeliveryState,
    Edition,
    Email,
    Outcome,
    Post,
    Recipient,
    Sender,
    Unsubscribe,
)
from postroom.outbox import Ledger, claim, content, enqueue, pace, record, status
from postroom.outbox.claim import Claimed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ME = "host-a:1"
MAIL = claim.Carrier("mail", "smtp")


def an_email(subject: str = "On post rooms") -> Email:
    return Email(
        subject=subject,
        preheader="Why letters arrive",
        html="<p>Dear @@first_name|friend@@</p>",
        text="Dear @@first_name|friend@@",
        mjml="<mjml/>",
        language="en",
        fence="@@",
    )


def a_post(*parts: str) -> Post:
    return Post(network="linkedin", parts=parts or ("A hook.",), language="en")


def an_edition(article: str = "post-rooms", **changes: Any) -> Edition:
    """A newsletter, unless `content` is a post."""
    body = changes.pop("content", None) or an_email()
    is_email = isinstance(body, Email)
    values: dict[str, Any] = {
        "channel": "newsletter" if is_email else "linkedin",
        "variant": "article" if is_email else "hook",
        "article": article,
        "title": "On post rooms",
        "content": body,
        "content_hash": content.digest(body),
        "source_hash": "source",
        "transport": "mail" if is_email else "company-page",
        "transport_kind": "smtp" if is_email else "linkedin",
        "rehearsal": False,
        "due_at": NOW,
        "created_at": NOW,
        "sender": Sender(from_="News <news@example.org>", list_id="news.example.org", list_name="News")
        if is_email
        else None,
        "unsubscribe": Unsubscribe(mailto="off@example.org") if is_email else None,
        **changes,
    }
    suffix = f"#{values['revision']}" if values.get("revision", 1) > 1 else ""
    values.setdefault("key", f"{values['channel']}/{values['variant']}/{article}{suffix}")
    return Edition(**values)


def a_person(name: str) -> Recipient:
    address = f"{name}@example.com"
    return Recipient(
        address=address, identity=address, domain="example.com", name=name.title(), merge={"first_name": name}
    )


class Outbox:
    """A ledger and the few moves that most tests begin with."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def freeze(self, *names: str, parts: int = 1, rejected: int = 0, **changes: Any) -> Edition:
        people = [a_person(name) for name in names]
        audience = enqueue.Audience(people=people, rows_read=len(people) + rejected, rejected=rejected)
        return enqueue.freeze(self.ledger, an_edition(**changes), audience, parts=parts, now=NOW)

    def claim(
        self,
        limit: int = 100,
        *,
        owner: str = ME,
        now: datetime = NOW,
        begin: bool = True,
        carrier: claim.Carrier = MAIL,
        limits: pace.Limits = pace.UNLIMITED,
    ) -> list[Claimed]:
        """Take what is due: `sending` at once with `begin`, else only reserved."""
        hand = claim.Hand(carrier=carrier, owner=owner, begins=begin, limits=limits)
        taken = self.ledger.write(claim.claim, hand, limit, now)
        return [_begun(one, now) for one in taken] if begin else taken

    def record(
        self,
        claimed: Sequence[Claimed],
        outcome: Outcome,
        *,
        retry_at: datetime | None = None,
        owner: str = ME,
        now: datetime = NOW,
    ) -> list[int]:
        results = [
            record.Result(delivery_id=one.delivery.id, outcome=outcome, retry_at=retry_at) for one in claimed
        ]
        return self.ledger.write(record.record, owner, results, now)

    def counts(self, key: str | None = None) -> dict[str, int]:
        """The counts of the one edition (or that called `key`) that are not zero; always proved."""
        assert self.ledger.read(status.reconcile) == []
        rows = self.ledger.read(status.editions)
        row = next(row for row in rows if key in (None, row.key))
        assert row.accounts.balances or row.state == "filling"
        return {
            name: getattr(row.accounts, name)
            for name in row.accounts.__slots__
            if getattr(row.accounts, name)
        }

    def state(self, key: str | None = None) -> str:
        rows = self.ledger.read(status.editions)
        return next(row.state.value for row in rows if key in (None, row.key))

    def deliveries(self, key: str | None = None) -> list[status.DeliveryRow]:
        return self.ledger.read(lambda connection: list(status.deliveries(connection, key)))

    def states(self, key: str | None = None) -> list[str]:
        return [row.delivery.state.value for row in self.deliveries(key)]


def _begun(one: Claimed, now: datetime) -> Claimed:
    found = one.delivery
    news = {"state": DeliveryState.SENDING, "attempts": found.attempts + 1}
    return replace(one, delivery=replace(found, first_begun_at=found.first_begun_at or now, **news))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that opens a ledger on both databases, but for those that are about one of them alone."""
    if "database" in metafunc.fixturenames:
        both = ("sqlite", "postgresql")
        only = [name for name in both if metafunc.definition.get_closest_marker(f"{name}_only")]
        metafunc.parametrize("database", only or both)


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a ledger may be made; none is there yet, unless the test asks for `ledger` too."""
    is_made = "ledger" in request.fixturenames
    if database == "sqlite":
        if is_made:
            shutil.copy(request.getfixturevalue("fresh"), tmp_path / "postroom.db")
        yield f"sqlite:///{tmp_path / 'postroom.db'}"
    else:
        server: Server = request.getfixturevalue("postgresql")
        made = server.create(*[request.getfixturevalue("fresh_database")] if is_made else [])
        yield made
        server.drop(made)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in SQLite that was just made, to be copied: making one runs all migrations."""
    path = tmp_path_factory.mktemp("fresh") / "postroom.db"
    Ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def fresh_database(postgresql: Server) -> str:
    """The name of a PostgreSQL database with a ledger that was just made, to be copied."""
    url = postgresql.create()
    Ledger(url).close()
    return name_of(url)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An open ledger at `url` with nothing in it."""
    with Ledger(url) as opened:
        yield opened


@pytest.fixture
def outbox(ledger: Ledger) -> Outbox:
    return Outbox(ledger)


@pytest.fixture
def make_edition() -> Callable[..., Edition]:
    return an_edition


@pytest.fixture
def make_post() -> Callable[..., Post]:
    return a_post


@pytest.fixture
def person() -> Callable[[str], Recipient]:
    return a_person


@pytest.fixture
def later() -> Deferred:
    return Deferred(reason="451 4.7.1 greylisted")
