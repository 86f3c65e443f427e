"""A small project in plain values: what the studio shows in tests, and a source that it comes from."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from postroom.errors import PostroomError
from postroom.model import Asset, Email, Finding, LinkCard, Post, PostImage, Severity
from postroom.web.studio import Entry, Sheet, app

HERE = Path(__file__).parent
TOKEN = "t0kenthatnobodyguesses"
PREFIX = "https://mail.kitchen.example/images"
CLOCK = "seeds/why-sourdough-keeps-a-clock.md"

HOOK = """Your sourdough starter is a clock.

Feed it at eight in the morning, and by early afternoon it has doubled. \
Leave it on a cold windowsill, and the same rise takes until midnight.

Between 20 and 30 °C each ten degrees roughly double the pace. \
So the shelf matters more than the flour.

Where does your jar stand?

#Baking #Sourdough #SlowFood"""


def entry(
    article: str = "clock", channel: str = "newsletter", variant: str = "article", **facts: object
) -> Entry:
    known = {
        "title": "Why sourdough keeps a clock",
        "file": CLOCK,
        "kind": "email" if channel == "newsletter" else "linkedin",
        "state": "ready",
        "why": "It goes out at the next tick, to 1,204 people.",
    }
    return Entry(article=article, channel=channel, variant=variant, **{**known, **facts})  # type: ignore[arg-type]


def mail(of: Entry, html: str | None = None, **facts: object) -> Sheet:
    html = html if html is not None else (HERE / "newsletter.html").read_text("utf-8")
    content = Email(
        subject=of.title,
        preheader="A jar of flour and water tells the time better than you think.",
        html=html.replace("Ada", "@@first_name@@"),
        text="…",
        mjml='<mjml lang="en">\n  <mj-body>\n    <mj-section />\n  </mj-body>\n</mjml>',
        language="en",
        fence="@@",
    )
    headers = (
        ("From", "The Slow Kitchen <news@kitchen.example>"),
        ("To", "Ada <ada@example.org>"),
        ("Subject", of.title),
        ("Date", "Tue, 24 Nov 2026 09:00:00 +0000"),
        ("List-Unsubscribe", "<https://mail.kitchen.example/u/abc>"),
    )
    told = {
        "html": html,
        "text": f"{of.title}\n{'=' * len(of.title)}\n\nHello Ada, every starter has a rhythm. [1]\n\n"
        "[1] https://kitchen.example/articles/clock\n",
        "preheader": content.preheader,
        "eml": "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\nbody\r\n",
        "headers": headers,
        "json": json.dumps({"subject": of.title, "language": "en"}, indent=2),
    }
    return Sheet(entry=of, content=content, **{**told, **facts})  # type: ignore[arg-type]


def post(of: Entry, *parts: str, **facts: object) -> Sheet:
    hero = Asset(src="hero.webp", url=f"{PREFIX}/hero.jpg", file=Path("hero.jpg"), width=1200, height=600)
    card = LinkCard(
        url="https://kitchen.example/articles/clock",
        title=of.title,
        description="A jar of flour and water tells the time better than you think",
        image=hero,
        image_alt="A loaf on a wooden board",
    )
    content = Post(network="linkedin", parts=parts or (HOOK,), language="en", card=card)
    content = replace(content, **facts)  # type: ignore[arg-type]
    return Sheet(entry=of, content=content, sender="The Slow Kitchen", json='{"network": "linkedin"}')


def finding(severity: Severity, message: str, line: int | None = 7) -> Finding:
    return Finding(rule="some-rule", severity=severity, file=CLOCK, line=line, message=message)


