"""A subscriber's whole life, by real parts alone: they sign up in a browser, confirm, read, and leave.

The daemon with its pages, and the commands, are processes of their own, behind a proxy that speaks HTTPS; mail goes
through an SMTP server; bounces come back into a Maildir, and from the providers, whose requests are signed as they
sign them.
"""

from __future__ import annotations

import email
import email.policy
import re
import signal
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import feedback_mails
import httpx
import provider_requests as provider
import pytest
from conftest import Mailbox
from doorway import Authority, abroad, https
from playwright.sync_api import Browser, Page, expect
from rig.forge import Forge, wait_until

from postroom.web.public import EMAIL, LIST, NAME

WAYS = ("one-click", "page", "report", "ses", "postmark", "mailgun")
"""How one reader each leaves, or is given up."""

CONFIG = """\
publication: {{name: The Ledger, url: https://ledger.example, language: en, address: "1 Street"}}
articles: {{folder: articles, url: "{{publication.url}}/{{slug}}", settle: 0 seconds}}
images: {{folder: images, url: "{url}/images"}}
audiences: {{readers: {{list: weekly}}}}
channels:
  newsletter:
    kind: email
    audience: readers
    from: "The Ledger <news@ledger.example>"
    return_path: "bounces+{{token}}@ledger.example"
    ignore_before: 2025-01-01
    unsubscribe: web
    transport: mail
transports:
  mail: {{kind: smtp, host: 127.0.0.1, port: {smtp}, tls: none}}
web: {{url: "{url}", listen: "127.0.0.1:{listen}", sign_up: [readers]}}
feedback:
  mailbox: {{maildir: bounces}}
  webhooks:
    ses: {{topics: ["{topic}"]}}
    postmark: {{username: "${{HOOK_USER}}", password: "${{HOOK_PASSWORD}}"}}
    mailgun: {{signing_key: "${{HOOK_KEY}}"}}
outbox: {{database: "sqlite:///postroom.db"}}
"""


@dataclass
class World:
    """A publication on loopback, and what one can do in it."""

    folder: Path
    url: str
    trust: ssl.SSLContext
    mailbox: Mailbox
    forge: Forge
    shift: timedelta
    page: Page

    def command(self, *arguments: str) -> None:
        """Run a command as a person would."""
        assert self.forge.run(*arguments, shift=self.shift) == 0, self.log()

    def article(self, name: str) -> None:
        """Write an article that is due."""
        text = f"Letters used to wait a week for the next coach. Today all of them are {name}.\n\n## Of {name}\n\nMore."
        front = f"title: On {name}\ndescription: Of {name}.\nauthor: Ada\npublish_date: 2026-11-20 09:00\n"
        (self.folder / "articles" / f"{name}.md").write_text(f"---\n{front}---\n\n{text}\n")

    def approve(self, key: str, recipients: int) -> None:
        """Let go the first edition of a channel, which waits for a person."""
        assert wait_until(lambda: key in self.log()), self.log()
        self.command("outbox", "approve", key, "--recipients", str(recipients))

    def sign_up(self, who: str) -> None:
        """Fill in the form in the browser."""
        self.page.goto(f"{self.url}/subscribe")
        self.page.locator(f"[name={EMAIL}]").fill(who)
        for each in (self.page.locator(f"[name={NAME}]"), self.page.locator(f"[name={LIST}][type=checkbox]")):
            if each.count() and each.is_visible():
                each.check() if each.get_attribute("type") == "checkbox" else each.fill("Grace")
        self.page.wait_for_timeout(2_100)  # a person needs that long
        self.page.get_by_role("button").click()
        expect(self.page.get_by_role("heading", level=1)).not_to_contain_text("Subscribe")

    def press(self, url: str) -> str:
        """Open a page of ours, press its button, and return the heading that follows."""
        self.page.goto(url)
        self.page.get_by_role("button").first.click()
        return self.page.get_by_role("heading", level=1).inner_text()

    def to(self, who: str) -> list[EmailMessage]:
        """Return what somebody got, in order."""
        box = self.mailbox
        return [read(raw) for to, raw in zip(box.recipients, [*box.messages], strict=False) if to == who]

    def subjects(self) -> Counter[tuple[str, str]]:
        """Count what came by recipient and subject."""
        return Counter((str(each["To"]), str(each["Subject"])) for each in map(read, self.mailbox.messages))

    def mail(self, who: str, number: int) -> EmailMessage:
        """Wait for the `number`th mail to somebody."""
        assert wait_until(lambda: len(self.to(who)) >= number), (
            f"{who} has {len(self.to(who))} of {number}\n{self.log()}"
        )
        return self.to(who)[number - 1]

    def log(self) -> str:
        """Read the end of what the processes said."""
        return self.forge.log.read_text()[-4000:]


@pytest.fixture
def world(tmp_path: Path, browser: Browser, mailbox: Mailbox) -> Iterator[World]:
    authority = Authority(tmp_path)
    for each in ("articles", "bounces/new", "bounces/cur", "bounces/tmp"):
        (tmp_path / each).mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = free.getsockname()[1]
    with ExitStack() as stack:
        outside = stack.enter_context(https(authority, listen))
        proxy = stack.enter_context(abroad(authority, {provider.CERTIFICATE_URL: provider.certificate()}))
        url = f"https://localhost:{outside}"
        text = CONFIG.format(url=url, smtp=mailbox.port, listen=listen, topic=provider.TOPIC)
        (tmp_path / "config.yaml").write_text(text)
        environment = {
            "SSL_CERT_FILE": str(authority.file),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy}",
            "NO_PROXY": "localhost",
            "HOOK_USER": provider.POSTMARK[0],
            "HOOK_PASSWORD": provider.POSTMARK[1],
            "HOOK_KEY": provider.MAILGUN_KEY.decode(),
        }
        forge = Forge(tmp_path, environment)
        stack.callback(forge.close)
        page = browser.new_page(ignore_https_errors=True)
        stack.callback(page.close)
        page.set_default_timeout(10_000)
        shift = provider.NOW - datetime.now(UTC)  # noqa: TID251
        yield World(tmp_path, url, authority.trust(), mailbox, forge, shift, page)


