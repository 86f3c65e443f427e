"""A mailbox is bad only where somebody says so, by an exact code or in plain words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback.verdict import BAD_MAILBOX, exact, judge
from postroom.model import FeedbackKind

BOUNCED, DEFERRED = FeedbackKind.BOUNCED, FeedbackKind.DEFERRED


@pytest.mark.parametrize("code", sorted(BAD_MAILBOX))
def test_a_code_of_a_bad_mailbox_is_enough(code: str) -> None:
    assert judge(code, "") is BOUNCED
    assert judge("", f"550 {code} refused") is BOUNCED


@pytest.mark.parametrize(
    "said",
    [
        "550 5.7.1 Unable to relay; user unknown",
        "550-5.7.26 unauthenticated email from learning.example is not accepted due to domain's DMARC policy",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
        "552 5.2.2 The email account that you tried to reach is over quota",
        "552-5.2.2 user not found? no: full",
        "452 4.2.2 The email account that you tried to reach is over quota",
        "550 5.3.0 user unknown",
        "553 5.3.0 <ada@readers.example>... Addressee unknown, relay=[192.0.2.1]",
        "554 5.3.4 Message too big",
        "550 5.2.3 message exceeds fixed maximum message size",
        "451 4.7.1 Greylisting in action, please come back later",
        "450 4.1.1 <ada@readers.example>: Recipient address rejected: User unknown in local recipient table",
        "450 user unknown",
        "550 mailbox full",
        "550 spam",
        "550 5.1.1 mailbox is full",
        "550 5.5.0 user unknown, or blocked by our policy",
        "550 relay not permitted",
        "421 too many connections",
        "550 5.2.1 The account has exceeded its quota",
    ],
)
def test_what_is_passing_or_our_fault_is_deferred(said: str) -> None:
    assert judge("", said) is DEFERRED


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "556 5.1.10 Recipient address has null MX",
        "550 5.1.1 <ada@readers.example>: Recipient address rejected: User unknown in virtual mailbox table",
        "550 5.5.0 Requested action not taken: user unknown",
        "550 No such user here",
        "550 <ada@readers.example>: unknown user account",
        "554 delivery error: dd This user doesn't have a yahoo.example account (ada@yahoo.example) [-5]",
        "Sorry, no mailbox here by that name. (#5.1.1)",
        "Sorry, I couldn't find any host named readers.example. (#5.1.2)",
        "550 Unrouteable address",
        "550 5.0.0 <ada@readers.example>... Host unknown",
        "550 Invalid recipient <ada@readers.example>",
        "550 RCPT TO:<ada@readers.example> User unknown",
        "User ada (ada@readers.example) not listed in public Name & Address Book",
        "550 sorry, the recipient does not exist",
        "550 5.4.4 unable to look up host: Host not found",
        "550 This account has been disabled or discontinued [#102]",
        "501 5.0.0 the mailbox no longer exists",
        "550 ada@readers.example is not a valid mailbox",
        "550 mailbox not found",
        "550 Address unknown",
        "551 not our customer",
    ],
)
def test_what_says_that_nobody_is_there_is_bounced(said: str) -> None:
    assert judge("", said) is BOUNCED


@pytest.mark.parametrize(
    "said",
    [
        "",
        "550 no",
        "550 Requested action not taken: mailbox unavailable",
        "554 5.0.0 Service unavailable",
        "550 5.4.1 no",
    ],
)
def test_what_says_neither_is_left_open(said: str) -> None:
    assert judge("", said) is None


def test_exchange_online_writes_5_4_1_for_anyone() -> None:
    said = "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [x.eurprd.prod.outlook.com]"
    assert judge("5.4.1", said) is DEFERRED


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.0.0", "550 5.1.1 user unknown", BOUNCED),
        ("5.0.0", "550 user unknown", BOUNCED),
        ("5.1.1", "550 5.7.1 blocked", DEFERRED),
        ("5.1.1", "552 mailbox full", DEFERRED),
        ("5.1.1", "550 user unknown, blocked", BOUNCED),
        ("4.4.7", "550 5.1.1 user unknown", DEFERRED),
        ("5.4.7", "delivery time expired", None),
        ("5.7.1", "550 user unknown", DEFERRED),
        ("5.2.1", "550 the account is disabled", None),
        ("5.2.1", "550 no such user", BOUNCED),
        ("5.1.0", "550 Sender rejected", None),
        ("5.0.0", "451 user unknown", DEFERRED),
    ],
)
def test_code_and_words_are_weighed(status: str, said: str, kind: FeedbackKind | None) -> None:
    assert judge(status, said) is kind


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        ("5.1.1 (bad destination mailbox)", "", "5.1.1"),
        ("5.0.0", "550 5.1.1 user unknown", "5.1.1"),
        ("5.0.0", "550 user unknown", "5.0.0"),
        ("5.1.1", "550 5.7.1 blocked", "5.7.1"),
        ("5.01.001", "", "5.1.1"),
        ("", "Sorry, no mailbox here by that name. (#5.1.1)", "5.1.1"),
        ("", "host 5.1.1.2 said: 550-5.1.1 no", "5.1.1"),
        ("", "Microsoft SMTPSVC(5.0.2195.6713)", ""),
        ("", "qmail 5.1.1x", ""),
        ("", "", ""),
    ],
)
def test_the_code_that_says_most_is_named(status: str, said: str, code: str) -> None:
    assert exact(status, said) == code


@given(st.text(alphabet="45. 0127abc\n-", max_size=40), st.text(max_size=300))
def test_codes_of_class_4_and_policy_never_bounce(status: str, said: str) -> None:
    assert judge("4.1.1", said) is DEFERRED
    assert judge("5.7.1", said) is DEFERRED
    assert judge("5.2.2", said) is DEFERRED
    assert judge("5.1.1", said + " 5.7.1") in {DEFERRED, BOUNCED}
    judge(status, said)


@pytest.mark.parametrize(
    "piece",
    [
        "user ",
        "account a ",
        "mailbox full ",
        "no ",
        "5.1.1",
        "5.1.",
        "host x ",
        "unknown ",
        "recipient ",
        "does not ",
    ],
)
def test_long_words_take_no_time(piece: str) -> None:
    began = time.process_time()
    judge("", piece * 100_000)
    assert time.process_time() - began < 0.5
