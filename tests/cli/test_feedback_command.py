"""`postroom feedback`: a mail goes out, its bounce comes back, and its reader gets no other."""

from __future__ import annotations

import json
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import httpx
import provider_requests as provider
import pytest
from feedback_mails import report

from postroom import config
from postroom.cli import session
from postroom.feedback.webhooks import mailgun, postmark, ses
from postroom.outbox import Ledger, confirmations
from postroom.web.front import front_of
from postroom.web.front.serving import serve_beside

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"

OWN_ADDRESS = '    return_path: "bounces+{token}@mail.test.example"\n'


@pytest.fixture
def mailing(desk, mailbox, hours):
    """A newsletter by real SMTP, each mail from an address of its own; bounces come back into a Maildir."""
    desk.configure(
        ("    transport: mail\n", f"{OWN_ADDRESS}    ignore_before: 2025-01-01\n    transport: mail\n"),
        (
            "{kind: folder, path: out/mail}",
            f"{{kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none}}",
        ),
    )
    with (desk.folder / "config.yaml").open("a") as file:
        file.write("feedback: {mailbox: {maildir: bounces}}\n")
    for folder in ("new", "cur", "tmp"):
        (desk.folder / "bounces" / folder).mkdir(parents=True)
    desk.article("letters", hours(-1))
    return desk


def send(postroom, article: str = "letters", people: int = 3) -> None:
    """Publish, let the edition go, and deliver it."""
    postroom("run", "--once")
    postroom("outbox", "approve", f"newsletter/article/{article}", "--recipients", str(people))
    postroom("run", "--once")


def come_back(desk, address: str, name: str = "1") -> Path:
    """Put a report about the mail that was sent from `address` into the mailbox."""
    path = desk.folder / "bounces/new" / f"{name}.M1.host"
    path.write_bytes(report(headers=f"Delivered-To: {address}\n"))
    return path


def test_a_bounce_comes_back_to_its_mail_and_its_reader_gets_no_other(
    mailing, postroom, mailbox, hours
) -> None:
    send(postroom)
    sent = dict(zip(mailbox.recipients, mailbox.senders, strict=True))
    assert len({*sent.values()}) == 3
    come_back(mailing, sent["reader1@example.org"].upper())
    answer = postroom("feedback", "fetch")
    assert answer.code == 0
    assert "1 mail read: 1 new, 0 known before, 0 unreadable" in answer.out
    assert "1 event acted on: 1 given up, 0 left a list" in answer.out
    (one,) = json.loads(postroom("suppress", "--list", "--json").out)
    assert (one["address"], one["source"]) == ("reader1@example.org", "mailbox")
    assert one["reason"].startswith("bounced: 5.1.1 550 5.1.1 ")
    mailbox.recipients.clear()
    mailing.article("more", hours(-0.5))
    send(postroom, "more", 2)
    assert sorted(mailbox.recipients) == ["reader0@example.org", "reader2@example.org"]


def test_what_came_back_is_listed_with_what_came_of_it(mailing, postroom, mailbox) -> None:
    send(postroom)
    come_back(mailing, mailbox.senders[0])
    come_back(mailing, "bounces+1-00000000000000000000000000000000@mail.test.example", "2")
    postroom("feedback", "fetch")
    listed = postroom("feedback", "list").told
    assert "suppressed" in listed
    assert "not believed" in listed
    found = json.loads(postroom("feedback", "list", "--json").out)
    assert [each["outcome"] for each in found["events"]] == [
        "not believed: it names no mail of ours",
        "suppressed",
    ]
    assert found["events"][1]["edition"] == "newsletter/article/letters"
    assert found["confirm"] == []


