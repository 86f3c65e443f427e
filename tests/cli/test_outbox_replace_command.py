"""A corrected article goes to everybody who has not got the wrong one, and to nobody twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

KEY = "newsletter/article/letters"
MENDED = "This time every word of it is as the editor meant it to be. " * 3


@pytest.fixture
def real(office, mailbox, postroom, hours):
    """An office that sends by SMTP, with an edition that may go out."""
    office.configure(mailbox.instead)
    office.article(date=hours(-1))
    office.run()
    postroom("outbox", "pause", "mail")
    assert postroom("outbox", "approve", KEY, "--recipients", "3").code == 0
    return office


def deferred(mailbox, answer: str):
    """Let the server have no time for reader1."""

    async def defer(server, session, envelope, address, options) -> str:
        if address.startswith("reader1@"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    mailbox.handle_RCPT = defer
    return mailbox


@pytest.fixture
def busy(mailbox):
    """A server at which the mailbox of reader1 is busy, and no other."""
    return deferred(mailbox, "450 4.2.1 later")


@pytest.fixture
def deferring(mailbox):
    """A server that wants less for the whole domain."""
    return deferred(mailbox, "451 4.7.1 later")


def test_nobody_has_it_yet_and_everybody_gets_the_corrected_one(real, mailbox, postroom, hours) -> None:
    answer = postroom("outbox", "replace", KEY)
    assert answer.code == 0
    assert (
        f"{KEY} is withdrawn: 3 who have not got it get the article as it is at the next tick" in answer.told
    )
    real.article(date=hours(-1), body=MENDED)
    postroom("outbox", "resume", "mail")
    real.run()
    real.run()
    assert sorted(mailbox.recipients) == [f"reader{number}@example.org" for number in range(3)]
    assert all(b"every word of it" in each for each in mailbox.messages)
    told = postroom("outbox", "status").told
    assert f"{KEY}#2" in told
    assert "replaced by a newer revision" in told


def test_who_has_the_old_one_gets_no_second(real, busy, postroom, hours) -> None:
    postroom("outbox", "resume", "mail")
    real.run()
    assert sorted(busy.recipients) == ["reader0@example.org", "reader2@example.org"]
    answer = postroom("outbox", "replace", KEY)
    assert "1 who have not got it" in answer.told
    assert "2 have the old one, or may have" in answer.told
    del busy.handle_RCPT
    real.article(date=hours(-1), body=MENDED)
    real.run()
    real.run(after=timedelta(days=1))
    assert sorted(busy.recipients) == [f"reader{number}@example.org" for number in range(3)]
    assert [b"every word of it" in each for each in busy.messages] == [False, False, True]


def test_the_next_audience_is_compared_with_the_whole_one(real, deferring, postroom, hours) -> None:
    postroom("outbox", "resume", "mail")
    real.run()
    postroom("outbox", "replace", KEY)
    del deferring.handle_RCPT
    real.run(after=timedelta(hours=3))
    assert len(deferring.recipients) == 3
    real.article("second", date=hours(-0.5))
    real.run()
    assert "the last time" not in postroom("outbox", "status").told
    seen = []
    for _ in range(4):  # the domain was slowed, and the clock goes on between the runs only
        real.run(after=timedelta(minutes=1))
        seen.append(len(deferring.recipients))
    assert seen[0] > 3, "a domain that was slowed stands still"
    assert sorted(deferring.recipients[3:]) == [f"reader{number}@example.org" for number in range(3)]


def test_a_replaced_edition_may_be_replaced_again(real, mailbox, postroom, hours) -> None:
    postroom("outbox", "replace", KEY)
    real.run()
    assert postroom("outbox", "replace", f"{KEY}#2").code == 0
    real.article(date=hours(-1), body=MENDED)
    postroom("outbox", "resume", "mail")
    real.run()
    assert len(mailbox.recipients) == 3
    assert f"{KEY}#3" in postroom("outbox", "status").told


def test_what_is_late_by_now_goes_out_all_the_same(real, mailbox, postroom, hours) -> None:
    real.configure(
        ("folder: articles,", "folder: articles, hold_if_late: 2 hours,"),
        mailbox.instead,
    )
    postroom("outbox", "resume", "mail")
    postroom("outbox", "hold", KEY)
    real.run(after=timedelta(hours=5))
    postroom("outbox", "replace", KEY)
    real.run()
    assert len(mailbox.recipients) == 3


def test_what_everybody_has_cannot_be_replaced(real, mailbox, postroom) -> None:
    postroom("outbox", "resume", "mail")
    real.run()
    answer = postroom("outbox", "replace", KEY)
    assert answer.code == 1
    assert "it has gone out to everybody" in answer.told


def test_what_was_replaced_or_pulled_cannot_be_replaced(real, postroom) -> None:
    assert postroom("outbox", "replace", KEY).code == 0
    assert "was settled already (replaced)" in postroom("outbox", "replace", KEY).told
    postroom("pull", "letters")
    assert "replaced" in postroom("outbox", "replace", KEY).told


def test_a_proposal_follows_its_file_anyway(office, mailbox, postroom, hours) -> None:
    office.configure(mailbox.instead)
    office.article(date=hours(-1))
    office.run()
    answer = postroom("outbox", "replace", KEY)
    assert answer.code == 1
    assert "it waits for approval, and follows its file until then" in answer.told
