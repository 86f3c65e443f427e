"""A Maildir: what nobody has seen is read, whatever is in its place, and nothing is ever deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from postroom.errors import MailboxError
from postroom.mailbox import Maildir

MOST = 100


@pytest.fixture
def box(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path


def read(box: Path) -> dict[str, bytes | None]:
    return {one.key: one.data for one in Maildir(box, MOST).unread()}


def names(box: Path) -> list[str]:
    return sorted(str(path.relative_to(box)) for path in box.rglob("*") if not path.is_dir())


def test_what_nobody_has_seen_is_unread_the_eldest_first(box: Path) -> None:
    for name in ("new/2.M1.host", "new/1.M1.host", "cur/0.M1.host:2,", "cur/3.M1.host:2,F", "cur/4.M1.host"):
        (box / name).write_bytes(name.encode())
    (box / "cur/5.M1.host:2,S").write_bytes(b"seen")
    (box / "tmp/6.M1.host").write_bytes(b"half")
    (box / "new/.hidden").write_bytes(b"")
    assert [one.key for one in Maildir(box, MOST).unread()] == [
        *("new/1.M1.host", "new/2.M1.host", "cur/0.M1.host:2,", "cur/3.M1.host:2,F", "cur/4.M1.host")
    ]


def test_what_is_marked_is_seen_and_still_there(box: Path) -> None:
    for name in ("new/1.M1.host", "new/2.M1.host", "cur/3.M1.host:2,RF"):
        (box / name).write_bytes(b"x")
    maildir = Maildir(box, MOST)
    maildir.mark(["new/1.M1.host", "cur/3.M1.host:2,RF"])
    maildir.mark(["new/2.M1.host"], flagged=True)
    assert read(box) == {}
    assert names(box) == ["cur/1.M1.host:2,S", "cur/2.M1.host:2,FS", "cur/3.M1.host:2,FRS"]


def test_of_a_long_mail_only_the_front_is_read(box: Path) -> None:
    (box / "new/1").write_bytes(b"y" * 10_000_000)
    assert read(box) == {"new/1": b"y" * MOST}


def test_what_is_no_plain_file_is_told_and_stops_nothing(box: Path) -> None:
    os.mkfifo(box / "new/1")
    (box / "new/2").symlink_to("/etc/passwd")
    (box / "new/3").mkdir()
    (box / "new/4").write_bytes(b"mail")
    found = list(Maildir(box, MOST).unread())
    assert [one.data for one in found] == [None, None, None, b"mail"]
    assert all(one.fault for one in found[:3])
    Maildir(box, MOST).mark([one.key for one in found], flagged=True)
    assert read(box) == {}


def test_what_vanishes_meanwhile_was_somebody_elses(box: Path) -> None:
    for number in range(3):
        (box / f"new/{number}").write_bytes(b"x")
    maildir = Maildir(box, MOST)
    letters = maildir.unread()
    assert next(letters).key == "new/0"
    (box / "new/1").unlink()
    assert [one.key for one in letters] == ["new/2"]
    maildir.mark(["new/1"])


@pytest.mark.parametrize("missing", ["new", "cur"])
def test_a_folder_that_is_no_maildir_is_told(box: Path, missing: str) -> None:
    (box / missing).rmdir()
    with pytest.raises(MailboxError, match="cannot be read as a Maildir"):
        read(box)


def test_a_mail_that_cannot_be_marked_is_told(box: Path) -> None:
    (box / "new/1").write_bytes(b"x")
    (box / "cur").rmdir()
    (box / "cur").write_bytes(b"in the way")
    with pytest.raises(MailboxError, match="cannot be marked as read"):
        Maildir(box, MOST).mark(["new/1"])
