"""check tells what would go wrong, before anything goes out."""

from __future__ import annotations

import pytest

from postroom import config
from postroom.pipeline.check import check
from postroom.pipeline.project import open_project


def found(desk) -> list[str]:
    project = open_project(config.load(desk.folder / "config.yaml"))
    return [
        f"{each.file}:{each.line}: {each.rule}: {each.message}" for each in check(project, desk.now).findings
    ]


def test_a_clean_project_has_no_finding(desk) -> None:
    desk.article()
    assert found(desk) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"channels": "newsleter"}, "there is no channel `newsleter`; did you mean `newsletter`?"),
        ({"subtitel": "x"}, "`subtitel` means nothing here; did you mean `subtitle`?"),
        ({"publsh_date": "2026-03-01"}, "`publsh_date` means nothing here; did you mean `publish_date`?"),
    ],
)
def test_a_slip_in_the_front_matter_is_told(desk, facts: dict[str, str], expected: str) -> None:
    desk.article(**facts)
    (told,) = [each for each in found(desk) if "front-matter-name" in each]
    assert expected in told
    assert told.startswith("articles/letters.md:")


def test_a_key_of_ones_own_is_no_slip(desk) -> None:
    desk.article(sponsor="nobody", country="DE", mood="fine")
    assert found(desk) == []


def test_a_row_that_cannot_be_used_is_named_with_its_line(desk) -> None:
    desk.article()
    desk.write("subscribers.csv", "email,name\nada@example.org,Ada\nbob.example.org,Bob\n")
    (told,) = found(desk)
    assert told.startswith("subscribers.csv:3: audience-row: ")
    assert "there is no @" in told
