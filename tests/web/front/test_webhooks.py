"""What providers tell, over real HTTP: what they signed is kept once, and nothing else is, whatever comes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
import provider_requests as provider
import pytest
from provider_requests import NOW, Posted
from sqlalchemy import func, insert, select

from postroom import config
from postroom.feedback.webhooks import mailgun, postmark, ses
from postroom.model import Recipient, Thresholds
from postroom.outbox import Ledger, confirmations, feedback, meta, subscribers
from postroom.outbox.tables import feedback as kept
from postroom.outbox.tables import suppression
from postroom.web.front import Front
from postroom.web.front.serving import serve_beside

KEYS = (b"k" * 32,)
ADA = "p7@example.org"


@dataclass
class Served:
    """The webhooks of a project with 1,000 subscribers."""

    ledger: Ledger
    address: str
    now: datetime = NOW
    fetched: list[str] = field(default_factory=list)
    pem: Callable[[], bytes] = provider.certificate

    def post(self, source: str, posted: Posted) -> httpx.Response:
        return httpx.post(
            f"{self.address}/hooks/{source}", content=posted.body, headers=list(posted.headers), timeout=30
        )

    def kept(self) -> list[tuple[str, str]]:
        query = select(kept.c.source, kept.c.address).order_by(kept.c.id)
        return [tuple(row) for row in self.ledger.read(lambda connection: connection.execute(query).all())]

    def act(self) -> None:
        while self.ledger.write(feedback.act, KEYS, Thresholds(), NOW).seen:
            pass

    def given_up(self) -> set[str]:
        query = select(suppression.c.identity)
        return set(self.ledger.read(lambda connection: connection.execute(query).scalars().all()))

    def certificate(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.pem()


@pytest.fixture
def served(desk) -> Iterator[Served]:
    desk.configure()
    with (desk.folder / "config.yaml").open("a") as file:
        file.write('\nweb: {url: "https://mail.example.org/post", listen: "127.0.0.1:8099"}\n')
    loaded = config.load(desk.folder / "config.yaml")
    names = [f"p{number}@example.org" for number in range(1000)]
    with Ledger(loaded.database) as ledger:
        rows = [Recipient(address=each, identity=each, domain="example.org") for each in names]
        subscribers.import_rows(ledger, "weekly", rows, "people.csv", NOW)
        assert loaded.web is not None
        made = Served(ledger, "")
        trust = ses.Settings(topics=frozenset({provider.TOPIC}), certificates=made.certificate)
        known = postmark.Settings(username=provider.POSTMARK[0], password=provider.POSTMARK[1])
        signed = mailgun.Settings(signing_key=provider.MAILGUN_KEY)
        front = Front(
            publication=loaded.publication,
            web=loaded.web,
            ledger=ledger,
            keys=(ledger.write(meta.link_key),),
            clock=lambda: made.now,
            hooks={
                "ses": lambda body, headers, now: ses.read(body, headers, trust, now),
                "postmark": lambda body, headers, now: postmark.read(body, headers, known, now),
                "mailgun": lambda body, headers, now: mailgun.read(body, headers, signed, now),
            },
        )
        handle = serve_beside(front, "127.0.0.1:0")
        made.address = handle.address
        yield made
        handle.close()


PROVIDERS = sorted(provider.GOLDEN)


@pytest.mark.parametrize("source", PROVIDERS)
def test_what_a_provider_signed_is_kept_and_acted_upon(served: Served, source: str) -> None:
    answer = served.post(source, provider.GOLDEN[source](ADA))
    assert answer.status_code == 202
    assert not {"location", "set-cookie"} & set(answer.headers)
    assert served.kept() == [(source, ADA)]
    served.act()
    assert served.given_up() == {ADA}


@pytest.mark.parametrize("source", PROVIDERS)
def test_twenty_six_of_twenty_six_are_told_right(served: Served, source: str) -> None:
    mutations = provider.MUTATIONS[source](ADA)
    assert len(mutations) == 25
    answers = {name: served.post(source, mutation()).status_code for name, mutation in mutations.items()}
    assert {name: status for name, status in answers.items() if status != 403} == {}
    assert served.kept() == []
    assert served.post(source, provider.GOLDEN[source](ADA)).status_code == 202
    assert served.kept() == [(source, ADA)]


@pytest.mark.parametrize("source", PROVIDERS)
def test_a_replay_is_answered_alike_and_keeps_nothing(served: Served, source: str) -> None:
    first, *again = (served.post(source, provider.GOLDEN[source](ADA)) for _ in range(5))
    assert {(each.status_code, each.text) for each in again} == {(first.status_code, first.text)}
    assert served.kept() == [(source, ADA)]


def test_a_signature_of_mailguns_buys_one_event_whatever_it_says(served: Served) -> None:
    served.post("mailgun", provider.mailgun(ADA))
    assert served.post("mailgun", provider.mailgun("p8@example.org")).status_code == 202
    assert served.kept() == [("mailgun", ADA)]


def test_no_certificate_is_asked_for_outside_amazons_hosts(served: Served) -> None:
    for mutation in provider.ses_mutations(ADA).values():
        served.post("ses", mutation())
    assert set(served.fetched) <= {provider.CERTIFICATE_URL}


def test_a_certificate_that_cannot_be_had_is_asked_for_again_later(served: Served) -> None:
    def broken() -> bytes:
        raise OSError("no route")

    served.pem = broken
    answer = served.post("ses", provider.ses(ADA))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    served.pem = provider.certificate
    assert served.post("ses", provider.ses(ADA)).status_code == 202


def test_a_body_of_more_than_256_kb_is_refused(served: Served) -> None:
    golden = provider.mailgun(ADA)
    padded = golden.body + b" " * (256 * 1024 - len(golden.body))
    assert served.post("mailgun", replace(golden, body=padded + b" ")).status_code == 413
    assert served.kept() == []
    assert served.post("mailgun", replace(golden, body=padded)).status_code == 202


def test_only_the_providers_that_are_believed_have_a_page_and_only_for_post(served: Served) -> None:
    assert httpx.post(f"{served.address}/hooks/sendgrid", content=b"{}").status_code == 404
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        assert httpx.request(method, f"{served.address}/hooks/mailgun").status_code == 405
    assert served.kept() == []


@pytest.mark.parametrize("source", PROVIDERS)
def test_whatever_is_posted_is_answered_without_a_failure(served: Served, source: str) -> None:
    chance = random.Random(source)
    golden = provider.GOLDEN[source](ADA)
    with httpx.Client(base_url=served.address) as client:
        for _ in range(200):
            body = bytearray(golden.body)
            for _ in range(chance.randrange(1, 9)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            headers = [(name, value) for name, value in golden.headers if name != "Authorization"]
            assert client.post(f"/hooks/{source}", content=bytes(body), headers=headers).status_code in {
                202,
                403,
            }
    assert {address for _, address in served.kept()} <= {ADA}


def test_a_topic_that_asks_to_be_confirmed_is_left_to_a_person(served: Served) -> None:
    asked = provider.Sns("You have chosen to subscribe", kind="SubscriptionConfirmation").posted()
    assert served.post("ses", asked).status_code == 202
    (found,) = served.ledger.read(confirmations.asked, NOW)
    assert (found.topic, found.token, found.at) == (provider.TOPIC, "2336412f37", NOW)
    assert served.fetched == [provider.CERTIFICATE_URL]
    assert served.ledger.read(confirmations.asked, NOW + confirmations.VALID) == ()


def test_a_topic_that_leaves_asks_no_longer(served: Served) -> None:
    served.post("ses", provider.Sns("Subscribe?", kind="SubscriptionConfirmation").posted())
    left = provider.Sns("You have deactivated", kind="UnsubscribeConfirmation").posted()
    assert served.post("ses", left).status_code == 202
    assert (served.kept(), served.ledger.read(confirmations.asked, NOW)) == ([], ())


def test_when_too_much_waits_nothing_more_is_taken(served: Served) -> None:
    rows = [
        {"source": "ses", "event": str(number), "kind": "bounced", "heard_at": NOW, "outcome": ""}
        for number in range(feedback.MAX_BACKLOG)
    ]
    served.ledger.write(lambda connection: connection.execute(insert(kept), rows))
    answer = served.post("mailgun", provider.mailgun(ADA))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    served.ledger.write(feedback.act, KEYS, Thresholds(), NOW)
    served.now += timedelta(seconds=1)
    assert served.post("mailgun", provider.mailgun(ADA)).status_code == 202


def test_what_the_provider_tells_that_is_no_feedback_is_taken_and_forgotten(served: Served) -> None:
    opened = {
        "signature": provider.mailgun_signature(),
        "event-data": {**provider.mailgun_event(ADA), "event": "opened"},
    }
    assert served.post("mailgun", Posted(json.dumps(opened).encode())).status_code == 202
    assert served.kept() == []


def test_a_flood_in_any_order_with_repeats_ends_as_the_model_says(served: Served) -> None:
    told = [(number, f"p{number % 1000}@example.org") for number in range(4000)]
    stream = [*told, *random.Random(7).sample(told, 1000)][::-1]
    expected = {address for number, address in told if number % 3 == 0}

    def request(number: int, address: str) -> bytes:
        event = provider.mailgun_event(address)
        if number % 3:
            event = {
                **event,
                "severity": "temporary",
                "delivery-status": {"message": "4.2.2 full", "code": 452},
            }
        signature = provider.mailgun_signature(f"token-of-event-{number:06}")
        return json.dumps({"signature": signature, "event-data": event}).encode()

    async def lane(some: list[tuple[int, str]]) -> list[int]:
        host, _, port = served.address.removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        statuses = []
        for each in some:
            body = request(*each)
            writer.write(
                b"POST /hooks/mailgun HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            statuses.append(int(head.split()[1]))
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
        writer.close()
        return statuses

    async def flood() -> list[int]:
        lanes = await asyncio.gather(*(lane(stream[number::32]) for number in range(32)))
        return [status for one in lanes for status in one]

    statuses = asyncio.run(flood())
    assert {status: statuses.count(status) for status in statuses} == {202: 5000}
    count = select(func.count()).select_from(kept)
    assert served.ledger.read(lambda connection: connection.execute(count).scalar_one()) == 4000
    served.act()
    assert served.given_up() == expected
