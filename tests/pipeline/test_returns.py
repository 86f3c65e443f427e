"""Bounces are read from a mailbox, kept before they are marked, and acted upon; no mail stops the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from dovecot_server import PASSWORD, USER, Dovecot
from feedback_mails import NOW, report
from sqlalchemy import insert, select

from postroom.config import ImapSettings, MailboxSettings
from postroom.errors import LedgerError, MailboxError, TransportError
from postroom.feedback import bounces
from postroom.mailbox import Imap, Letter, Maildir
from postroom.model import Thresholds
from postroom.outbox import Ledger, feedback
from postroom.outbox.feedback import Acted
from postroom.outbox.tables import feedback as kept
from postroom.pipeline.returns import Fetched, fetch, open_mailbox, settle
from postroom.transports.secret import Secret, reader


@dataclass
class Memory:
    """A mailbox that is a list; `ledger` tells, when a mail is marked, what is durable by then."""

    ledger: Ledger
    letters: list[Letter]
    marked: list[str] = field(default_factory=list)
    flagged: list[str] = field(default_factory=list)
    kept_when_marked: list[int] = field(default_factory=list)
    handed_out: int = 0

    def unread(self) -> Iterator[Letter]:
        for letter in self.letters:
            self.handed_out += 1
            yield letter

    def mark(self, keys: Sequence[str], *, flagged: bool = False) -> None:
        (self.flagged if flagged else self.marked).extend(keys)
        self.kept_when_marked.append(self.ledger.read(feedback.waiting))

    def close(self) -> None:
        pass


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'postroom.db'}") as opened:
        yield opened


def a_bounce(number: int) -> bytes:
    return report(headers=f"Delivered-To: bounces+tok{number}@mail.learning.example\n")


def letters(*numbers: int) -> list[Letter]:
    return [Letter(key=str(number), data=a_bounce(number)) for number in numbers]


def go_on(worked: float) -> bool:
    return True


def read(box: Memory, ledger: Ledger) -> Fetched:
    return fetch(box, ledger, lambda: NOW, go_on)


def events(ledger: Ledger) -> list[str]:
    query = select(kept.c.token).order_by(kept.c.id)
    return ledger.read(lambda connection: list(connection.execute(query).scalars()))


def test_what_a_mail_tells_is_durable_before_it_is_marked(ledger: Ledger) -> None:
    box = Memory(ledger, letters(*range(45)))
    assert read(box, ledger) == Fetched(mails=45, new=45)
    assert events(ledger) == [f"tok{number}" for number in range(45)]
    assert box.marked == [str(number) for number in range(45)]
    assert box.kept_when_marked[::2] == [20, 40, 45]


def test_a_mail_that_is_read_twice_is_kept_once(ledger: Ledger) -> None:
    read(Memory(ledger, letters(1, 2)), ledger)
    assert read(Memory(ledger, letters(1, 2, 3)), ledger) == Fetched(mails=3, new=1, repeated=2)


def test_a_mail_that_tells_nothing_is_marked_all_the_same(ledger: Ledger) -> None:
    box = Memory(
        ledger, [Letter(key="1", data=b"Subject: hello\r\n\r\nHow are you?\r\n"), Letter(key="2", data=b"")]
    )
    assert read(box, ledger) == Fetched(mails=2)
    assert box.marked == ["1", "2"]


def test_a_mail_that_cannot_be_read_is_flagged_and_stops_no_other(ledger: Ledger) -> None:
    box = Memory(ledger, [*letters(1), Letter(key="2", data=None, fault="no such file"), *letters(3)])
    assert read(box, ledger) == Fetched(mails=3, new=2, unreadable=1)
    assert (box.marked, box.flagged) == (["1", "3"], ["2"])


def test_a_mail_that_the_reader_stumbles_over_is_flagged_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(data: bytes, now: object) -> object:
        if b"tok2" in data:
            raise RecursionError("too deep")
        return real(data, now)  # type: ignore[arg-type]

    real = bounces.read
    monkeypatch.setattr(bounces, "read", stumble)
    box = Memory(ledger, letters(1, 2, 3))
    assert read(box, ledger) == Fetched(mails=3, new=2, unreadable=1)
    assert (box.marked, box.flagged) == (["1", "3"], ["2"])


def test_nothing_is_marked_where_the_ledger_could_not_keep_it(ledger: Ledger) -> None:
    box = Memory(ledger, letters(1))

    def without_table(connection: object) -> None:
        kept.drop(connection)  # type: ignore[arg-type]

    ledger.write(without_table)
    with pytest.raises(LedgerError):
        read(box, ledger)
    assert (box.marked, box.flagged) == ([], [])


def test_while_too_much_waits_mails_are_left_where_they_are(ledger: Ledger) -> None:
    rows = [
        {"source": "ses", "event": str(number), "kind": "bounced", "heard_at": NOW, "outcome": ""}
        for number in range(feedback.MAX_BACKLOG)
    ]
    ledger.write(lambda connection: connection.execute(insert(kept), rows))
    box = Memory(ledger, letters(1))
    assert read(box, ledger) == Fetched(is_whole=False)
    assert box.marked == []


def test_it_stops_between_two_portions_when_it_is_told_to(ledger: Ledger) -> None:
    box = Memory(ledger, letters(*range(90)))
    done = fetch(box, ledger, lambda: NOW, lambda worked: False)
    assert done == Fetched(mails=20, new=20, is_whole=False)
    assert box.handed_out == 20


def test_all_that_waits_is_acted_on(ledger: Ledger) -> None:
    read(Memory(ledger, letters(*range(250))), ledger)
    worked: list[float] = []

    def rest(seconds: float) -> bool:
        worked.append(seconds)
        return True

    assert settle(ledger, Thresholds(), lambda: NOW, rest) == Acted(seen=250)
    assert len(worked) == 250 / feedback.MOST
    assert settle(ledger, Thresholds(), lambda: NOW, rest) == Acted()


def test_it_acts_on_a_portion_alone_when_it_is_told_to_stop(ledger: Ledger) -> None:
    read(Memory(ledger, letters(*range(250))), ledger)
    assert settle(ledger, Thresholds(), lambda: NOW, lambda worked: False).seen == feedback.MOST


def test_a_maildir_is_read_to_its_end(ledger: Ledger, tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    for number in range(30):
        (tmp_path / "box/new" / f"{number:02}.M1.host").write_bytes(a_bounce(number))
    settings = MailboxSettings(place=tmp_path / "box", every=timedelta(minutes=5))
    box = open_mailbox(settings, str)
    assert isinstance(box, Maildir)
    assert fetch(box, ledger, lambda: NOW, go_on) == Fetched(mails=30, new=30)
    assert fetch(box, ledger, lambda: NOW, go_on) == Fetched()
    assert len(list((tmp_path / "box/cur").iterdir())) == 30


def test_an_account_is_read_with_its_secrets_opened(ledger: Ledger, dovecot: Dovecot, tmp_path: Path) -> None:
    for number in range(30):
        dovecot.deliver(f"{number:02}.M1.host", a_bounce(number))
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    account = ImapSettings(
        host="127.0.0.1",
        port=dovecot.port,
        username=Secret("${WHO}"),
        password=Secret("file:password"),
        folder="INBOX",
        ca=dovecot.ca,
    )
    settings = MailboxSettings(place=account, every=timedelta(minutes=5))
    box = open_mailbox(settings, reader({"WHO": USER}, tmp_path))
    assert isinstance(box, Imap)
    assert fetch(box, ledger, lambda: NOW, go_on) == Fetched(mails=30, new=30)
    assert fetch(box, ledger, lambda: NOW, go_on) == Fetched()
    box.close()
    with pytest.raises(TransportError, match="WHO is not set"):
        open_mailbox(settings, reader({}, tmp_path))


def test_a_mailbox_that_is_not_there_is_told(tmp_path: Path, ledger: Ledger) -> None:
    settings = MailboxSettings(place=tmp_path / "nowhere", every=timedelta(minutes=5))
    with pytest.raises(MailboxError, match="cannot be read as a Maildir"):
        fetch(open_mailbox(settings, str), ledger, lambda: NOW, go_on)


def test_what_is_kept_of_a_mail_is_what_the_reader_said(ledger: Ledger) -> None:
    read(Memory(ledger, letters(1)), ledger)
    (one,) = ledger.read(feedback.recent, 9)
    assert one.told == bounces.read(a_bounce(1), NOW)[0]
    assert json.dumps(one.told.reason)
