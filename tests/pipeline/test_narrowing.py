"""A condition that asks for what nobody has is worth a word, wherever the people are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom import config
from postroom.model import Member, MembershipState, Recipient
from postroom.outbox.intake import take_in
from postroom.outbox.standings import Errand
from postroom.pipeline.check import check
from postroom.pipeline.narrowing import in_ledger
from postroom.pipeline.project import open_project

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def findings(desk) -> list[str]:
    project = open_project(config.load(desk.folder / "config.yaml"))
    return [str(each) for each in check(project, desk.now).findings if each.rule == "segment-name"]


def test_a_name_that_is_no_column_is_told_with_its_line_and_the_nearest(desk) -> None:
    desk.configure(
        ("{file: subscribers.csv}", "\n    file: subscribers.csv\n    only: 'contry is \"DE\" or tags'")
    )
    desk.write("subscribers.csv", "email,country\nada@example.org,DE\n")
    (told,) = findings(desk)
    assert told.startswith("config.yaml:7")
    assert "subscribers.csv has no column `contry`, which counts as empty; did you mean `country`?" in told


def test_names_that_everybody_has_are_fine(desk) -> None:
    only = "country and tags and language and name and email and domain and joined and source"
    desk.configure(("{file: subscribers.csv}", f"{{file: subscribers.csv, only: '{only}'}}"))
    desk.write("subscribers.csv", "email,country\nada@example.org,DE\n")
    assert findings(desk) == []


def test_a_segment_of_nobody_in_a_file_is_told(desk) -> None:
    desk.configure(("{file: subscribers.csv}", "{file: subscribers.csv, only: 'country is \"FR\"'}"))
    desk.write("subscribers.csv", "email,country\nada@example.org,DE\n")
    project = open_project(config.load(desk.folder / "config.yaml"))
    told = " ".join(map(str, check(project, desk.now).findings))
    assert 'nobody is in it for whom `country is "FR"` holds: newsletter waits until there is one' in told


def test_of_a_list_it_is_told_how_many_and_what_nobody_has(desk) -> None:
    desk.configure(("{file: subscribers.csv}", "{list: weekly, only: 'contry is \"DE\"'}"))
    who = Recipient(
        address="a@example.org", identity="a@example.org", domain="example.org", merge={"country": "DE"}
    )
    with desk.ledger() as ledger:
        errand = Errand(list="weekly", source="a.csv", now=NOW)
        take_in(ledger, errand, [Member(recipient=who, state=MembershipState.CONFIRMED)])
        ((audience, told, odd),) = in_ledger(config.load(desk.folder / "config.yaml"), ledger)
    assert (audience.name, told) == ("subscribers", "0 of 1 on the list 'weekly'")
    assert odd == (
        "nobody on the list 'weekly' has `contry`, which counts as empty; did you mean `country`?",
    )
