"""IMAP, against a real server: what is not seen is read, its front alone, and marked only when it is told to."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dovecot_server import PASSWORD, USER, Dovecot

from postroom.errors import MailboxError
from postroom.mailbox import Account, Imap

MOST = 1000


def a_mail(number: int, size: int = 0) -> bytes:
    return f"Subject: {number}\r\n\r\nbody {number}\r\n".encode() + b"z" * size


@contextmanager
def opened(server: Dovecot, **changes: Any) -> Iterator[Imap]:
    values = {"host": "127.0.0.1", "port": server.port, "username": USER, "password": PASSWORD}
    values |= {"folder": "INBOX", "ca": server.ca}
    box = Imap(Account(**{**values, **changes}), MOST)
    yield box
    box.close()


def flags(server: Dovecot) -> list[str]:
    return sorted(path.name.partition(":2,")[2] for path in (server.maildir / "cur").iterdir())


def test_what_is_not_seen_is_read_and_stays_so_until_it_is_marked(dovecot: Dovecot) -> None:
    for number in range(3):
        dovecot.deliver(f"{number}.M1.host", a_mail(number))
    for _ in range(2):
        with opened(dovecot) as box:
            assert [one.data for one in box.unread()] == [a_mail(number) for number in range(3)]
    with opened(dovecot) as box:
        keys = [one.key for one in box.unread()]
        box.mark(keys[:1])
        box.mark(keys[1:2], flagged=True)
    assert flags(dovecot) == ["", "FS", "S"]
    with opened(dovecot) as box:
        assert [one.data for one in box.unread()] == [a_mail(2)]


def test_more_mails_than_one_request_takes_are_all_read(dovecot: Dovecot) -> None:
    for number in range(45):
        dovecot.deliver(f"{number:03}.M1.host", a_mail(number))
    with opened(dovecot) as box:
        seen = []
        for letter in box.unread():
            seen.append(letter.data)
            box.mark([letter.key])  # in between, as whoever reads them does
        assert sorted(filter(None, seen)) == sorted(a_mail(number) for number in range(45))
        assert list(box.unread()) == []


def test_of_a_long_mail_only_the_front_is_fetched(dovecot: Dovecot) -> None:
    dovecot.deliver("1.M1.host", a_mail(1, size=3_000_000))
    with opened(dovecot) as box:
        (letter,) = box.unread()
    assert letter.data == a_mail(1, size=3_000_000)[:MOST]


def test_a_mail_that_vanishes_meanwhile_was_somebody_elses(dovecot: Dovecot) -> None:
    for number in range(2):
        dovecot.deliver(f"{number}.M1.host", a_mail(number))
    with opened(dovecot) as box, opened(dovecot) as other:
        uids = [int(one.key) for one in other.unread()]
        other._client.delete_messages(uids[:1])
        other._client.expunge()
        assert [one.data for one in box.unread()] == [a_mail(1)]
        box.mark([str(uids[0])])


def test_a_wrong_password_is_told_without_it(dovecot: Dovecot) -> None:
    with (
        pytest.raises(MailboxError, match="refuses the log-in") as told,
        opened(dovecot, password="horse-correct"),
    ):
        pass
    assert "horse-correct" not in str(told.value)


def test_a_folder_that_is_not_there_is_told(dovecot: Dovecot) -> None:
    with (
        pytest.raises(MailboxError, match="does not open the folder Bouncse"),
        opened(dovecot, folder="Bouncse"),
    ):
        pass


def test_a_server_that_nobody_vouches_for_is_not_spoken_to(dovecot: Dovecot) -> None:
    with pytest.raises(MailboxError, match="certificate"), opened(dovecot, ca=None):
        pass


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    account = Account(host="127.0.0.1", port=port, username=USER, password=PASSWORD, folder="INBOX")
    with pytest.raises(MailboxError, match="cannot be reached"):
        Imap(account, MOST)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.mailbox.imap._CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("postroom.mailbox.imap._ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        account = Account(
            host="127.0.0.1", port=silent.getsockname()[1], username="a", password="b", folder="INBOX"
        )
        with pytest.raises(MailboxError, match="cannot be reached"):
            Imap(account, MOST)


def test_a_server_that_hangs_up_in_the_middle_is_told(dovecot: Dovecot) -> None:
    for number in range(3):
        dovecot.deliver(f"{number}.M1.host", a_mail(number))
    with opened(dovecot) as box:
        box._client.socket().shutdown(socket.SHUT_RDWR)
        with pytest.raises(MailboxError, match=r"the IMAP server 127\.0\.0\.1"):
            list(box.unread())
