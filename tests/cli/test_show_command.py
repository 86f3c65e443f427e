"""What `outbox show` tells of one edition, on one screen."""

from __future__ import annotations

import json
import re

KEY = "newsletter/article/letters"


def out(desk, hours, readers: int) -> None:
    desk.subscribers(readers)
    desk.article(date=hours(-1), body="Dear {{first_name|friend}}, letters wait. And they are read.")
    desk.run()


def test_only_the_latest_attempts_are_shown_and_how_to_see_the_rest(office, postroom, hours) -> None:
    out(office, hours, 25)
    shown = postroom("outbox", "show", KEY)
    assert len(re.findall(r"delivery \d+: sent", shown.out)) == 20
    assert f"5 earlier attempts not shown; `postroom outbox show {KEY} --attempts 25` shows all" in shown.told
    every = postroom("outbox", "show", KEY, "--attempts", "25")
    assert len(re.findall(r"delivery \d+: sent", every.out)) == 25
    assert "earlier" not in every.out
    assert json.loads(postroom("outbox", "show", KEY, "--json").out)["earlier_attempts"] == 5


def test_a_merge_field_is_shown_as_an_editor_writes_it(office, postroom, hours) -> None:
    out(office, hours, 1)
    shown = postroom("outbox", "show", KEY).out
    assert "Dear {{first_name|friend}}, letters wait." in shown
    assert "@@" not in shown


def test_moments_are_told_in_the_projects_zone(office, postroom, hours) -> None:
    office.configure(("timezone: Europe/London", "timezone: Asia/Kathmandu"))
    out(office, hours, 1)
    assert re.search(r"\d\d:\d\d \+0545 delivery \d+: sent", postroom("outbox", "show", KEY).out)
    assert re.search(r"\d\d:\d\d \+0545", postroom("articles").out)
