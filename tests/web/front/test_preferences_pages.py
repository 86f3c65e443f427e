"""Their own pages, over real HTTP: people choose, take their data with them, and have it erased; nobody else can."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from postroom import config, links
from postroom.compose.unsubscribe import PREFERENCES, PURPOSE
from postroom.model import Recipient
from postroom.outbox import Ledger, leaving, meta, subscribers
from postroom.outbox.leaving import Act
from postroom.outbox.person import find
from postroom.outbox.tables import consent, departure, erasure, membership, subscriber
from postroom.web.front import Front
from postroom.web.front.serving import serve_beside

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PEOPLE = ("ada", "bea", "cleo")
WEB = """
web:
  url: "https://mail.example.org/post"
  sign_up: [readers]
"""
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@dataclass(frozen=True)
class Served:
    """The pages of a project whose list `weekly` has three people, and whose list `open` anybody may join."""

    ledger: Ledger
    front: Front
    client: httpx.Client

    def path(self, name: str, below: str = "") -> str:
        return f"/preferences/{self.token(name)}{below}"

    def token(self, name: str, purpose: str = PREFERENCES) -> str:
        return links.token(self.front.keys, purpose, self.person(name).uuid)

    def person(self, name: str) -> Any:
        found = self.ledger.read(find, f"{name}@example.org")
        assert found is not None
        return found

    def lists(self, name: str) -> list[str]:
        return [each.list for each in self.person(name).standings if each.how == "on"]

    def save(self, name: str, *ticked: str, **more: str) -> httpx.Response:
        return self.client.post(self.path(name), data={"list": list(ticked), **more})

    def state(self) -> list[int]:
        tables = (membership, departure, consent, erasure, subscriber)

        def counts(connection: Any) -> list[int]:
            return [
                connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables
            ]

        return self.ledger.read(counts)


@pytest.fixture
def served(desk) -> Iterator[Served]:
    desk.configure(("{file: subscribers.csv}", "{list: weekly}\n  readers: {list: open}"))
    with (desk.folder / "config.yaml").open("a") as file:
        file.write(WEB)
    text = (desk.folder / "config.yaml").read_text()
    own = """  readers-mail:
    {kind: email, audience: readers, from: "The Test <news@test.example>", name: The open letter,
     unsubscribe: {mailto: leave@test.example}, transport: mail}
