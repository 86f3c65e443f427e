"""Anybody may read what went out, over real HTTP; what was pulled is gone at once, and nobody's own words are told."""

from __future__ import annotations

import gzip
import json
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from postroom.config import WebSettings
from postroom.outbox import operate
from postroom.web.front.reading import PAGE_EDITIONS

from .conftest import NOW, PAGES, Stand, an_email

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def test_a_mail_is_read_by_everybody_without_what_is_one_readers(stand: Stand) -> None:
    answer = stand.client.get(stand.publish("kilns", url="https://learning.example/kilns"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Dear reader &amp; friends at , </p>" in answer.text
    assert "@@" not in answer.text
    assert "example.org/u/" not in answer.text
    assert "Unsubscribe" not in answer.text
    assert '<span class="dot">' not in answer.text
    assert "<a>yours</a>" in answer.text
    assert 'href="https://mail.example.org/post/e/x">View in browser' in answer.text
    assert answer.headers["link"] == '<https://learning.example/kilns>; rel="canonical"'


def test_no_script_runs_in_a_mail_and_its_pictures_come_from_where_it_says(stand: Stand) -> None:
    policy = stand.client.get(stand.publish("kilns")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' https://pictures.example;" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy


def test_what_has_not_gone_out_is_not_there(stand: Stand) -> None:
    stand.freeze("waits")
    stand.freeze("rehearsed", rehearsal=True)
    for article in ("waits", "rehearsed", "nothing"):
        assert stand.client.get(stand.path(article)).status_code == 404
    assert "On waits" not in stand.client.get("/").text
    stand.send()
    assert stand.client.get(stand.path("waits")).status_code == 200
    assert stand.client.get(stand.path("rehearsed")).status_code == 404


def test_what_is_held_half_way_is_not_there_until_it_goes_on(stand: Stand) -> None:
    path = stand.freeze("kilns") and stand.path("kilns")
    stand.send(limit=1)
    stand.ledger.write(operate.hold, "newsletter/article/kilns", "a wrong figure")
    assert stand.client.get(path).status_code == 404
    stand.ledger.write(operate.release, "newsletter/article/kilns", NOW)
    assert stand.client.get(path).status_code == 200


@pytest.mark.parametrize("how", ["pull", "cancel"])
def test_what_was_taken_back_is_gone_from_everywhere(stand: Stand, how: str) -> None:
    path, kept = stand.publish("kilns"), stand.publish("ovens")
    had = stand.client.get(path).headers["etag"]
    assert all("On kilns" in stand.client.get(each).text for each in ("/", "/feed.xml", "/feed.json"))
    if how == "pull":
        stand.pull("kilns")
    else:
        stand.freeze("looms")
        stand.send(limit=1)
        path = stand.path("looms")
        stand.ledger.write(operate.cancel, "newsletter/article/looms", "enough", NOW)
    answer = stand.client.get(path, headers={"If-None-Match": had})
    assert answer.status_code == 410
    assert "Dear reader" not in answer.text
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    title = "On kilns" if how == "pull" else "On looms"
    assert not any(title in stand.client.get(each).text for each in ("/", "/feed.xml", "/feed.json"))
    assert stand.client.get(kept).status_code == 200


def test_the_archive_is_read_page_by_page(stand: Stand) -> None:
    for number in range(PAGE_EDITIONS + 1):
        stand.publish(f"letter-{number}", at=NOW + timedelta(minutes=number))
    first, second = stand.client.get("/").text, stand.client.get("/page/2").text
    assert re.findall(r"On letter-(\d+)", first) == [str(number) for number in range(PAGE_EDITIONS, 0, -1)]
    assert re.findall(r"On letter-(\d+)", second) == ["0"]
    assert 'href="/post/page/2"' in first
    assert 'href="/post/"' in second
    assert f'href="/post{stand.path("letter-0")}"' in second
    assert stand.client.get("/page/1").text == first


@pytest.mark.parametrize("number", ["0", "2", "-1", "01", "1.0", "x", "9" * 5000, "%31%00"])
def test_a_page_that_is_not_there_is_not_found(stand: Stand, number: str) -> None:
    assert stand.client.get(f"/page/{number}").status_code == 404


def test_an_archive_without_anything_says_so(stand: Stand) -> None:
    assert stand.client.get("/").status_code == 200
    assert json.loads(stand.client.get("/feed.json").text)["items"] == []


def test_the_feeds_tell_the_same_with_ids_that_stay(stand: Stand) -> None:
    path = stand.publish("kilns")
    root = ET.fromstring(stand.client.get("/feed.xml").content)  # our own
    feed = json.loads(stand.client.get("/feed.json").text)
    (item,) = feed["items"]
    assert root.findtext("a:entry/a:id", namespaces=ATOM) == item["id"]
    assert item["id"].startswith("urn:uuid:")
    assert item["url"] == f"{PAGES}{path}"
    assert (item["title"], item["summary"]) == ("On kilns", "Fire for you")
    assert feed["feed_url"] == f"{PAGES}/feed.json"
    assert stand.client.get("/feed.xml").headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert stand.client.get("/feed.json").headers["content-type"] == "application/feed+json; charset=utf-8"


@pytest.mark.parametrize("where", ["/", "/feed.xml", "/feed.json", "mail"])
def test_who_has_it_already_is_told_in_a_few_bytes(stand: Stand, where: str) -> None:
    path = stand.publish("kilns")
    path = path if where == "mail" else where
    whole = stand.client.get(path)
    for condition in (
        {"If-None-Match": whole.headers["etag"]},
        {"If-None-Match": f'"other", W/{whole.headers["etag"]}'},
        {"If-Modified-Since": whole.headers["last-modified"]},
    ):
        again = stand.client.get(path, headers=condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == whole.headers["etag"]
    for condition in (
        {"If-None-Match": '"other"', "If-Modified-Since": whole.headers["last-modified"]},
        {"If-Modified-Since": "Sun, 22 Nov 2020 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert stand.client.get(path, headers=condition).content == whole.content
    assert whole.headers["cache-control"] == "no-cache"


def test_what_changed_is_sent_anew_to_who_asks_by_time(stand: Stand) -> None:
    stand.publish("kilns")
    had = stand.client.get("/").headers["last-modified"]
    stand.pull("kilns")
    assert stand.client.get("/", headers={"If-Modified-Since": had}).status_code == 200


def test_a_page_is_packed_for_who_can_unpack_it(stand: Stand) -> None:
    path = stand.publish("kilns")
    plain = stand.client.get(path, headers={"Accept-Encoding": "identity"})
    with stand.client.stream("GET", path, headers={"Accept-Encoding": "br, gzip;q=0.8"}) as packed:
        raw = b"".join(packed.iter_raw())
        assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["vary"]
    refused = stand.client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_a_head_tells_what_a_get_would_send(stand: Stand) -> None:
    path = stand.publish("kilns")
    got, told = stand.client.get(path), stand.client.head(path)
    assert told.content == b""
    for name in ("etag", "content-length", "content-type", "last-modified", "content-security-policy"):
        assert told.headers[name] == got.headers[name]


def test_the_archive_speaks_the_readers_language(stand: Stand) -> None:
    stand.publish("kilns")
    german = stand.client.get("/", headers={"Accept-Language": "de-AT,de;q=0.9"})
    english = stand.client.get("/", headers={"Accept-Language": "fr"})
    assert '<html lang="de"' in german.text
    assert '<html lang="en"' in english.text
    assert "Accept-Language" in german.headers["vary"]


def test_a_correction_is_shown_where_the_mistake_was(stand: Stand) -> None:
    stand.freeze("kilns")
    stand.send(limit=1)
    path = stand.path("kilns")
    stand.ledger.write(operate.replace, "newsletter/article/kilns", NOW)
    right = an_email(html="<html><body>Now it is right</body></html>")
    later = NOW + timedelta(hours=2)
    stand.publish("kilns", later, key="newsletter/article/kilns#2", revision=2, content=right, title="Right")
    assert "Now it is right" in stand.client.get(path).text
    (item,) = json.loads(stand.client.get("/feed.json").text)["items"]
    assert (item["title"], item["date_published"], item["date_modified"]) == (
        "Right",
        "2026-11-23T09:00:00Z",
        "2026-11-23T11:00:00Z",
    )


def test_a_title_with_a_merge_field_names_nobody(stand: Stand) -> None:
    stand.publish("kilns", title="For {{first_name|you}} and {{ name }}")
    assert "For you and " in stand.client.get("/").text
    assert "{{" not in stand.client.get("/").text


def test_the_mail_of_other_channels_is_for_nobody(stand: Stand) -> None:
    web: WebSettings = stand.front.web
    assert web.archive == ("newsletter",)
    stand.publish("plans", key="internal/article/plans", channel="internal")
    assert "On plans" not in stand.client.get("/").text


def test_a_post_is_no_mail(stand: Stand) -> None:
    assert stand.client.post("/", data={}).status_code == 405
    assert stand.client.post(stand.publish("kilns"), data={}).status_code == 405
