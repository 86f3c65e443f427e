"""Whoever signs up is asked to confirm and then welcomed, by real mail; and no article counts as published for it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from postroom import config
from postroom.model import Recipient
from postroom.outbox import joining, meta, operate, status, subscribers, suppressions
from postroom.outbox.joining import Wish
from postroom.outbox.leaving import Act
from postroom.web.front import Front
from postroom.web.front.serving import serve_beside

WEB = 'web: {url: "https://mail.test.example/post", sign_up: [subscribers]}\naudiences:\n'
FORM = Act(how="sign-up form")


@pytest.fixture
def listed(desk):
    """A project whose newsletter goes to a list that is open to strangers."""
    desk.configure(*changes())
    return desk


def changes(transport: str = "{kind: folder, path: out/mail}") -> list[tuple[str, str]]:
    return [
        ("audiences:\n", WEB),
        ("{file: subscribers.csv}", "{list: weekly}"),
        ("mail: {kind: folder, path: out/mail}", f"mail: {transport}"),
    ]


def smtp(port: int) -> str:
    return f"{{kind: smtp, host: 127.0.0.1, port: {port}, tls: none, ehlo: test.example}}"


@contextmanager
def pages(desk) -> Iterator[httpx.Client]:
    """Serve the public pages of the project, as `postroom web` would."""
    loaded = config.load(desk.folder / "config.yaml")
    assert loaded.web is not None
    with desk.ledger() as ledger:
        front = Front(
            publication=loaded.publication,
            web=loaded.web,
            ledger=ledger,
            keys=(ledger.write(meta.link_key),),
            clock=lambda: desk.now,
        )
        handle = serve_beside(front, "127.0.0.1:0")
        try:
            with httpx.Client(base_url=handle.address) as client:
                yield client
        finally:
            handle.close()


def sign_up(desk, name: str = "ada", language: str = "", *lists: str) -> None:
    address = f"{name}@example.org"
    who = Recipient(address=address, identity=address, domain="example.org", name="Ada")
    with desk.ledger() as ledger:
        wish = Wish(person=who, lists=lists or ("weekly",), language=language, act=FORM)
        ledger.write(joining.sign_up, wish, desk.now)


def rows(desk) -> list[status.EditionRow]:
    with desk.ledger() as ledger:
        assert ledger.read(status.reconcile) == []
        return ledger.read(status.editions)


def test_from_the_form_to_the_newsletter_by_real_mail(desk, mailbox) -> None:
    desk.configure(*changes(smtp(mailbox.port)))
    with pages(desk) as client:
        stamp = re.search(r'name="stamp" value="([^"]+)"', client.get("/subscribe").text)
        assert stamp
        desk.now += timedelta(seconds=5)
        form = {"email": "Ada@Example.org", "name": "Buy Now", "list": "weekly", "stamp": stamp[1]}
        assert client.post("/subscribe", data=form).status_code == 200
    desk.run()
    assert mailbox.recipients == ["Ada@example.org"]
    asked = email.message_from_bytes(mailbox.messages[0], policy=email.policy.default)
    assert asked["Subject"] == "Please confirm: The Test by mail"
    assert "List-Unsubscribe" not in asked
    assert asked["To"] == "Ada@example.org"
    assert b"Buy Now" not in mailbox.messages[0]
    text, html = (asked.get_body((kind,)).get_content() for kind in ("plain", "html"))
    links = set(re.findall(r"https://mail\.test\.example/post(/confirm/[\w.-]+)", text + html))
    assert len(links) == 1
    with pages(desk) as client:
        (link,) = links
        assert client.get(link).status_code == 200
        desk.run()
        assert len(mailbox.messages) == 1
        assert client.post(link).status_code == 200
        assert client.post(link).status_code == 200
    desk.run(after=timedelta(minutes=1))
    welcome = email.message_from_bytes(mailbox.messages[1], policy=email.policy.default)
    assert welcome["Subject"] == "Welcome to The Test"
    assert welcome["List-Unsubscribe"] == "<mailto:leave@test.example?subject=unsubscribe>"
    desk.article(date="2026-03-10 13:00")
    (held,) = desk.run(after=timedelta(hours=2)).held
    assert "first" in held.reason  # the greetings before it were no editions of an article
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=1, now=desk.now)
    desk.run()
    assert mailbox.recipients == ["Ada@example.org"] * 3


def test_a_run_tells_of_greetings_in_one_line_a_channel(listed) -> None:
    for name in ("ada", "bob"):
        sign_up(listed, name)
        done = listed.run(after=timedelta(seconds=1))
        assert [(row.key, row.greeting, number) for row, number in done.sent] == [
            ("greeting/newsletter", "all", 1)
        ]
        assert done.findings == ()
    assert [(row.key, row.accounts.sent) for row in rows(listed)] == [("greeting/newsletter", 2)]
    assert listed.run().sent == ()


def test_a_rehearsed_greeting_is_a_file_and_nothing_to_settle(listed) -> None:
    sign_up(listed)
    listed.run()
    (mail,) = listed.mails()
    assert mail["To"] == "ada@example.org"
    assert "https://mail.test.example/post/confirm/" in mail.get_body(("plain",)).get_content()


def test_each_reads_their_own_language(listed) -> None:
    sign_up(listed, "ada", "de-AT")
    sign_up(listed, "bob", "nl")
    listed.run()
    assert [str(mail["Subject"]) for mail in listed.mails()] == [
        "Bitte bestätigen: The Test per E-Mail",
        "Please confirm: The Test by mail",
    ]


def test_a_broken_template_keeps_greetings_and_nothing_else_until_it_is_mended(listed) -> None:
    listed.run()
    sign_up(listed)
    listed.article(date="2026-03-10 13:00")
    with listed.ledger() as ledger:
        bob = Recipient(address="bob@example.org", identity="bob@example.org", domain="example.org")
        subscribers.import_rows(ledger, "weekly", [bob], "people.csv", listed.now)
    template = listed.write("templates/greeting/confirm.txt.j2", "{{ nothing.there }}")
    done = listed.run(after=timedelta(hours=2))
    assert any("confirm.txt.j2" in str(each) for each in done.findings)
    assert [str(mail["To"]) for mail in listed.mails()] == ["bob@example.org"]
    template.unlink()
    listed.run()
    assert [str(mail["To"]) for mail in listed.mails()] == ["ada@example.org", "bob@example.org"]


def test_a_list_that_no_channel_goes_to_waits_for_one(listed) -> None:
    sign_up(listed, "ada", "", "other")
    listed.run()
    assert rows(listed) == []
    listed.configure(*changes(), ("{list: weekly}", "{list: other}"))
    listed.run()
    assert [row.accounts.sent for row in rows(listed)] == [1]


def test_who_is_suppressed_before_the_mail_is_written_gets_none(listed) -> None:
    sign_up(listed)
    with listed.ledger() as ledger:
        ledger.write(suppressions.suppress, "ada@example.org", "ada@example.org", "complained", listed.now)
    listed.run()
    assert listed.mails() == []
    (row,) = rows(listed)
    assert (row.accounts.suppressed, row.accounts.recipients, row.state) == (1, 0, "finished")


def test_more_than_one_batch_goes_out_in_one_run(listed, monkeypatch) -> None:
    from postroom.outbox import greetings

    monkeypatch.setattr(greetings, "MOST", 3)
    for number in range(10):
        sign_up(listed, f"p{number}")
    listed.run()
    assert len(listed.mails()) == 10
