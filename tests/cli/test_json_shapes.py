"""What machines read: the keys of each `--json` answer are a promise."""

from __future__ import annotations

import json

import pytest

FINDING = {"rule", "severity", "file", "line", "column", "message"}
ARTICLE = {
    *("id", "file", "title", "subtitle", "description", "authors", "publish_at", "image", "cta"),
    *("read_time", "tags", "language", "draft", "repaired"),
}
PLAN_LINE = {"article", "channel", "variant", "state", "at", "reason", "recipients"}
EDITION = {
    *("edition", "article", "channel", "variant", "state", "reason"),
    *("rows_read", "rejected", "duplicate", "suppressed", "recipients"),
    *("queued", "sending", "sent", "failed", "uncertain", "cancelled"),
}
DELIVERY = {"edition", "recipient", "part", "state", "attempts", "due_at", "reason"}
SUMMARY = {"leads", "sent", "waiting", "failed", "uncertain", "transports", "plan", "findings"}


@pytest.fixture
def ready(desk):
    """A desk with an article that may go out, one that waits, and one that is broken."""
    desk.configure(("    transport:", "    ignore_before: 2025-01-01\n    transport:"))
    desk.article()
    desk.article("later", date="2099-01-01")
    (desk.folder / "articles/broken.md").write_bytes(b"\xff\xfe\x00")
    return desk


def test_check(ready, postroom) -> None:
    found = json.loads(postroom("check", "--json").out)
    assert found.keys() == {"articles", "findings"}
    assert found["articles"] == 3
    assert all(each.keys() == FINDING for each in found["findings"])
    (error,) = [each for each in found["findings"] if each["severity"] == "error"]
    assert (error["file"], error["line"]) == ("articles/broken.md", 1)


def test_check_of_a_broken_config(ready, postroom) -> None:
    ready.configure(("kind: email", "kind: emial"))
    answer = postroom("check", "--json")
    found = json.loads(answer.out)
    assert answer.code == 2
    assert found["articles"] == 0
    assert [each.keys() for each in found["findings"]] == [FINDING]


def test_articles(ready, postroom) -> None:
    found = json.loads(postroom("articles", "--json").out)
    assert [each["id"] for each in found] == ["later", "letters"]
    assert all(each.keys() == ARTICLE for each in found)
    assert found[1]["publish_at"] == "2026-03-10T11:00:00+00:00"


def test_suppressions(ready, postroom) -> None:
    assert json.loads(postroom("suppress", "--list", "--json").out) == []
    postroom("suppress", "ada@example.org")
    (one,) = json.loads(postroom("suppress", "--list", "--json").out)
    assert one.keys() == {"address", "at", "reason", "source"}
    assert (one["address"], one["source"]) == ("ada@example.org", None)


def test_plan(ready, postroom) -> None:
    found = json.loads(postroom("plan", "--json").out)
    assert all(each.keys() == PLAN_LINE for each in found)
    assert {each["state"] for each in found} == {"ready", "waiting", "blocked"}


def test_run_and_outbox(ready, postroom) -> None:
    answer = postroom("run", "--once", "--json")
    summary = json.loads(answer.out)
    assert answer.code == 0
    assert summary.keys() == SUMMARY
    assert {each["edition"]: each["sent"] for each in summary["sent"]} == {
        "newsletter/article/letters": 3,
        "linkedin/hook/letters": 1,
    }
    assert all(each.keys() == PLAN_LINE for each in summary["plan"])
    editions = json.loads(postroom("outbox", "status", "--json").out)
    assert [each.keys() for each in editions] == [EDITION] * 2
    deliveries = json.loads(postroom("outbox", "list", "--json").out)
    assert all(each.keys() >= DELIVERY for each in deliveries)
    assert {each["state"] for each in deliveries} == {"sent"}
    chosen = json.loads(
        postroom("outbox", "list", "--json", "--edition", "linkedin/hook/letters", "--state", "sent").out
    )
    assert [each["edition"] for each in chosen] == ["linkedin/hook/letters"]


def test_nothing_is_an_empty_list(desk, postroom) -> None:
    for words in (("articles",), ("plan",), ("outbox", "status"), ("outbox", "list")):
        assert json.loads(postroom(*words, "--json").out) == []


def test_what_waits_is_told_to_machines(ready, postroom) -> None:
    (ready.folder / "out").touch()
    answer = postroom("run", "--once", "--json")
    waiting = {each["transport"]: each["queued"] for each in json.loads(answer.out)["waiting"]}
    assert answer.code == 1
    assert waiting == {"mail": 3, "page": 1}
