"""A plan tells every line, whatever one audience is worth."""

from __future__ import annotations

import json


def test_a_missing_audience_blocks_its_own_lines_alone(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.article("stamps", date=hours(24))
    (office.folder / "subscribers.csv").unlink()
    answer = postroom("plan", "--json")
    assert answer.code == 0
    lines = {(line["article"], line["channel"], line["variant"]): line for line in json.loads(answer.out)}
    for article in ("letters", "stamps"):
        line = lines[article, "newsletter", "article"]
        assert line["state"] == "blocked"
        assert "subscribers.csv" in line["reason"]
        assert line["recipients"] is None
    assert lines["letters", "linkedin", "hook"]["state"] == "ready"
    assert lines["stamps", "linkedin", "hook"]["state"] == "waiting"


def test_a_missing_audience_does_not_hide_what_a_run_sent(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.article("stamps", date=hours(24))
    (office.folder / "subscribers.csv").unlink()
    answer = postroom("run", "--once", "--json")
    assert answer.code == 1
    report = json.loads(answer.out)
    assert [each["edition"] for each in report["sent"]] == ["linkedin/hook/letters"]
    assert "subscribers.csv" in str(report["findings"])
