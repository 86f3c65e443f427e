"""A publication in plain values, and every public page it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from postroom.config.palette import DARK, LIGHT, SYSTEM_FONT
from postroom.model import Brand
from postroom.web.public import (
    Choice,
    Doors,
    Fault,
    Notice,
    Paging,
    Parting,
    Person,
    Published,
    SignUp,
    Site,
    Ways,
    archive,
    confirm,
    confirmed,
    erase,
    erased,
    leave,
    left,
    message,
    preferences,
    sign_up,
    sign_up_sent,
)

ORIGIN = "https://mail.kitchen.example"
BRAND = Brand(light=replace(LIGHT, accent="#0b6b4f"), dark=replace(DARK, accent="#6fd3b0"), font=SYSTEM_FONT)
SITE = Site(
    name="The Slow Kitchen",
    url="https://kitchen.example",
    language="en",
    brand=BRAND,
    style="/style.css",
    timezone="Europe/London",
    address="1 Example Street\nLondon",
)


@dataclass(frozen=True)
class Said:
    """What other people wrote, wherever a page shows such words."""

    name: str = "Sunday letter"
    about: str = "One long read, every Sunday morning."
    other: str = "Recipes"
    title: str = "Why sourdough keeps a clock"
    subtitle: str = "A jar of flour and water tells the time better than you think."
    person: str = "Ada Lovelace"
    address: str = "ada@example.org"

    @classmethod
    def everywhere(cls, text: str) -> Said:
        return cls(**dict.fromkeys(cls.__dataclass_fields__, text))


def lists(said: Said) -> tuple[Choice, ...]:
    return (
        Choice(key="7", title=said.name, about=said.about, is_chosen=True),
        Choice(key="8", title=said.other),
    )


def editions(said: Said) -> tuple[Published, ...]:
    moment = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    first = Published(
        id="tag:kitchen.example,2026-11-24:clock",
        title=said.title,
        subtitle=said.subtitle,
        url="/archive/clock",
        published_at=moment,
    )
    second = replace(first, id="tag:kitchen.example,2026-11-17:salt", title=said.other, url="/archive/salt")
    return first, second, replace(second, id="tag:kitchen.example,2026-11-10:x", subtitle="")


def pages(site: Site, said: Said) -> dict[str, str]:
    """Write every page there is, by a name for it."""
    two, faults = lists(said), tuple(Fault)
    person = Person(lists=two, language="de", address=said.address)
    doors = Doors(save="/p/tok", export="/p/tok/export", erase="/p/tok/erase")
    ways = Ways(sign_up="/sign-up", atom="/feed.atom", json="/feed.json")
    wrong = SignUp(stamp="st4mp", email=said.address, name=said.person, faults=faults)
    found = {
        "sign-up": sign_up(site, two, "/sign-up", SignUp(stamp="st4mp")),
        "sign-up-single": sign_up(site, two[:1], "/sign-up", SignUp(stamp="st4mp")),
        "sign-up-wrong": sign_up(site, two, "/sign-up", wrong),
        "sign-up-sent": sign_up_sent(site),
        "confirm": confirm(site, [said.name, said.other], "/c/tok"),
        "confirmed": confirmed(site, [said.name]),
        "leave": leave(site, Parting(list=said.name), "/u/tok"),
        "leave-others": leave(site, Parting(list=said.name, others=two[1:], preferences="/p/tok"), "/u/tok"),
        "left": left(site, [said.name], "/sign-up"),
        "preferences": preferences(site, person, doors),
        "preferences-saved": preferences(site, person, doors, is_saved=True),
        "erase": erase(site, "/p/tok/erase", "/p/tok"),
        "erased": erased(site),
        "archive": archive(
            site, editions(said), Paging(number=2, count=7, newer="?page=1", older="?page=3"), ways
        ),
        "archive-empty": archive(site, (), Paging(), Ways()),
    }
    return found | {f"message-{notice}": message(site, notice) for notice in Notice}


@pytest.fixture
def public() -> Any:
    """What tests build pages of."""
    return SimpleNamespace(
        site=SITE, brand=BRAND, said=Said, pages=pages, lists=lists, editions=editions, origin=ORIGIN
    )