def read(raw: bytes) -> EmailMessage:
    """Read a mail."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def link(mail: EmailMessage, place: str) -> str:
    """Find the link of a mail that leads to one of our pages."""
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(rf"https://localhost:\d+/{place}/[\w-]+", text.get_content())
    assert found, text.get_content()
    return found[0]


def address(way: str) -> str:
    return f"{way}@readers.example"


@pytest.mark.timeout(280)
def test_from_the_form_to_the_last_mail(world: World) -> None:
    daemon = world.forge.start("run", shift=world.shift)
    stays = "stays@readers.example"
    assert wait_until(lambda: world.forge.said("public pages served")), world.log()
    for way in WAYS:
        world.sign_up(address(way))
    assert world.subjects().keys() <= {(address(way), world.mail(address(way), 1)["Subject"]) for way in WAYS}
    world.command("subscribers", "add", stays, "--list", "weekly", "--because", "asked at the fair")

    confirming = {way: world.mail(address(way), 1) for way in WAYS}
    assert not any(mail["List-Unsubscribe"] for mail in confirming.values())
    world.article("ledgers")
    world.approve("newsletter/article/ledgers", 1)
    assert world.mail(stays, 1)["Subject"] == "On ledgers"
    assert {to for to, subject in world.subjects() if subject == "On ledgers"} == {
        stays
    }  # nobody has confirmed

    for way, mail in confirming.items():
        httpx.get(link(mail, "confirm"), verify=world.trust).raise_for_status()  # a scanner looks
        world.press(link(mail, "confirm"))
        world.mail(address(way), 2)
    world.article("queues")
    world.approve("newsletter/article/queues", 1 + len(WAYS))  # so many after one: a person looks
    letters = {way: world.mail(address(way), 3) for way in WAYS}
    assert {str(mail["Subject"]) for mail in letters.values()} == {"On queues"}
    assert {mail["List-Unsubscribe-Post"] for mail in letters.values()} == {"List-Unsubscribe=One-Click"}

    leave(world, letters)
    world.article("goodbyes")
    world.mail(stays, 3)
    assert world.forge.end(daemon, signal.SIGTERM) == 0, world.log()
    world.command("run", "--once")
    got = world.subjects()
    assert {to for to, subject in got if subject == "On goodbyes"} == {stays}
    assert set(got.values()) == {1}, got


def leave(world: World, letters: dict[str, EmailMessage]) -> None:
    """Let each go the way that is theirs."""
    for mail in letters.values():
        away = re.fullmatch(r"<(https://[^>]+)>", str(mail["List-Unsubscribe"]).split(",")[0].strip())
        assert away, mail["List-Unsubscribe"]
        httpx.get(away[1], verify=world.trust).raise_for_status()  # which leaves nothing
    one_click = str(letters["one-click"]["List-Unsubscribe"]).split(",")[0].strip("<> ")
    posted = httpx.post(one_click, data={"List-Unsubscribe": "One-Click"}, verify=world.trust)
    assert (posted.status_code, posted.headers.get("set-cookie")) == (200, None)
    world.press(link(letters["page"], "u"))
    for source in provider.GOLDEN:
        message_id = str(letters[source]["Message-ID"]).strip("<>")
        told = provider.GOLDEN[source](address(source), message_id=message_id)
        hook = f"{world.url}/hooks/{source}"
        answer = httpx.post(
            hook, content=told.body, headers=list(told.headers), verify=world.trust, timeout=20
        )
        assert answer.status_code == 202, (source, answer.text, world.log())
    bounce(world, letters["report"])
    for how, way in (("left", "one-click"), ("left", "page"), *(("bounced", way) for way in WAYS[2:])):
        assert wait_until(lambda: gone(world, address(way)) == how), (way, how, world.log())  # noqa: B023


def bounce(world: World, mail: EmailMessage) -> None:
    """Let the reader's server report that nobody is there, to the address that the mail was sent from."""
    number = next(
        at for at, raw in enumerate(world.mailbox.messages) if read(raw)["Message-ID"] == mail["Message-ID"]
    )
    sent_from = world.mailbox.senders[number]
    assert re.fullmatch(r"bounces\+[\w-]+@ledger\.example", sent_from)
    who, headers = address("report"), f"Message-ID: {mail['Message-ID']}\nFrom: {mail['From']}\nSubject: x\n"
    status = f"Final-Recipient: rfc822; {who}\nAction: failed\nStatus: 5.1.1\n"
    report = feedback_mails.report(
        status,
        headers=f"Delivered-To: {sent_from}\n",
        returned=f"Content-Type: text/rfc822-headers\n\n{headers}",
    )
    (world.folder / "bounces/new/1.mail").write_bytes(report)
    world.command("feedback", "fetch")


def gone(world: World, who: str) -> str:
    """Tell how somebody is gone, by what the ledger says of them."""
    from postroom.outbox import Ledger, person, suppressions

    with Ledger(f"sqlite:///{world.folder / 'postroom.db'}") as ledger:
        given_up = ledger.read(suppressions.suppression_of, who)
        found = ledger.read(person.find, who)
    if given_up is not None:
        return given_up.reason.split(":")[0]
    return "left" if found is not None and any(each.how == "left" for each in found.standings) else ""
