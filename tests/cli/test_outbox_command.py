"""What a person types to decide about editions, and what the tables tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postroom.outbox import status

KEY = "newsletter/article/letters"


@pytest.fixture
def real(office, mailbox):
    """An office whose newsletter goes out by SMTP."""
    office.configure(mailbox.instead)
    return office


def test_leave_ahead_for_a_wrong_number_is_refused_with_the_right_one(real, postroom, hours) -> None:
    real.article(date=hours(24))
    answer = postroom("outbox", "approve", KEY, "--recipients", "3000")
    assert answer.code == 1
    assert "goes to 3 recipients" in answer.told
    assert f"postroom outbox approve {KEY} --recipients 3" in answer.told


def test_leave_ahead_for_a_first_edition_needs_its_number(real, postroom, hours) -> None:
    real.article(date=hours(24))
    answer = postroom("outbox", "approve", KEY)
    assert answer.code == 1
    assert "it is the first edition of newsletter through mail (smtp), to 3" in answer.told
    assert "--recipients 3" in answer.told


def test_leave_ahead_with_the_right_number_lets_it_go_at_its_time(real, mailbox, postroom, hours) -> None:
    real.article(date=hours(0.5))
    assert postroom("outbox", "approve", KEY, "--recipients", "3").code == 0
    real.run()
    assert mailbox.recipients == []
    real.run(after=timedelta(hours=1))
    assert len(mailbox.recipients) == 3


def test_a_draft_cannot_be_approved_ahead(office, postroom, hours) -> None:
    office.article(date=hours(24), status="draft")
    answer = postroom("outbox", "approve", KEY)
    assert answer.code == 1
    assert f"{KEY} cannot be approved: it is a draft" in answer.told


def test_what_was_rehearsed_cannot_be_approved_ahead_but_is_told_how(
    office, mailbox, postroom, hours
) -> None:
    office.article(date=hours(-1))
    office.run()
    office.configure(
        ("  newsletter:\n", "  weekly:\n    was: newsletter\n"),
        mailbox.instead,
    )
    office.run()
    answer = postroom("outbox", "approve", "weekly/article/letters", "--recipients", "3")
    assert answer.code == 1
    assert "cannot be approved: it went only to a folder" in answer.told
    assert "postroom outbox rehearsed --resend" in answer.told


def test_what_is_published_under_a_former_name_cannot_be_approved(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    office.configure(("  newsletter:\n", "  weekly:\n    was: newsletter\n"))
    office.run()
    answer = postroom("outbox", "approve", "weekly/article/letters")
    assert answer.code == 1
    assert "cannot be approved: finished" in answer.told or "3 of 3 sent" in answer.told


def test_what_the_article_cannot_feed_cannot_be_approved(office, postroom, hours) -> None:
    office.configure(
        ("variants: [hook, {takeaways: 2 days later}]", "variants: [hook, {question: 5 minutes later}]")
    )
    office.article(date=hours(24), body="A plain statement about letters. Another one follows it here.")
    answer = postroom("outbox", "approve", "linkedin/question/letters")
    assert answer.code == 1
    assert "cannot be approved" in answer.told


def let_go(real, postroom, hours) -> None:
    """Have an edition in the outbox that may go out through `mail` (smtp)."""
    real.article(date=hours(-1))
    real.run()
    assert postroom("outbox", "approve", KEY, "--recipients", "3").code == 0


def test_mail_whose_transport_was_renamed_is_told_and_how_to_help_it(real, postroom, hours) -> None:
    let_go(real, postroom, hours)
    text = (real.folder / "config.yaml").read_text(encoding="utf-8")
    real.write(
        "config.yaml", text.replace("transport: mail", "transport: post").replace("  mail: {", "  post: {")
    )
    answer = postroom("run", "--once")
    told = "3 deliveries wait for mail (smtp), which config.yaml does not have any more; bring it back, or withdraw"
    assert told in answer.told
    assert answer.code == 1
    assert told in postroom("outbox", "status").told


def test_mail_whose_transport_is_of_another_kind_now_is_told(real, mailbox, postroom, hours) -> None:
    let_go(real, postroom, hours)
    real.configure()
    answer = postroom("run", "--once")
    assert "3 deliveries wait for mail (smtp), which config.yaml does not have any more" in answer.told
    assert real.mails() == []
    assert mailbox.recipients == []


def test_what_is_released_without_its_transport_is_said_to_wait(real, postroom, hours) -> None:
    let_go(real, postroom, hours)
    assert postroom("outbox", "hold", KEY).code == 0
    real.configure()
    answer = postroom("outbox", "release", KEY)
    assert (
        f"{KEY} is released, and waits for mail (smtp), which config.yaml does not have any more"
        in answer.told
    )
    assert f"postroom outbox cancel {KEY}" in answer.told


@pytest.mark.parametrize(
    "words",
    [
        ("show", "9" * 20),
        ("cancel", "9" * 20),
        ("list", "--edition", "9" * 20),
        ("resolve", "9" * 20, "sent"),
    ],
)
def test_a_number_that_no_ledger_keeps_is_told_as_unknown(real, postroom, words: tuple[str, ...]) -> None:
    answer = postroom("outbox", *words)
    assert answer.code != 0
    assert "9" * 20 in answer.told


@pytest.fixture
def refusing(mailbox):
    """A server that knows no reader1."""

    async def refuse(server, session, envelope, address, options) -> str:
        if address.startswith("reader1@"):
            return "550 5.7.1 not from you"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    mailbox.handle_RCPT = refuse
    return mailbox


def test_a_run_fails_for_its_own_failures_and_not_for_those_of_years_ago(
    real, refusing, postroom, hours
) -> None:
    let_go(real, postroom, hours)
    first = postroom("run", "--once")
    assert first.code == 1
    assert "1 delivery failed" in first.told
    assert f"postroom outbox retry {KEY}" in first.told
    again = postroom("run", "--once")
    assert again.code == 0
    assert "failed" not in again.told


def test_the_status_says_what_would_settle_a_failure_until_it_is_settled(
    real, refusing, postroom, hours
) -> None:
    let_go(real, postroom, hours)
    postroom("run", "--once")
    answer = postroom("outbox", "status")
    assert answer.code == 1
    assert f"`postroom outbox retry {KEY}` tries again" in answer.told
    del refusing.handle_RCPT
    assert postroom("outbox", "retry", KEY).code == 0
    assert postroom("run", "--once").code == 0
    assert postroom("outbox", "status").code == 0
    assert len(refusing.recipients) == 3


def test_a_failure_that_is_left_unsent_is_settled(real, refusing, postroom, hours) -> None:
    let_go(real, postroom, hours)
    postroom("run", "--once")
    number = next(
        line for line in postroom("outbox", "list", "--state", "failed").out.splitlines() if KEY in line
    )
    assert postroom("outbox", "resolve", number.split()[0], "cancelled").code == 0
    answer = postroom("outbox", "status")
    assert answer.code == 0
    assert "1 delivery failed" not in answer.told
    assert "left unsent by hand; " in postroom("outbox", "list", "--state", "cancelled").told


def test_all_failures_of_a_finished_edition_are_left_unsent_at_once(real, refusing, postroom, hours) -> None:
    let_go(real, postroom, hours)
    postroom("run", "--once")
    assert f"`postroom outbox cancel {KEY}` leaves them unsent" in postroom("outbox", "status").told
    assert "1 will not get it, 2 have" in postroom("outbox", "cancel", KEY).told
    assert postroom("outbox", "status").code == 0
    with real.ledger() as ledger:
        assert ledger.read(status.reconcile) == []
    assert "it is finished (2 sent)" in postroom("outbox", "cancel", KEY).told


def test_a_failure_is_settled_by_the_suppression_of_its_address(real, mailbox, postroom, hours) -> None:
    async def refuse(server, session, envelope, address, options) -> str:
        if address.startswith("reader1@"):
            return "550 5.1.1 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 yes"

    mailbox.handle_RCPT = refuse
    let_go(real, postroom, hours)
    first = postroom("run", "--once")
    assert "1 delivery failed" in first.told
    assert "nothing is left to decide" in first.told
    answer = postroom("outbox", "status")
    assert (answer.code, "failed:" in answer.told) == (0, False)
    listed = postroom("suppress", "--list").told
    assert "reader1@example.org" in listed
    assert f"bounced (5.1.1) {KEY} 1 address is suppressed" in listed
    postroom("suppress", "--undo", "reader1@example.org")
    assert "0 addresses are suppressed" in postroom("suppress", "--list").told
    assert postroom("outbox", "status").code == 1


def test_suppressing_needs_an_address(postroom) -> None:
    for words in ((), ("--list", "ada@example.org"), ("--json", "ada@example.org")):
        assert postroom("suppress", *words).code == 2


def test_a_failure_is_settled_by_the_revision_that_replaces_it(real, refusing, postroom, hours) -> None:
    let_go(real, postroom, hours)
    postroom("run", "--once")
    del refusing.handle_RCPT
    assert postroom("outbox", "replace", KEY).code == 0
    real.article(date=hours(-1), body="This time every word of it is as the editor meant it to be.")
    assert postroom("run", "--once").code == 0
    assert len(refusing.recipients) == 3
    answer = postroom("outbox", "retry", KEY)
    assert answer.code == 1
    assert "its newer revision goes to everybody who has not got it" in answer.told
    assert postroom("outbox", "status").code == 0
    assert len(refusing.recipients) == 3


def test_what_stands_beside_outbox_is_named_where_people_look_for_it(postroom) -> None:
    for name in ("pull", "adopt", "suppress"):
        answer = postroom("outbox", name)
        assert answer.code == 2
        assert f"say 'postroom {name}', without 'outbox'" in answer.told
        assert f"`postroom {name}`" in postroom("outbox", "--help").told


def test_a_single_thing_is_told_as_one(office, postroom, hours) -> None:
    office.subscribers(1)
    office.article(date=hours(-1))
    office.run()
    assert postroom("outbox", "list", "--edition", KEY).out.endswith("\n1 delivery\n")
    assert postroom(
        "subscribers", "import", str(office.folder / "subscribers.csv"), "--list", "weekly"
    ).told.startswith("1 row read for the list 'weekly': 1 added")
