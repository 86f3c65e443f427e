"""Whoever is forgotten is in no file of ours, and each place that may still name them is told."""

from __future__ import annotations

import os
from datetime import timedelta

from postroom import config
from postroom.address import normalise
from postroom.outbox import backup, wiping
from postroom.pipeline.forgetting import forget

READER = "reader1@example.org"


def forgotten(desk, *addresses: str):
    loaded = config.load(desk.folder / "config.yaml")
    with desk.ledger() as ledger:
        return forget(loaded, ledger, [normalise(each) for each in addresses], desk.now)


def places(done, *, clean: bool) -> dict[str, str]:
    return {each.where: each.what for each in done.places if each.is_clean is clean}


def sent(desk) -> None:
    """Let the three readers have got a mail each, in a folder."""
    desk.run()
    desk.article(date="2026-03-10 12:01")
    desk.run(timedelta(minutes=2))
    assert len(desk.mails()) == 3


def test_the_mails_of_a_rehearsal_are_deleted_theirs_alone(desk) -> None:
    sent(desk)
    mine = desk.write("out/mail/kept.eml", f"To: {READER}\n\nfrom another program")
    done = forgotten(desk, READER)
    assert places(done, clean=True)["out/mail"] == "1 written mails deleted"
    mine.unlink()
    assert [str(each["To"]) for each in desk.mails()] == [
        "Reader 0 <reader0@example.org>",
        "Reader 2 <reader2@example.org>",
    ]


def test_nothing_beside_the_config_holds_them_but_what_is_told(desk) -> None:
    sent(desk)
    desk.write("rejects.csv", f"rejected_line,email\n7,{READER}\n")
    done = forgotten(desk, READER)
    out = places(done, clean=False)
    assert out["subscribers.csv:3"] == "still names them; take out the line (they get no mail even so)"
    assert out["rejects.csv:2"] == "still names them; take out the line"
    holding = {
        path.relative_to(desk.folder).as_posix()
        for path in desk.folder.rglob("*")
        if path.is_file() and READER.encode() in path.read_bytes()
    }
    assert holding == {"subscribers.csv", "rejects.csv"}


def test_who_still_stands_in_the_file_gets_nothing_more(desk) -> None:
    sent(desk)
    forgotten(desk, READER)
    desk.article("stamps", "2026-03-10 12:04")
    desk.run(timedelta(minutes=5))
    assert len(desk.mails()) == 2 + 2


def test_backups_are_named_and_the_ledger_is_clean_for_the_next(desk) -> None:
    sent(desk)
    loaded = config.load(desk.folder / "config.yaml")
    with desk.ledger() as ledger:
        made = backup.run(ledger, loaded.database, desk.now)
        done = forget(loaded, ledger, [normalise(READER)], desk.now + timedelta(seconds=1))
        assert not ledger.read(wiping.due)
        after = backup.run(ledger, loaded.database, desk.now + timedelta(hours=1))
    told = places(done, clean=False)[made.path.relative_to(desk.folder).as_posix()]
    assert told.startswith("a backup, made before they were erased")
    assert READER.encode() in made.path.read_bytes()
    assert READER.encode() not in after.path.read_bytes()


def test_a_file_that_cannot_be_read_is_told(desk) -> None:
    sent(desk)
    (desk.folder / "subscribers.csv").unlink()
    os.mkfifo(desk.folder / "subscribers.csv")
    told = places(forgotten(desk, READER), clean=False)["subscribers.csv"]
    assert told.startswith("cannot be read")


def test_many_lines_of_one_file_are_not_all_named(desk) -> None:
    sent(desk)
    desk.write("log.txt", f"{READER}\n" * 30)
    out = places(forgotten(desk, READER), clean=False)
    assert out["log.txt"] == "10 more lines"
    assert "log.txt:20" in out
    assert "log.txt:21" not in out


def test_sent_mail_is_always_told_to_be_beyond_reach(desk) -> None:
    desk.run()
    done = forgotten(desk, "nobody@example.org")
    assert not done.people[0].was_known
    assert {"sent mail", "other files"} <= places(done, clean=False).keys()
