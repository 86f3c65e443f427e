"""The way out, over real HTTP: a POST leaves, nothing else does, and who holds no token of ours learns nothing."""

from __future__ import annotations

import socket
import statistics
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from postroom import config, links
from postroom.compose.unsubscribe import PURPOSE
from postroom.model import Recipient
from postroom.outbox import Ledger, leaving, meta, subscribers
from postroom.outbox.tables import consent, departure, subscriber
from postroom.pipeline.wayout import round_trip
from postroom.web.front import Front
from postroom.web.front.serving import serve_beside

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORGED = 100_000


@dataclass(frozen=True)
class Served:
    """The pages of a project with 200 people on the list `weekly`."""

    ledger: Ledger
    front: Front
    client: httpx.Client
    people: dict[str, str]  # name: uuid

    def path(self, name: str, list_name: str = "weekly") -> str:
        number = self.ledger.write(leaving.number_of, list_name)
        return f"/u/{links.token(self.front.keys, PURPOSE, self.people[name], str(number))}"

    def members(self) -> int:
        return self.ledger.read(subscribers.count, "weekly")

    def state(self) -> tuple[int, int]:
        def counts(connection: Any) -> tuple[int, int]:
            tables = (departure, consent)
            return tuple(
                connection.execute(select(func.count()).select_from(each)).scalar_one() for each in tables
            )

        return self.ledger.read(counts)


@pytest.fixture
def served(desk) -> Iterator[Served]:
    desk.configure()
    with (desk.folder / "config.yaml").open("a") as file:
        file.write('\nweb: {url: "https://mail.example.org/post", listen: "127.0.0.1:8099"}\n')
    loaded = config.load(desk.folder / "config.yaml")
    names = [f"p{number}" for number in range(200)]
    rows = [
        Recipient(address=f"{each}@example.org", identity=f"{each}@example.org", domain="example.org")
        for each in names
    ]
    with Ledger(loaded.database) as ledger:
        subscribers.import_rows(ledger, "weekly", rows, "people.csv", NOW)
        query = select(subscriber.c.identity, subscriber.c.uuid)
        found = ledger.read(lambda connection: connection.execute(query).all())
        people = {identity.partition("@")[0]: number for identity, number in found}
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
            yield Served(ledger, front, client, people)
        handle.close()


def test_one_click_leaves_without_cookie_or_redirect(served: Served) -> None:
    answer = served.client.post(served.path("p1"), data=ONE_CLICK)
    assert answer.status_code == 200
    assert not {"location", "set-cookie"} & set(answer.headers)
    assert served.members() == 199
    row = served.ledger.read(lambda connection: connection.execute(select(consent)).one())
    assert (row.list, row.what, row.how, row.source) == ("weekly", "left", "one-click", "127.0.0.1")


def test_the_button_of_the_page_leaves_too(served: Served) -> None:
    shown = served.client.get(served.path("p1"))
    assert shown.status_code == 200
    assert 'method="post"' in shown.text.lower()
    assert served.members() == 200
    served.client.post(served.path("p1"), data={})
    assert served.members() == 199


def test_to_leave_twice_is_answered_alike_and_written_down_once(served: Served) -> None:
    first, again = (served.client.post(served.path("p1"), data=ONE_CLICK) for _ in range(2))
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert served.state() == (1, 1)


def test_whoever_is_not_known_any_more_is_answered_like_everybody(served: Served) -> None:
    stranger = links.token(served.front.keys, PURPOSE, str(uuid.UUID(int=7)), "1")
    known = served.client.post(served.path("p1"), data=ONE_CLICK)
    unknown = served.client.post(f"/u/{stranger}", data=ONE_CLICK)
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


@pytest.mark.parametrize("token", ["nothing", "", *(character * 43 for character in "A_.%")])
def test_who_posts_with_no_link_of_ours_is_answered_like_everybody(served: Served, token: str) -> None:
    known = served.client.post(served.path("p1"), data=ONE_CLICK)
    before = served.state()
    unknown = served.client.post(f"/u/{token or '-'}", data=ONE_CLICK)
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert dict(known.headers) | {"date": ""} == dict(unknown.headers) | {"date": ""}
    assert served.state() == before


