"""A restored ledger sends nothing of which it cannot know whether it went out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from postroom.cli import session
from postroom.outbox import guard

KEY = "newsletter/article/letters"


@pytest.fixture
def restored(office, mailbox):
    """An office that sends by SMTP; its ledger came here from another place."""
    office.configure(mailbox.instead)
    return office


def beat(office) -> None:
    """Have the ledger at work here."""
    with office.ledger() as ledger:
        guard.beat(ledger, guard.place_of(ledger.url), session.now())


def move(office) -> None:
    """Have the ledger at work here, then let it look as if it had come from elsewhere."""
    beat(office)
    (office.folder / "postroom.db.instance").unlink()


def lose(office, how: str) -> None:
    """Have the ledger `removed` or `emptied`; what stands beside it stays."""
    for each in office.folder.glob("postroom.db*"):
        if not each.name.endswith((".instance", ".lock")):
            each.unlink()
    if how == "emptied":
        (office.folder / "postroom.db").touch()


def test_a_ledger_at_home_needs_no_adoption(restored, postroom) -> None:
    answer = postroom("adopt")
    assert answer.code == 0
    assert "there is nothing to adopt" in answer.told
    assert json.loads(postroom("adopt", "--json").out)["adopted"] is False


def test_a_ledger_that_looks_at_home_is_adopted_when_asked_for(restored, postroom, hours) -> None:
    restored.article(date=hours(-1))
    restored.run()
    answer = postroom("adopt", "--anyway", "--yes")
    assert answer.code == 0
    assert f"held: {KEY}" in answer.told


def test_where_nobody_can_be_asked_a_word_is_needed(restored, postroom, hours) -> None:
    restored.article(date=hours(-1))
    restored.run()
    move(restored)
    answer = postroom("adopt")
    assert answer.code == 2
    assert "came here without postroom.db.instance" in answer.told
    assert "postroom adopt --yes" in answer.told


def test_what_was_open_is_held_until_a_person_lets_it_go(restored, mailbox, postroom, hours) -> None:
    restored.article(date=hours(-1))
    restored.run()
    assert postroom("outbox", "approve", KEY, "--recipients", "3").code == 0
    move(restored)
    answer = postroom("adopt", "--yes")
    assert answer.code == 0
    assert f"held: {KEY}" in answer.told
    restored.run()
    assert mailbox.recipients == []
    assert f"if not: `postroom outbox release {KEY}`" in postroom("outbox", "status").told
    assert postroom("plan", "--all").told.count(f"`postroom outbox release {KEY}`") == 1
    assert postroom("outbox", "release", KEY).code == 0
    restored.run()
    assert len(mailbox.recipients) == 3


def test_each_held_edition_is_named_with_the_command_that_lets_it_go_on(restored, postroom, hours) -> None:
    for name in ("first", "second"):
        restored.article(name, date=hours(-1))
    restored.run()
    first, second = "newsletter/article/first", "newsletter/article/second"
    assert postroom("outbox", "approve", first, "--recipients", "3").code == 0
    move(restored)
    adopted = postroom("adopt", "--yes").told
    again = postroom("adopt", "--anyway", "--yes").told
    for command in (f"postroom outbox release {first}", f"postroom outbox approve {second} --recipients 3"):
        assert f"`{command}` lets it go on" in adopted
        assert f"`{command}` lets it go on" in again
    status = postroom("outbox", "status").told
    assert f"{second}: it is the first edition" in status
    assert status.count("may have sent it") == 2
    refused = postroom("outbox", "release", second)
    assert refused.code == 1
    assert "needs approval: it is the first edition" in refused.told
    assert refused.told.count("postroom outbox approve") == 1
    assert postroom("outbox", "release", first).code == 0
    assert postroom("outbox", "approve", second, "--recipients", "3").code == 0


def test_what_the_ledger_never_heard_of_but_was_due_is_held(restored, mailbox, postroom, hours) -> None:
    restored.article("first", date=hours(-1.5))
    restored.run()
    assert postroom("outbox", "approve", "newsletter/article/first", "--recipients", "3").code == 0
    restored.run()
    assert len(mailbox.recipients) == 3
    move(restored)
    assert postroom("adopt", "--yes", "--json").code == 0
    restored.article(date=hours(-0.5))
    restored.run()
    assert len(mailbox.recipients) == 3
    answer = postroom("outbox", "status")
    assert "before this ledger was adopted" in answer.told
    assert "another copy of the ledger may have sent it" in answer.told
    assert postroom("outbox", "approve", KEY).code == 0
    restored.run()
    assert len(mailbox.recipients) == 6


def test_what_is_due_after_the_adoption_goes_out(restored, mailbox, postroom, hours) -> None:
    restored.article("first", date=hours(-1.5))
    restored.run()
    assert postroom("outbox", "approve", "newsletter/article/first", "--recipients", "3").code == 0
    restored.run()
    move(restored)
    assert postroom("adopt", "--yes").code == 0
    restored.article(date=hours(1))
    restored.run(after=timedelta(hours=2))
    assert len(mailbox.recipients) == 6


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_lost_ledger_sends_nothing_again(restored, mailbox, postroom, hours, how: str) -> None:
    beat(restored)
    names = ("first", "second", "third")
    for name in names:
        restored.article(name, date=hours(-1))
    restored.run()
    for name in names:
        assert postroom("outbox", "approve", f"newsletter/article/{name}", "--recipients", "3").code == 0
    restored.run()
    assert len(mailbox.recipients) == 9
    lose(restored, how)
    answer = postroom("adopt", "--yes")
    assert answer.code == 1
    assert "`postroom outbox recover` puts the newest backup there" in answer.told
    assert postroom("run", "--once").code == 1
    postroom("outbox", "approve", "newsletter/article/first", "--recipients", "3")
    assert postroom("run", "--once").code == 1
    assert len(mailbox.recipients) == 9
    assert postroom("adopt", "--yes").code == 0
    restored.run()
    assert len(mailbox.recipients) == 9


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_lost_ledger_is_told_by_whatever_would_speak_for_it(restored, postroom, hours, how: str) -> None:
    beat(restored)
    restored.article(date=hours(-1))
    restored.run()
    lose(restored, how)
    gone = (
        "postroom.db.instance beside it tells of one which knew what has gone out. `postroom outbox recover`"
    )
    doctor = postroom("doctor", "--json", "--offline")
    assert doctor.code == 1
    assert [each["state"] for each in json.loads(doctor.out) if gone in each["detail"]] == ["wrong"]
    for words in (
        *(
            ("plan",),
            ("outbox", "status"),
            ("outbox", "list"),
            ("outbox", "backup"),
            ("outbox", "approve", KEY),
        ),
        *(("suppress", "--list"), ("suppress", "ada@reader.example")),
    ):
        answer = postroom(*words)
        assert (answer.code, answer.out) == (1, ""), words
        assert gone in answer.told, words


def test_a_lost_ledger_of_rehearsals_is_begun_anew(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    assert postroom("run", "--once").code == 0
    lose(office, "removed")
    assert "will be made by the first run" in postroom("doctor").told
    assert postroom("outbox", "status").code == 0


def test_leave_for_one_first_edition_lets_no_other_go(restored, mailbox, postroom, hours) -> None:
    for name in ("first", "second"):
        restored.article(name, date=hours(-1))
    restored.run()
    assert postroom("outbox", "approve", "newsletter/article/first", "--recipients", "3").code == 0
    restored.run()
    assert len(mailbox.recipients) == 3
    assert postroom("outbox", "approve", "newsletter/article/second", "--recipients", "3").code == 0
    restored.run()
    assert len(mailbox.recipients) == 6
