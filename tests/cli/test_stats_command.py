"""`postroom stats`: results as people, machines and spreadsheets read them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from sqlalchemy import insert, select, update

from postroom.cli import console, session
from postroom.model import FeedbackKind
from postroom.outbox import leaving
from postroom.outbox.leaving import Act
from postroom.outbox.tables import delivery, edition, feedback

KEY = "newsletter/article/letters"
EDITION = {
    *("edition", "channel", "article", "variant", "title", "list", "state", "at"),
    *("recipients", "sent", "failed", "uncertain", "cancelled", "waiting"),
    *("bounced", "complained", "unsubscribed"),
    *("bounced_rate", "complained_rate", "unsubscribed_rate"),
}


@pytest.fixture
def sent(approved, mailbox):
    """An office that has sent an article by SMTP to three readers, of whom one bounced and one left."""
    approved.run()
    assert len(mailbox.recipients) == 3
    with approved.ledger() as ledger:
        ledger.write(_bounce_and_leave)
    return approved


def _bounce_and_leave(connection) -> None:
    query = select(delivery, edition.c.list).join(edition, edition.c.id == delivery.c.edition_id)
    first, second, _ = connection.execute(query.order_by(delivery.c.id).where(edition.c.key == KEY)).all()
    row = {
        "source": "mailbox",
        "event": "1",
        "kind": FeedbackKind.BOUNCED.value,
        "heard_at": session.now(),
        "delivery_id": first.id,
        "edition_id": first.edition_id,
        "outcome": "suppressed",
    }
    connection.execute(insert(feedback).values(row))
    leaving.leave(connection, second.recipient, second.list, Act(how="one-click"), session.now())


def test_before_anything_went_out_there_are_no_results(desk, postroom) -> None:
    answer = postroom("stats")
    assert (answer.code, answer.out.strip()) == (0, "Nothing went out.")
    assert json.loads(postroom("stats", "--json").out) == {"editions": [], "greetings": [], "lists": []}
    assert postroom("stats", "--csv").out.splitlines() == [",".join(_columns())]
    assert not (desk.folder / "postroom.db").exists()


def _columns() -> list[str]:
    from postroom.cli.stats import _COLUMNS

    assert {*_COLUMNS} == EDITION
    return [*_COLUMNS]


def test_a_rehearsal_is_no_result_and_is_told_as_such(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    answer = postroom("stats")
    assert "Nothing went out." in answer.out
    assert "went only to a folder, as a rehearsal, and left out here" in answer.told
    assert "It was only rehearsed: nobody got it." in postroom("stats", KEY).out


def test_a_piped_answer_is_a_plain_table_with_trends_above(sent, postroom) -> None:
    answer = postroom("stats")
    assert answer.code == 0
    assert "\x1b" not in answer.out
    lines = answer.out.splitlines()
    assert lines[0] == "newsletter: 1 edition"
    assert lines[1].split() == ["sent", "█", "3"]
    assert lines[2].split() == ["bounced", "█", "1", "(33.33%)"]
    assert lines[3].split() == ["complained", "▁", "0", "(0.00%)"]
    assert lines[4].split() == ["left", "█", "1", "(33.33%)"]
    (row,) = [line for line in lines if KEY in line and "did not arrive" not in line]
    assert row.split()[-7:] == ["3", "3", "1", "(33.33%)", "0", "1", "(33.33%)"]


def test_on_a_narrow_terminal_nothing_is_folded(sent, postroom, monkeypatch) -> None:
    monkeypatch.setattr(console, "out", lambda: Console(highlight=False, width=80))
    answer = postroom("stats")
    assert any(line.endswith(KEY) for line in answer.out.splitlines())
    assert "to 3: 3 sent, 1 (33.33%) bounced, 0 complained, 1 (33.33%) left" in answer.told
    assert all(len(line) <= 80 for line in answer.out.splitlines() if "did not arrive" not in line)


def test_machines_read_every_count_and_rate(sent, postroom) -> None:
    found = json.loads(postroom("stats", "--json").out)
    (one,) = found["editions"]
    assert one.keys() == EDITION
    assert (one["edition"], one["sent"], one["bounced"], one["unsubscribed"]) == (KEY, 3, 1, 1)
    assert one["bounced_rate"] == pytest.approx(1 / 3, abs=1e-6)
    assert datetime.fromisoformat(one["at"]).tzinfo is not None
    (left,) = found["lists"]
    assert (left["list"], left["members"]) == ("@subscribers", None)
    assert sum(period["left"] for period in left["periods"]) == 1
    assert left["periods"][-1].keys() == {"begins", "asked", "confirmed", "added", "left"}
    assert json.loads(postroom("stats", "article/letters", "--json").out) == one


def test_no_spreadsheet_runs_a_title(sent, postroom) -> None:
    evil = '=HYPERLINK("https://evil.example","\r\n@SUM(1)")'
    query = update(edition).where(edition.c.key == KEY).values(title=evil)
    with sent.ledger() as ledger:
        ledger.write(lambda connection: connection.execute(query).rowcount)
    head, row = csv.reader(io.StringIO(postroom("stats", "--csv").out, newline=""))
    cells = dict(zip(head, row, strict=True))
    assert cells["title"] == f"'{evil}"
    assert (cells["sent"], cells["bounced"]) == ("3", "1")


def test_one_edition_is_told_in_full(sent, postroom) -> None:
    answer = postroom("stats", KEY)
    assert "On letters" in answer.out
    assert f"{KEY}, finished," in answer.out
    rows = {words[0]: words[1:] for words in map(str.split, answer.out.splitlines()) if words}
    assert rows["sent"] == ["3", "100.00%", "of", "all"]
    assert rows["bounced"] == ["1", "33.33%", "of", "those", "sent"]


def test_too_many_bounces_are_told_with_what_to_do(sent, postroom) -> None:
    told = postroom("stats").told
    assert f"{KEY}: 33.3% did not arrive (1, refused at once or later): over 5%" in told
    assert "write only to who confirms it anew" in told


@pytest.mark.parametrize(
    ("complained", "of", "expected"),
    [(0, 1000, ""), (1, 2000, ""), (1, 1000, "less than 0.1%"), (3, 1000, "from 0.3% on")],
)
def test_complaints_are_warned_of_at_the_bounds_of_the_large_receivers(
    complained: int, of: int, expected: str
) -> None:
    from postroom.cli.scoreboard import worries
    from postroom.model import EditionState
    from postroom.outbox.results import Counts, Result

    one = Result(
        id=1,
        key=KEY,
        channel="newsletter",
        article="letters",
        variant="article",
        title="On letters",
        list="weekly",
        greeting="",
        transport_kind="smtp",
        rehearsal=False,
        state=EditionState.FINISHED,
        is_mail=True,
        begun_at=datetime(2026, 11, 22, tzinfo=UTC),
        counts=Counts(recipients=of, sent=of, complained=complained),
    )
    found = " ".join(worries([one]))
    assert expected in found
    assert bool(found) == bool(expected)


def test_only_what_began_since_is_told(sent, postroom) -> None:
    tomorrow = (session.now() + timedelta(days=1)).date().isoformat()
    answer = postroom("stats", "--since", tomorrow)
    assert f"Nothing went out since {tomorrow}" in answer.out
    yesterday = (session.now() - timedelta(days=1)).date().isoformat()
    assert len(json.loads(postroom("stats", "--since", yesterday, "--json").out)["editions"]) == 1


def test_one_channel_is_told_and_one_that_is_not_there_is_named_with_the_nearest(sent, postroom) -> None:
    assert json.loads(postroom("stats", "--channel", "linkedin", "--json").out)["editions"] == []
    answer = postroom("stats", "--channel", "newsleter")
    assert answer.code == 2
    assert "there is no channel 'newsleter'; did you mean 'newsletter'?" in answer.err


def test_a_list_is_told_period_by_period(sent, postroom) -> None:
    answer = postroom("stats", "--list", "@subscribers")
    assert "@subscribers: kept in a file" in answer.out
    assert "1 in 30 days" in answer.told
    weeks = json.loads(postroom("stats", "--list", "@subscribers", "--by", "week", "--json").out)["periods"]
    assert len(weeks) == 12
    begun = [datetime.fromisoformat(week["begins"]) for week in weeks]
    assert {moment.weekday() for moment in begun} == {0}
    head, *rows = csv.reader(
        io.StringIO(postroom("stats", "--list", "@subscribers", "--csv").out, newline="")
    )
    assert head == ["list", "begins", "asked", "confirmed", "added", "left"]
    assert (len(rows), rows[-1][0]) == (30, "'@subscribers")


def test_a_list_that_is_not_there_is_named_with_the_nearest(sent, postroom) -> None:
    answer = postroom("stats", "--list", "@subscriber")
    assert answer.code == 2
    assert "did you mean '@subscribers'?" in answer.err


def test_an_edition_that_is_not_there_is_named_with_the_nearest(sent, postroom) -> None:
    answer = postroom("stats", "newsletter/article/leters")
    assert answer.code == 2
    assert KEY in answer.err


def test_an_edition_and_a_list_at_once_are_refused(desk, postroom) -> None:
    assert postroom("stats", "letters", "--list", "weekly").code == 2