def test_who_is_known_cannot_be_told_by_the_time_an_answer_takes(served: Served) -> None:
    """Who leaves for the first time is written down, which takes as long as the disk does: only a link of ours can.

    The time is that of the processor, which does not know what else the machine has to do.
    """
    gone = served.path("p1")
    stranger = f"/u/{links.token(served.front.keys, PURPOSE, str(uuid.UUID(int=7)), '1')}"
    served.client.post(gone, data=ONE_CLICK)
    paths = [gone, stranger, f"/u/{'A' * 43}"]
    taken: list[list[float]] = [[] for _ in paths]
    for _ in range(200):
        for times, path in zip(taken, paths, strict=True):
            began = time.process_time()
            served.client.post(path, data=ONE_CLICK)
            times.append(time.process_time() - began)
    medians = [statistics.median(times) for times in taken]
    assert max(medians) - min(medians) < 0.001, medians


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_nothing_but_a_post_changes_anything(served: Served, method: str) -> None:
    for name in list(served.people)[:25]:
        answer = served.client.request(method, served.path(name))
        assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
    assert served.state() == (0, 0)
    assert served.members() == 200


def test_no_forged_or_altered_token_is_taken(served: Served) -> None:
    chance = Random(4)
    good = served.path("p1").removeprefix("/u/")
    taken = 0
    for _ in range(FORGED):
        taken += links.read(served.front.keys, PURPOSE, altered(good, chance)) is not None
    assert taken == 0
    for _ in range(300):
        answer = served.client.post(f"/u/{altered(good, chance)}", data=ONE_CLICK)
        assert answer.status_code == 200
    other = links.token(served.front.keys, "confirm", served.people["p1"], "1")
    assert served.client.post(f"/u/{other}", data=ONE_CLICK).status_code == 200
    assert served.client.get(f"/u/{other}").status_code == 404
    assert served.state() == (0, 0)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def altered(good: str, chance: Random) -> str:
    """Change, drop, add or swap letters of a token, so that it is another one."""
    letters = list(good)
    while (made := "".join(letters)) == good:
        at = chance.randrange(len(letters) - 1)
        match chance.randrange(4):
            case 0:
                letters[at] = chance.choice(ALPHABET)
            case 1 if letters[at] != ".":
                del letters[at]
            case 2:
                letters.insert(at, chance.choice(ALPHABET))
            case 3:
                letters = [chance.choice(ALPHABET) if each != "." else each for each in letters]
    return made


def test_many_at_once_leave_once_each(served: Served) -> None:
    paths = [served.path(name) for name in served.people for _ in range(2)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda path: served.client.post(path, data=ONE_CLICK).status_code, paths))
    assert set(answers) == {200}
    assert served.members() == 0
    assert served.state() == (200, 200)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(served: Served) -> None:
    answer = served.client.post(served.path("p1"), content=b"x" * 200_000)
    assert answer.status_code == 413
    assert served.members() == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/u/", "/u/a/b", "/u/%00", "/u/..%2f..%2fetc", "/style-0.css", "/u/" + "a" * 5000]
)
def test_what_is_not_there_is_one_page_and_no_fault(served: Served, path: str) -> None:
    answer = served.client.get(path)
    assert answer.status_code == 404
    assert "text/html" in answer.headers["content-type"]


def test_every_page_keeps_to_itself(served: Served) -> None:
    for path in (served.path("p1"), "/nothing"):
        headers = served.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert served.client.get(served.path("p1")).headers["cache-control"] == "no-store"


def test_the_style_sheet_is_where_the_pages_say_below_a_path_too(served: Served) -> None:
    text = served.client.get(served.path("p1")).text
    assert f'href="/post{served.front.style}"' in text
    sheet = served.client.get(served.front.style)
    assert (sheet.status_code, sheet.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert "immutable" in sheet.headers["cache-control"]


def test_a_ledger_that_cannot_be_written_says_when_to_come_back(served: Served, monkeypatch) -> None:
    from postroom.errors import LedgerError

    def locked(*rest: object, **more: object) -> None:
        raise LedgerError("the ledger is locked")

    number = links.token(served.front.keys, PURPOSE, served.people["p1"], "1")
    monkeypatch.setattr(Ledger, "submit", locked)
    answer = served.client.post(f"/u/{number}", data=ONE_CLICK)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def test_a_page_speaks_the_readers_language(served: Served) -> None:
    german = served.client.get(served.path("p1"), headers={"Accept-Language": "de-DE,de;q=0.9"})
    assert '<html lang="de' in german.text


def test_a_round_trip_proves_that_the_pages_believe_our_links_and_changes_nothing(served: Served) -> None:
    base = str(served.client.base_url)
    assert round_trip(base, served.front.keys) == ""
    assert "answers 404" in round_trip(base, (b"another key",))
    assert served.state() == (0, 0)


def test_a_round_trip_to_nobody_says_what_to_start() -> None:
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        told = round_trip(f"http://127.0.0.1:{idle.getsockname()[1]}", (b"key",))
    assert "does not answer" in told
    assert "postroom web" in told
