"""Whom a channel is for is counted as it will be frozen: by plans, proposals and publishing alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postroom import config
from postroom.model import Member, MembershipState, Recipient
from postroom.outbox import leaving, operate, status, subscribers
from postroom.outbox.erasures import note
from postroom.outbox.intake import take_in
from postroom.outbox.leaving import Act
from postroom.outbox.standings import Errand
from postroom.pipeline.heads import headcount, people

FILE = """\
email,name,country,tags
ada@example.org,Ada,DE,"ai, lead"
bea@example.org,Bea,CH,ai
ada@example.org,Ada again,DE,ai
nobody,No,DE,ai
cyd@example.org,Cyd,DE,
"""
AI = 'country is "DE" and tags has "ai"'


def channel(desk):
    return config.load(desk.folder / "config.yaml").channels["newsletter"]


def narrowed(desk, what: str = "file: subscribers.csv", only: str = AI) -> None:
    desk.configure(("{file: subscribers.csv}", f"{{{what}, only: '{only}'}}"))
    desk.write("subscribers.csv", FILE)


def stocked(desk) -> None:
    rows = [("ada", ("ai",), "DE"), ("bea", ("ai",), "CH"), ("cyd", (), "DE"), ("dan", ("ai",), "DE")]
    members = [
        Member(
            recipient=Recipient(
                address=f"{name}@example.org",
                identity=f"{name}@example.org",
                domain="example.org",
                merge={"country": country},
            ),
            state=MembershipState.CONFIRMED,
            tags=tags,
        )
        for name, tags, country in rows
    ]
    with desk.ledger() as ledger:
        take_in(ledger, Errand(list="weekly", source="a.csv", now=desk.now), members)


def counted(desk) -> tuple[int, int, int]:
    with desk.ledger() as ledger:
        found = headcount(channel(desk), ledger)
    return found.rows_read, found.rejected, found.recipients


def test_who_left_a_file_or_was_erased_or_suppressed_is_not_counted(desk) -> None:
    desk.subscribers(5)
    assert counted(desk) == (5, 0, 5)
    with desk.ledger() as ledger:
        for name in ("reader0", "reader1"):
            who = Recipient(
                address=f"{name}@example.org", identity=f"{name}@example.org", domain="example.org"
            )
            number = ledger.write(subscribers.enrol_one, who, "audience", desk.now)
            to = "@subscribers" if name == "reader0" else "@another"
            ledger.write(leaving.leave, number, to, Act(how="one-click"), desk.now)
        ledger.write(operate.suppress, "reader2@example.org", "reader2@example.org", "asked", desk.now)
        ledger.write(note, "reader3@example.org", desk.now)
    assert counted(desk) == (5, 0, 2)


def test_the_rows_of_a_file_that_are_not_in_the_segment_are_no_rows(desk) -> None:
    narrowed(desk)
    assert counted(desk) == (3, 1, 1)
    with desk.ledger() as ledger:
        found = [row.name for row in people(channel(desk), ledger) if isinstance(row, Recipient)]
    assert found == ["Ada", "Ada again"]


def test_the_segment_of_a_list_is_counted_without_who_is_suppressed(desk) -> None:
    narrowed(desk, "list: weekly")
    stocked(desk)
    assert counted(desk) == (2, 0, 2)
    with desk.ledger() as ledger:
        ledger.write(operate.suppress, "dan@example.org", "dan@example.org", "asked", desk.now)
        assert [row.address for row in people(channel(desk), ledger)] == [
            "ada@example.org",
            "dan@example.org",
        ]
    assert counted(desk) == (2, 0, 1)


@pytest.mark.parametrize(
    ("what", "accounts"), [("file: subscribers.csv", (3, 1, 1, 1)), ("list: weekly", (2, 0, 0, 2))]
)
def test_what_is_frozen_is_what_was_counted(desk, what: str, accounts: tuple[int, ...]) -> None:
    narrowed(desk, what)
    stocked(desk)
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.article()
    desk.run(timedelta(hours=2))
    with desk.ledger() as ledger:
        (row,) = [each for each in ledger.read(status.editions) if each.channel == "newsletter"]
    found = row.accounts
    assert (found.rows_read, found.rejected, found.duplicate, found.recipients) == accounts
    assert found.sent == found.recipients


def test_a_segment_of_nobody_waits_and_says_so(desk) -> None:
    narrowed(desk, "list: weekly", "vip")
    stocked(desk)
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.article()
    done = desk.run(timedelta(hours=2))
    told = " ".join(str(finding) for finding in done.findings)
    assert "no subscriber in the list weekly, for whom `vip` holds and who may be written to" in told