def test_an_undone_bounce_is_not_counted_again(mailing, postroom, mailbox) -> None:
    send(postroom)
    come_back(mailing, mailbox.senders[0])
    postroom("feedback", "fetch")
    assert postroom("suppress", mailbox.recipients[0], "--undo").code == 0
    come_back(mailing, mailbox.senders[0], "2")
    answer = json.loads(postroom("feedback", "fetch", "--json").out)
    assert (answer["mails"], answer["repeated"], answer["suppressed"]) == (1, 1, 0)
    assert json.loads(postroom("suppress", "--list", "--json").out) == []


def test_without_a_mailbox_it_says_where_to_name_one(desk, postroom) -> None:
    answer = postroom("feedback", "fetch")
    assert answer.code == 0
    assert "config.yaml names no mailbox (feedback: mailbox:)" in answer.out


def test_a_mailbox_that_cannot_be_read_is_told(mailing, postroom) -> None:
    (mailing.folder / "bounces/new").rmdir()
    answer = postroom("feedback", "fetch")
    assert answer.code == 1
    assert "cannot be read as a Maildir" in answer.err


def test_a_mail_that_cannot_be_read_makes_it_fail(mailing, postroom) -> None:
    (mailing.folder / "bounces/new/1").symlink_to("/etc/hostname")
    answer = postroom("feedback", "fetch")
    assert answer.code == 1
    assert "1 unreadable" in answer.out


def test_topics_that_ask_are_listed_with_the_address_to_open(desk, postroom) -> None:
    with desk.ledger() as ledger:
        ledger.write(confirmations.keep, TOPIC, "abc", session.now())
    url = (
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Abounces&Token=abc"
    )
    assert url in postroom("feedback", "list").out
    assert json.loads(postroom("feedback", "list", "--json").out)["confirm"][0]["open"] == url


def test_before_anything_came_back_nothing_is_listed(desk, postroom) -> None:
    assert postroom("feedback", "list").code == 0
    assert json.loads(postroom("feedback", "list", "--json").out) == {"events": [], "confirm": []}


@pytest.mark.parametrize("source", sorted(provider.GOLDEN))
def test_who_bounces_at_a_provider_gets_no_other_mail(mailing, postroom, mailbox, hours, source: str) -> None:
    send(postroom)
    gone = mailbox.recipients[0]
    sent = message_from_bytes(mailbox.messages[0])
    with (mailing.folder / "config.yaml").open("a") as file:
        file.write("web: {url: https://mail.test.example}\n")
    loaded = config.load(mailing.folder / "config.yaml")
    with Ledger(loaded.database) as ledger:
        trust = ses.Settings(
            topics=frozenset({provider.TOPIC}), certificates=lambda url: provider.certificate()
        )
        known = postmark.Settings(username=provider.POSTMARK[0], password=provider.POSTMARK[1])
        signed = mailgun.Settings(signing_key=provider.MAILGUN_KEY)
        front = replace(
            front_of(loaded, ledger, lambda: provider.NOW, str),
            hooks={
                "ses": lambda body, headers, now: ses.read(body, headers, trust, now),
                "postmark": lambda body, headers, now: postmark.read(body, headers, known, now),
                "mailgun": lambda body, headers, now: mailgun.read(body, headers, signed, now),
            },
        )
        handle = serve_beside(front, "127.0.0.1:0")
        posted = provider.GOLDEN[source](gone, message_id=sent["Message-ID"].strip("<>"))
        answer = httpx.post(
            f"{handle.address}/hooks/{source}", content=posted.body, headers=list(posted.headers)
        )
        handle.close()
    assert answer.status_code == 202
    assert json.loads(postroom("feedback", "fetch", "--json").out)["suppressed"] == 1
    (event,) = json.loads(postroom("feedback", "list", "--json").out)["events"]
    assert (event["source"], event["outcome"]) == (source, "suppressed")
    assert event["edition"] == (None if source == "postmark" else "newsletter/article/letters")
    mailbox.recipients.clear()
    mailing.article("more", hours(-0.5))
    send(postroom, "more", 2)
    assert len(mailbox.recipients) == 2
    assert gone not in mailbox.recipients