"""
    desk.write("config.yaml", text.replace("  linkedin:\n    kind", f"{own}  linkedin:\n    kind", 1))
    loaded = config.load(desk.folder / "config.yaml")
    rows = [
        Recipient(
            address=f"{each}@example.org",
            identity=f"{each}@example.org",
            domain="example.org",
            name=f"{each.title()} L.",
            merge={"town": f"{each}ville"},
        )
        for each in PEOPLE
    ]
    with Ledger(loaded.database) as ledger:
        subscribers.import_rows(ledger, "weekly", rows, "people.csv", NOW)
        assert loaded.web is not None
        front = Front(
            publication=loaded.publication,
            web=loaded.web,
            ledger=ledger,
            keys=(ledger.write(meta.link_key),),
            clock=lambda: NOW,
        )
        handle = serve_beside(front, "127.0.0.1:0")
        with httpx.Client(base_url=handle.address, follow_redirects=False) as client:
            yield Served(ledger, front, client)
        handle.close()


def ticked(html: str) -> dict[str, bool]:
    """Read which lists a page offers, and which of them are ticked."""
    boxes = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", html)
    return {re.search('value="([^"]*)"', box)[1]: " checked" in box for box in boxes}  # type: ignore[index]


def test_the_page_offers_what_one_is_on_and_what_anybody_may_join(served: Served) -> None:
    answer = served.client.get(served.path("ada"))
    assert answer.status_code == 200
    assert ticked(answer.text) == {"weekly": True, "open": False}
    assert "The open letter" in answer.text
    assert "a…@example.org" in answer.text
    assert "ada@example.org" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_ticked_is_joined_and_what_is_not_is_left(served: Served) -> None:
    answer = served.save("ada", "open")
    assert (answer.status_code, ticked(answer.text)) == (200, {"open": True})
    assert served.lists("ada") == ["open"]
    said = [(each.list, each.what, each.how, each.source) for each in served.person("ada").statements]
    assert said == [
        ("open", "added", "preferences", "127.0.0.1"),
        ("weekly", "left", "preferences", "127.0.0.1"),
    ]
    assert served.lists("bea") == ["weekly"]


def test_to_save_twice_is_once(served: Served) -> None:
    served.save("ada", "weekly", "open")
    before = served.state()
    served.save("ada", "weekly", "open")
    assert served.state() == before


def test_a_list_that_was_not_offered_is_neither_joined_nor_left(served: Served) -> None:
    served.ledger.write(leaving.add, served.person("bea").number, "secret", Act(how="by hand"), NOW)
    served.save("ada", "weekly", "secret", "@readers", "")
    assert served.lists("ada") == ["weekly"]
    assert served.lists("bea") == ["secret", "weekly"]


def test_a_list_that_was_left_and_is_not_open_cannot_be_joined_again(served: Served) -> None:
    served.save("ada")
    assert ticked(served.client.get(served.path("ada")).text) == {"open": False}
    served.save("ada", "weekly")
    assert served.lists("ada") == []


def test_the_page_speaks_the_language_that_was_chosen(served: Served) -> None:
    answer = served.save("ada", "weekly", language="de")
    assert '<html lang="de"' in answer.text
    again = served.client.get(served.path("ada"), headers={"Accept-Language": "en"})
    assert '<html lang="de"' in again.text
    served.save("ada", "weekly", language="<script>")
    assert '<html lang="de"' in served.client.get(served.path("ada")).text


def test_the_export_holds_what_is_kept_and_is_a_file_that_nobody_stores(served: Served) -> None:
    served.save("ada", "open")
    answer = served.client.post(served.path("ada", "/export"))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment")
    told = answer.json()
    assert told["person"]["address"] == "ada@example.org"
    assert told["person"]["attributes"] == {"town": "adaville"}
    assert [each["list"] for each in told["lists"]] == ["open"]
    assert [each["what"] for each in told["consent"]] == ["added", "left"]
    assert "bea" not in answer.text


def test_to_erase_is_asked_once_more_and_then_done(served: Served) -> None:
    asked = served.client.get(served.path("ada", "/erase"))
    assert 'method="post"' in asked.text
    assert served.lists("ada") == ["weekly"]
    path = served.path("ada", "/erase")
    done = served.client.post(path)
    assert done.status_code == 200
    assert served.ledger.read(find, "ada@example.org") is None
    again = served.client.post(path)
    assert (again.status_code, again.text) == (done.status_code, done.text)
    assert served.client.get(path.removesuffix("/erase")).status_code == 404
    assert served.lists("bea") == ["weekly"]


@pytest.mark.parametrize("below", ["", "/export", "/erase"])
@pytest.mark.parametrize("method", METHODS)
def test_nothing_but_a_post_changes_anything(served: Served, method: str, below: str) -> None:
    before = served.state()
    for name in PEOPLE:
        answer = served.client.request(method, served.path(name, below))
        allowed = method in ("GET", "HEAD") and below != "/export"
        assert answer.status_code == (200 if allowed else 405)
    assert served.state() == before


@pytest.mark.parametrize("below", ["", "/export", "/erase"])
def test_no_link_but_their_own_is_taken(served: Served, below: str) -> None:
    before, chance = served.state(), Random(7)
    good = served.token("ada")
    wrong = [served.token("ada", PURPOSE), served.token("ada", "confirm"), good[:-1], f"{good}A", "x", "%00"]
    for _ in range(200):
        at = chance.randrange(len(good))
        letter = chance.choice("abcdefghijklmnopqrstuvwxyz0123456789")
        wrong.append(good[:at] + letter + good[at + 1 :] if good[at] != letter else f"{good}x")
    for token in wrong:
        answer = served.client.post(f"/preferences/{token}{below}")
        assert answer.status_code == 404
        assert "example.org" not in answer.text.replace("mail.example.org", "")
    assert served.state() == before


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://mail.example.org.evil.example"])
@pytest.mark.parametrize("below", ["", "/export", "/erase"])
def test_a_form_of_another_site_is_refused(served: Served, below: str, origin: str) -> None:
    before = served.state()
    answer = served.client.post(served.path("ada", below), headers={"Origin": origin})
    assert answer.status_code == 400
    assert served.state() == before


def test_a_form_of_our_own_is_taken_behind_a_proxy_and_without(served: Served) -> None:
    for origin in ("https://mail.example.org", str(served.client.base_url).rstrip("/")):
        answer = served.client.post(served.path("ada"), data={"list": "weekly"}, headers={"Origin": origin})
        assert answer.status_code == 200


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join([b"list=a"] * 500), b"list=%ff%fe&language=%00"])
def test_a_form_that_is_none_is_no_fault_of_the_server(served: Served, body: bytes) -> None:
    answer = served.client.post(served.path("ada"), content=body)
    assert answer.status_code in (200, 400)


def test_the_log_names_people_by_their_number_alone(served: Served, capsys) -> None:
    served.save("ada", "open")
    served.client.post(served.path("ada", "/export"))
    uuid = served.person("ada").uuid
    served.client.post(served.path("ada", "/erase"))
    written = capsys.readouterr()
    assert uuid in written.out + written.err
    assert "ada@" not in written.out + written.err
