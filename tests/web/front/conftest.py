"""A newsstand: the public pages of a project over real HTTP, beside a ledger that sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from postroom import config
from postroom.config import Config
from postroom.model import Article, Edition, Email, Recipient, Sender, Sent, Unsubscribe
from postroom.outbox import Ledger, claim, content, enqueue, operate, pace, record, sightings
from postroom.slugs import slug_of
from postroom.web.front import Front, front_of
from postroom.web.front.serving import serve_beside

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PAGES = "https://mail.example.org/post"
PICTURES = f'images: {{folder: pictures, url: "{PAGES}/images"}}'
HTML = (
    '<!DOCTYPE html><html lang="en"><head><title>On kilns</title><style>p{color:#111}</style></head><body>'
    "<p>Dear @@first_name|reader@@ &amp; friends at @@email@@, @@city@@</p>"
    '<img src="https://pictures.example/kiln.png" alt=""><p><a href="https://learning.example">home</a>'
    '<a href="@@web_url|https://mail.example.org/post/e/x@@">View in browser</a>'
    '<span class="dot"> · </span><a style="color:red" href="@@unsubscribe_url@@" class="x">Unsubscribe</a></p>'
    '<a href="@@profile@@">yours</a><!-- ' + "long " * 500 + "--></body></html>"
)


def an_email(subject: str = "On kilns", **changes: object) -> Email:
    email = Email(
        subject=subject,
        preheader="Fire for @@first_name|you@@",
        html=HTML,
        text="Dear @@first_name|reader@@",
        mjml="<mjml/>",
        language="en",
        fence="@@",
    )
    return replace(email, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Stand:
    """The pages, and what may happen to an edition."""

    ledger: Ledger
    config: Config
    front: Front
    client: httpx.Client

    def freeze(self, article: str, **changes: Any) -> Edition:
        """Write an edition for two people."""
        body = changes.pop("content", None) or an_email()
        facts: dict[str, Any] = {
            "key": f"newsletter/article/{article}",
            "channel": "newsletter",
            "article": article,
            "variant": "article",
            "title": f"On {article}",
            "content": body,
            "content_hash": content.digest(body),
            "source_hash": "s",
            "transport": "mail",
            "transport_kind": "smtp",
            "rehearsal": False,
            "due_at": NOW,
            "created_at": NOW,
            "sender": Sender(from_="News <news@example.org>", list_id="n.example.org", list_name="News"),
            "unsubscribe": Unsubscribe(web=PAGES),
            "list": "weekly",
            **changes,
        }
        people = [
            Recipient(address=f"{name}@example.org", identity=f"{name}@example.org", domain="example.org")
            for name in ("ada", "bob")
        ]
        seen = Article(
            id=article,
            path=f"{article}.md",
            file=f"{article}.md",
            source=Path(f"/x/{article}.md"),
            title=f"On {article}",
            body_line=1,
            body_hash=article,
            source_hash="s",
        )
        self.ledger.write(sightings.see, {}, [seen], NOW)
        audience = enqueue.Audience(people=people, rows_read=2)
        return enqueue.freeze(self.ledger, Edition(**facts), audience, parts=1, now=NOW)

    def send(self, at: datetime = NOW, limit: int = 9) -> None:
        """Send what is due."""
        hand = claim.Hand(
            carrier=claim.Carrier("mail", "smtp"), owner="me", begins=True, limits=pace.UNLIMITED
        )
        for one in self.ledger.write(claim.claim, hand, limit, at):
            result = record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250 ok"), retry_at=None)
            self.ledger.write(record.record, "me", [result], at)

    def publish(self, article: str, at: datetime = NOW, **changes: Any) -> str:
        """Freeze an edition and send it; return its path."""
        self.freeze(article, **changes)
        self.send(at)
        return self.path(article)

    def pull(self, article: str) -> None:
        self.ledger.write(operate.pull, article, "it was wrong", NOW)

    def path(self, article: str) -> str:
        return f"/e/{slug_of('newsletter', 'article', article)}"


@pytest.fixture
def stand(desk, monkeypatch) -> Iterator[Stand]:
    desk.configure(("images: {folder: public/images, url: https://mail.test.example/images}", PICTURES))
    with (desk.folder / "config.yaml").open("a") as file:
        file.write(f'\nweb: {{url: "{PAGES}", listen: "127.0.0.1:8099"}}\n')
    # What changes is asked for at once: no test waits for a second to go by.
    monkeypatch.setattr("postroom.web.front.catalogue.FRESH_SECONDS", 0)
    loaded = config.load(desk.folder / "config.yaml")
    with Ledger(loaded.database) as ledger:
        front = front_of(loaded, ledger, lambda: NOW, str)
        handle = serve_beside(front, "127.0.0.1:0")
        with httpx.Client(base_url=handle.address, follow_redirects=False) as client:
            yield Stand(ledger, loaded, front, client)
        handle.close()
