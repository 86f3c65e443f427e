"""A plan tells every line, whatever one audience is worth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


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


def fates(postroom) -> dict[str, tuple[str, str]]:
    """Say what `plan` tells of each channel's variants."""
    return {
        f"{line['channel']} {line['variant']}": (line["state"], line["reason"])
        for line in json.loads(postroom("plan", "--json").out)
    }


def test_what_cannot_go_out_at_its_time_is_blocked_today(office, postroom, hours) -> None:
    office.configure(
        ("variants: [hook, {takeaways: 2 days later}]", "variants: [hook, {question: 5 minutes later}]")
    )
    office.article(
        date=hours(24), body="A statement about letters in {{country|the world}}. Another follows it here."
    )
    found = fates(postroom)
    state, reason = found["newsletter article"]
    assert state == "blocked"
    assert "subscribers.csv has no column `country`" in reason
    state, reason = found["linkedin question"]
    assert state == "blocked"
    assert "the article cannot feed it" in reason


def test_what_follows_something_blocked_is_blocked_with_it(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    template = office.folder / "templates/linkedin/hook.j2"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text("{{ nonsense", encoding="utf-8")
    found = fates(postroom)
    assert found["linkedin hook"][0] == "blocked"
    state, reason = found["linkedin takeaways"]
    assert state == "blocked"
    assert reason.startswith("it follows `hook`, which is blocked: ")
    assert found["newsletter article"][0] == "ready"


def test_a_missing_audience_does_not_hide_what_a_run_sent(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.article("stamps", date=hours(24))
    (office.folder / "subscribers.csv").unlink()
    answer = postroom("run", "--once", "--json")
    assert answer.code == 1
    report = json.loads(answer.out)
    assert [each["edition"] for each in report["sent"]] == ["linkedin/hook/letters"]
    assert "subscribers.csv" in str(report["findings"])


def on_a_terminal(folder: Path) -> str:
    """Return what `plan` prints on a terminal."""
    screen, inside = os.openpty()
    command = [sys.executable, "-m", "postroom", "--config", str(folder / "config.yaml"), "plan"]
    with subprocess.Popen(command, stdout=inside, stderr=subprocess.DEVNULL) as process:
        os.close(inside)
        told = b""
        with suppress(OSError):  # EIO: nobody writes there any more
            while read := os.read(screen, 4096):
                told += read
        os.close(screen)
        assert process.wait() == 0
    return told.decode()


def test_a_plan_on_a_narrow_terminal_folds_no_name(office, hours, monkeypatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    name = "a-name-that-is-as-long-as-those-of-true-articles"
    office.article(name, date=hours(24))
    told = on_a_terminal(office.folder)
    assert f"waiting  {name}\r\n    newsletter article, " in told
    assert max(len(line) for line in told.splitlines()) <= 80
    monkeypatch.setenv("COLUMNS", "200")
    (row, *_) = [line for line in on_a_terminal(office.folder).splitlines() if name in line]
    assert "newsletter article" in row
