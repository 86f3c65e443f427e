"""What a person is told of mail that may have gone out, and how they settle it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from postroom.cli import session
from postroom.cli.moment import told
from postroom.outbox import claim, status
from postroom.outbox.lock import DaemonLock

KEY = "newsletter/article/letters"


def begin_and_die(desk) -> int:
    """Leave one delivery behind as a process does that is killed in the middle of it; return its number."""
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="killed", begins=True)
    with desk.ledger() as ledger:
        (one,) = ledger.write(claim.claim, hand, 1, session.now())
    return one.delivery.id


def test_what_a_killed_process_had_in_hand_is_told_before_the_next_start(approved, postroom) -> None:
    number = begin_and_die(approved)
    told = "1 delivery may have gone out: the process that sent them has ended"
    assert told in postroom("outbox", "status").told
    listed = postroom("outbox", "list", "--in-doubt").out
    assert listed.splitlines()[1].startswith(f"{number} ")
    assert listed.endswith("\n1 delivery\n")
    answer = postroom("outbox", "resolve", str(number), "sent")
    assert "the next start of `postroom run` judges it" in answer.told
    assert answer.code == 1
    with DaemonLock(f"sqlite:///{approved.folder / 'postroom.db'}"):
        assert told not in postroom("outbox", "status").told
        assert postroom("outbox", "list", "--in-doubt").out.endswith("\n0 deliveries\n")


def test_what_will_be_repeated_is_counted_listed_and_decided(approved, mailbox, postroom) -> None:
    number = begin_and_die(approved)
    assert postroom("run", "--once").code == 0
    assert len(mailbox.recipients) == 2
    answer = postroom("outbox", "status")
    assert "1 delivery may have gone out and will go out once more" in answer.told
    assert "`postroom outbox list --in-doubt` has the numbers" in answer.told
    listed = postroom("outbox", "list", "--in-doubt").out
    assert listed.splitlines()[1].startswith(f"{number} ")
    assert listed.endswith("\n1 delivery\n")
    with approved.ledger() as ledger:
        (row,) = ledger.read(lambda c: list(status.deliveries(c, in_doubt=True)))
    assert told(row.delivery.due_at, ZoneInfo("Europe/London")) in listed
    assert postroom("outbox", "resolve", str(number), "sent").code == 0
    assert postroom("outbox", "list", "--in-doubt").out.endswith("\n0 deliveries\n")
    assert "may have" not in postroom("outbox", "status").told
    assert len(mailbox.recipients) == 2


def test_what_was_repeated_is_told_for_a_day(approved, mailbox, postroom) -> None:
    begin_and_die(approved)
    postroom("run", "--once")
    approved.run(session.now() - approved.now)
    with approved.ledger() as ledger:
        (again,) = ledger.write(
            claim.claim,
            claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="test", begins=True),
            9,
            session.now().replace(year=session.now().year + 1),
        )
        assert again.delivery.attempts == 1
    with DaemonLock(f"sqlite:///{approved.folder / 'postroom.db'}"):
        assert "1 delivery may have come twice" in postroom("outbox", "status").told


def test_who_is_suppressed_is_not_promised_a_retry(approved, mailbox, postroom) -> None:
    async def refuse(server, session, envelope, address, options) -> str:
        if address.startswith("reader1@"):
            return "550 5.1.1 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    mailbox.handle_RCPT = refuse
    postroom("run", "--once")
    answer = postroom("outbox", "retry", KEY)
    assert f"0 deliveries of {KEY} are queued again" in answer.told
    assert "1 delivery is not: the address is suppressed, and stays so" in answer.told
    assert "`postroom suppress --undo ADDRESS` lifts it" in answer.told
    assert postroom("suppress", "--undo", "reader1@example.org").code == 0
    assert f"1 delivery of {KEY} is queued again" in postroom("outbox", "retry", KEY).told