def hero() -> bytes:
    """Draw a picture of some size: light falling over a board."""
    rows = [(226 - y // 4, 190 - y // 3, 140 - y // 3) for y in range(300)]
    picture = Image.new("RGB", (1, 300))
    picture.putdata(rows)
    out = io.BytesIO()
    picture.resize((600, 300)).save(out, "JPEG")
    return out.getvalue()


@dataclass
class Kitchen:
    """A source made of values, which a test may change between two looks."""

    sheets: list[Sheet] = field(default_factory=list)
    images: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    url_prefix: str = PREFIX
    changes: int = 1
    broken: PostroomError | None = None
    asked: list[str] = field(default_factory=list)

    def catalogue(self) -> Sequence[Entry]:
        self._ask("catalogue")
        return [sheet.entry for sheet in self.sheets]

    def sheet(self, article: str, channel: str, variant: str) -> Sheet:
        self._ask(f"sheet {article} {channel} {variant}")
        names = (article, channel, variant)
        return next(s for s in self.sheets if (s.entry.article, s.entry.channel, s.entry.variant) == names)

    def asset(self, name: str) -> tuple[bytes, str] | None:
        self._ask(f"asset {name}")
        return self.images.get(name)

    def generation(self) -> int:
        return self.changes

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.broken:
            raise self.broken


def kitchen() -> Kitchen:
    """Set up a project as editors have them: all states, one broken article, one thread."""
    late = "config.yaml:31: its date is 12 days old and hold_if_late is 3 days; approve it to send it."
    soon = "It goes out on Friday at 09:00, two days after the hook."
    clock = [
        mail(
            entry(warnings=1),
            findings=(finding(Severity.WARNING, "The image has no alternative text; say what it shows."),),
        ),
        post(
            entry(channel="linkedin", variant="hook", state="published", why="Sent on 24 November at 09:00.")
        ),
        post(
            entry(channel="linkedin", variant="takeaways", state="waiting", why=soon),
            first_comment="All of it: https://kitchen.example/articles/clock",
            card=None,
        ),
        post(
            entry(channel="linkedin", variant="question", state="waiting", why=soon),
            "Where does your jar stand?",
            "Mine is above the fridge. #Baking",
            card=None,
            images=(PostImage(asset=Asset(src="a", url="https://else.example/a.jpg"), alt="A jar"),),
        ),
    ]
    salt = {"title": "Salt, in four acts", "file": "seeds/salt.md", "state": "held", "why": late}
    broken = entry(
        "yeast",
        title="Yeast: a love story",
        file="seeds/yeast.md",
        state="blocked",
        why="Its front matter cannot be read.",
        errors=2,
    )
    wrong = (
        finding(
            Severity.ERROR, "`publish_time: tomorow` is no date; expected one such as 2026-11-24 09:00.", 4
        ),
        finding(Severity.ERROR, "The body is empty."),
        finding(Severity.INFO, "It has no image."),
    )
    rest = [
        mail(entry("salt", **salt)),
        post(entry("salt", "linkedin", "hook", **salt)),
        Sheet(entry=broken, content=None, findings=wrong),
    ]
    return Kitchen(sheets=clock + rest, images={"hero.jpg": (hero(), "image/jpeg")})


class Visitor:
    """A browser on this machine, without a window. Paths start below the token."""

    def __init__(self, source: Kitchen, base: str = f"http://127.0.0.1:8765/{TOKEN}/") -> None:
        self.app = app(source, token=TOKEN, hosts=("127.0.0.1", "localhost"))
        self._base = base

    def get(self, path: str = "", **headers: str) -> httpx.Response:
        return self.request("GET", path, headers=list(headers.items()))

    def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())


@pytest.fixture
def make() -> SimpleNamespace:
    """What tests build their own pages of."""
    return SimpleNamespace(
        entry=entry,
        mail=mail,
        post=post,
        finding=finding,
        kitchen=Kitchen,
        visitor=Visitor,
        token=TOKEN,
        prefix=PREFIX,
    )


@pytest.fixture
def source() -> Kitchen:
    return kitchen()


@pytest.fixture
def studio(source: Kitchen) -> Visitor:
    return Visitor(source)
