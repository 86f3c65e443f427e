"""The way in, over real HTTP: whoever enters an address learns nothing, and only who confirms is on a list."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from postroom import config, links
from postroom.model import Recipient
from postroom.outbox import Ledger, erasing, leaving, meta, subscribers, suppressions
from postroom.outbox.leaving import Act
from postroom.outbox.tables import consent, greeting, membership, request, subscriber
from postroom.web.front import Front
from postroom.web.front.joining import embedded
from postroom.web.front.limits import Rate, SignUpLimits
from postroom.web.front.serving import serve_beside

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ANY = Rate(burst=100_000, seconds=0.001)
LISTS = """
web: {url: "https://mail.example.org/post", listen: "127.0.0.1:8099", sign_up: [readers, extra]}
"""
NEWSLETTERS = """channels:
  a: {kind: email, audience: readers, name: The Weekly, from: n@test.example, transport: mail}
  b: {kind: email, audience: extra, name: Der Monat, from: n@test.example, transport: mail}
  c: {kind: email, audience: inner, name: Staff only, from: n@test.example, transport: mail}
"""
AUDIENCES = "audiences:\n  readers: {list: weekly}\n  extra: {list: monthly}\n  inner: {list: staff}\n"


@dataclass
class Served:
    """The pages of a project with two lists that are open, and a clock to turn."""

    ledger: Ledger
    client: httpx.Client
    front: Front
    now: datetime = NOW

    def stamp(self) -> str:
        """Get a form, and wait until a person could have filled it in."""
        found = re.search(r'name="stamp" value="([^"]+)"', self.client.get("/subscribe").text)
        assert found
        self.now += timedelta(seconds=3)
        return found[1]

    def send(self, email: str = "ada@example.org", **values: Any) -> httpx.Response:
        form = {"email": email, "name": "Ada", "list": ["weekly"], "homepage": "", "stamp": self.stamp()}
        return self.client.post("/subscribe", data={**form, **values})

    def count(self, table: Any) -> int:
        query = select(func.count()).select_from(table)
        return self.ledger.read(lambda connection: connection.execute(query).scalar_one())

    def state(self) -> list[int]:
        return [self.count(each) for each in (subscriber, request, membership, consent, greeting)]

    def link(self, identity: str = "ada@example.org") -> str:
        query = select(subscriber.c.uuid).where(subscriber.c.identity == identity)
        uuid = self.ledger.read(lambda connection: connection.execute(query).scalar_one())
        return f"/confirm/{links.token(self.front.keys, 'confirm', uuid)}"


@pytest.fixture
def limits() -> SignUpLimits:
    return SignUpLimits(network=ANY, all=ANY, domain=ANY)


@pytest.fixture
def served(desk, limits: SignUpLimits) -> Iterator[Served]:
    desk.configure(("audiences:\n", AUDIENCES), ("channels:\n", NEWSLETTERS))
    with (desk.folder / "config.yaml").open("a") as file:
        file.write(LISTS)
    loaded = config.load(desk.folder / "config.yaml")
    assert loaded.web is not None
    with Ledger(loaded.database) as ledger:
        front = Front(
            publication=loaded.publication,
            web=loaded.web,
            ledger=ledger,
            keys=(ledger.write(meta.link_key),),
            clock=lambda: made.now,
            limits=limits,
        )
        handle = serve_beside(front, "127.0.0.1:0")
        with httpx.Client(base_url=handle.address, follow_redirects=False) as client:
            made = Served(ledger, client, front)
            yield made
        handle.close()


def test_the_form_offers_what_is_open_and_ticks_nothing(served: Served) -> None:
    answer = served.client.get("/subscribe")
    assert answer.status_code == 200
    assert 'action="/post/subscribe"' in answer.text
    assert "The Weekly" in answer.text
    assert "Der Monat" in answer.text
    assert "Staff only" not in answer.text
    assert " checked" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


def test_who_signs_up_and_confirms_is_on_the_list(served: Served) -> None:
    assert served.send(" ADA@Example.org", list=["weekly", "monthly"]).status_code == 200
    assert served.state() == [1, 2, 0, 2, 1]
    shown = served.client.get(served.link("ada@example.org"))
    assert "The Weekly" in shown.text
    assert "Der Monat" in shown.text
    assert served.count(membership) == 0
    first, again = (served.client.post(served.link(), data={}) for _ in range(2))
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert served.ledger.read(subscribers.count, "weekly") == 1
    assert served.count(greeting) == 3
    assert "From now on you get" in served.client.get(served.link()).text


def test_the_answer_is_the_same_whatever_an_address_is_to_us(served: Served) -> None:
    ledger, act = served.ledger, Act(how="test")
    people = [
        Recipient(address=f"{name}@example.org", identity=f"{name}@example.org", domain="example.org")
        for name in ("member", "left", "bounced", "erased")
    ]
    subscribers.import_rows(ledger, "weekly", people, "people.csv", NOW)
    subscribers.import_rows(ledger, "monthly", people, "people.csv", NOW)
    number = ledger.write(subscribers.enrol_one, people[1], "", NOW)
    for name in ("weekly", "monthly"):
        ledger.write(leaving.leave, number, name, act, NOW)
    ledger.write(suppressions.suppress, "bounced@example.org", "bounced@example.org", "bounced", NOW)
    ledger.write(erasing.erase, "erased@example.org", NOW)
    served.send("asked@example.org")
    names = ["unknown", "asked", "member", "left", "bounced", "erased"]
    answers = [served.send(f"{name}@example.org") for name in names]
    answers.append(served.send("trapped@example.org", homepage="https://buy.example"))
    same = {(each.status_code, each.text, str(sorted(set(each.headers) - {"date"}))) for each in answers}
    assert len(same) == 1
    mailed = ledger.read(
        lambda c: (
            c.execute(select(subscriber.c.identity).join(greeting).order_by(greeting.c.id)).scalars().all()
        )
    )
    assert mailed == [f"{name}@example.org" for name in ("asked", "unknown", "left", "erased")]


def test_no_answer_comes_sooner_than_another(served: Served) -> None:
    served.ledger.write(suppressions.suppress, "bounced@example.org", "bounced@example.org", "bounced", NOW)
    stamp, took = served.stamp(), []
    for name in ("unknown", "bounced"):
        begun = time.monotonic()
        served.client.post(
            "/subscribe", data={"email": f"{name}@example.org", "list": "weekly", "stamp": stamp}
        )
        took.append(time.monotonic() - begun)
    assert min(took) >= 0.25


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"email": ""}, "Please enter your e-mail address"),
        ({"email": "ada@"}, "This is no e-mail address"),
        ({"email": "ada@example.org\r\nBcc: eve@example.org"}, "This is no e-mail address"),
        ({"email": "ada@example.org, eve@example.org"}, "This is no e-mail address"),
        ({"email": "a" * 5000 + "@example.org"}, "This is no e-mail address"),
        ({"list": []}, "Please choose at least one"),
        ({"list": ["staff"]}, "Please choose at least one"),
        ({"list": ["readers"]}, "Please choose at least one"),
        ({"name": "x" * 101}, "Please use a shorter name"),
        ({"stamp": ""}, "button once more"),
        ({"stamp": "forged"}, "button once more"),
    ],
)
def test_a_form_that_is_not_in_order_is_shown_again_and_changes_nothing(
    served: Served, values: dict[str, Any], fault: str
) -> None:
    answer = served.send(**values)
    assert answer.status_code == 200
    assert fault in answer.text
    assert served.state() == [0, 0, 0, 0, 0]


def test_a_form_from_elsewhere_is_filled_in_and_sent_from_ours(served: Served) -> None:
    sent = {"email": "ada@example.org", "name": "<b>Ada", "list": ["monthly"]}
    shown = served.client.post("/subscribe", data=sent, headers={"Origin": "https://blog.example"})
    assert "button once more" in shown.text
    assert 'value="ada@example.org"' in shown.text
    assert "&lt;b&gt;Ada" in shown.text
    assert len(re.findall(r'value="monthly"[^>]* checked', shown.text)) == 1
    stamp = re.search(r'name="stamp" value="([^"]+)"', shown.text)
    assert stamp
    served.now += timedelta(seconds=2)
    assert "button once more" not in served.client.post("/subscribe", data={**sent, "stamp": stamp[1]}).text
    assert served.count(request) == 1


def test_a_form_that_comes_too_soon_passes_when_it_is_sent_again(served: Served) -> None:
    stamp = served.stamp()
    served.now -= timedelta(seconds=2)
    form = {"email": "ada@example.org", "list": ["weekly"], "stamp": stamp}
    early = served.client.post("/subscribe", data=form)
    assert "button once more" in early.text
    assert stamp in early.text
    served.now += timedelta(seconds=1)
    assert "button once more" not in served.client.post("/subscribe", data=form).text
    served.now += timedelta(days=1)
    assert "button once more" in served.client.post("/subscribe", data=form).text


def test_a_name_that_is_an_advertisement_is_not_kept(served: Served) -> None:
    served.send("ada@example.org", name="Win at https://buy.example")
    served.send("bob@example.org", name=" Bob\u202e\x07 \t the  Builder ")
    rows = served.ledger.read(
        lambda c: c.execute(select(subscriber.c.name).order_by(subscriber.c.id)).scalars().all()
    )
    assert rows == ["", "Bob   the Builder"]


def test_the_readers_language_is_kept_and_spoken(served: Served) -> None:
    stamp = served.stamp()
    form = {"email": "ada@example.org", "list": ["weekly"], "stamp": stamp}
    answer = served.client.post("/subscribe", data=form, headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert '<html lang="de' in answer.text
    kept = served.ledger.read(lambda c: c.execute(select(subscriber.c.language)).scalar_one())
    assert kept == "de-AT"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_nothing_but_a_post_changes_anything(served: Served, method: str) -> None:
    served.send()
    before = served.state()
    for path in ("/subscribe", "/subscribe?email=bob@example.org&list=weekly", served.link()):
        answer = served.client.request(method, path)
        assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
    assert served.state() == before


def test_a_link_for_something_else_confirms_nothing(served: Served) -> None:
    served.send()
    uuid = links.read(served.front.keys, "confirm", served.link().removeprefix("/confirm/"))
    assert uuid
    nobody = links.token(served.front.keys, "confirm", "01234567-0000-7000-8000-000000000000")
    other = links.token(served.front.keys, "unsubscribe", *uuid)
    texts = set()
    for token in (nobody, other, "x", served.link()[9:-1], "a" * 3000):
        for method in ("GET", "POST"):
            answer = served.client.request(method, f"/confirm/{token}")
            assert answer.status_code == 404
            texts.add(answer.text)
    assert len(texts) == 1
    assert served.count(membership) == 0


def test_a_link_is_no_use_any_more_once_its_request_is_forgotten(served: Served) -> None:
    served.send()
    number = served.ledger.read(
        leaving.person, links.read(served.front.keys, "confirm", served.link()[9:])[0]
    )
    served.ledger.write(leaving.leave, number, "weekly", Act(how="test"), NOW)
    assert served.client.get(served.link()).status_code == 404
    assert served.client.post(served.link()).status_code == 404
    assert served.count(membership) == 0


def test_a_link_holds_no_address_and_its_page_is_in_no_index(served: Served) -> None:
    served.send()
    shown = served.client.get(served.link())
    assert "ada" not in served.link() + shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "noindex" in shown.headers["x-robots-tag"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 200_000, 413),
        (b"&".join(b"a=1" for _ in range(60)), 400),
        (b"\xff\xfe=%", 400),
        (b"email=%FF", 400),
    ],
)
def test_what_no_form_would_send_is_refused(served: Served, body: bytes, status: int) -> None:
    assert served.client.post("/subscribe", content=body).status_code == status


@pytest.mark.parametrize("body", [b"", b"\x00", b'{"email": "ada@example.org"}'])
def test_what_is_no_form_is_one_that_is_empty(served: Served, body: bytes) -> None:
    answer = served.client.post("/subscribe", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert served.state() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("limits", [SignUpLimits(network=Rate(burst=3, seconds=60), all=ANY)])
def test_a_network_may_send_so_many_and_is_told_when_to_come_back(served: Served) -> None:
    answers = [served.send(f"p{number}@example.org", stamp="") for number in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert "text/html" in answers[-1].headers["content-type"]
    there = {"X-Forwarded-For": "203.0.113.9"}  # told by a proxy on this machine
    assert served.client.post("/subscribe", data={}, headers=there).status_code == 200


@pytest.mark.parametrize("limits", [SignUpLimits(network=ANY, all=Rate(burst=5, seconds=60))])
def test_all_networks_together_cause_no_more_mails_than_allowed(served: Served) -> None:
    stamp = served.stamp()

    def send(number: int) -> int:
        form = {"email": f"p{number}@example.org", "list": "weekly", "stamp": stamp}
        there = {"X-Forwarded-For": f"2001:db8:{number:x}::1"}
        return served.client.post("/subscribe", data=form, headers=there).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(40)))
    assert (answers.count(200), answers.count(429)) == (5, 35)
    assert served.count(greeting) == 5


def test_a_thousand_forms_for_one_address_are_one_mail(served: Served) -> None:
    stamp = served.stamp()
    spellings = ["ada@example.org", "Ada@example.org", "ADA@EXAMPLE.ORG", " ada@Example.org "]

    def send(number: int) -> int:
        form = {"email": spellings[number % 4], "list": ["weekly", "monthly"][number % 2], "stamp": stamp}
        return served.client.post("/subscribe", data=form).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(send, range(1000))) == {200}
    assert served.count(greeting) == 1


def test_a_mailbox_with_many_addresses_is_not_flooded_through_them(served: Served) -> None:
    answers = {served.send(f"ada+{number}@example.org").text for number in range(6)}
    assert len(answers) == 1
    assert served.count(greeting) == 3
    served.send("ada@example.org")
    assert served.count(greeting) == 4


def test_dots_that_gmail_leaves_out_make_no_further_mailboxes(served: Served) -> None:
    for at in range(1, 7):
        served.send(f"{'stranger'[:at]}.{'stranger'[at:]}@{'gmail' if at % 2 else 'googlemail'}.com")
    assert served.count(greeting) == 3


@pytest.mark.parametrize("limits", [SignUpLimits(network=ANY, all=ANY, domain=Rate(burst=4, seconds=60))])
def test_a_domain_that_takes_any_name_is_not_flooded_through_its_names(served: Served) -> None:
    answers = [served.send(f"name{number}@family.example") for number in range(6)]
    assert [each.status_code for each in answers] == [200] * 4 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert {served.send(f"name{number}@gmail.com").status_code for number in range(6)} == {200}
    assert served.count(greeting) == 10


def test_who_left_by_mistake_is_led_back_where_every_list_is_open(served: Served) -> None:
    token = links.token(served.front.keys, "unsubscribe", "01234567-0000-7000-8000-000000000000", "1")
    assert "/post/subscribe" not in served.client.post(f"/u/{token}").text
    titles = {name: served.front.web.titles[name] for name in served.front.web.sign_up}
    all_open = replace(served.front, web=replace(served.front.web, titles=titles))
    handle = serve_beside(all_open, "127.0.0.1:0")
    try:
        assert 'href="/post/subscribe"' in httpx.post(f"{handle.address}/u/{token}").text
    finally:
        handle.close()


def test_nothing_is_open_unless_the_config_says_so(served: Served) -> None:
    closed = replace(served.front, web=replace(served.front.web, sign_up=()))
    handle = serve_beside(closed, "127.0.0.1:0")
    try:
        with httpx.Client(base_url=handle.address) as client:
            assert client.get("/subscribe").status_code == 404
            assert client.post("/subscribe", data={"email": "ada@example.org"}).status_code == 404
    finally:
        handle.close()


def test_the_form_for_other_pages_posts_to_ours(served: Served) -> None:
    html = embedded(served.front)
    assert 'action="https://mail.example.org/post/subscribe"' in html
    assert html.count('name="list"') == 2
    assert "<script" not in html
    assert "stamp" not in html
