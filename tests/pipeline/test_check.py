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


@pytest.mark.parametrize(
    ("social", "expected"),
    [
        (
            "{linkedn: {hook: Mine}}",
            "social.linkedn: there is no such network or channel; did you mean `linkedin`?",
        ),
        ("{linkedin: {hok: Mine}}", "social.linkedin.hok: no post has such a part; did you mean `hook`?"),
        ("{newsletter: {hook: Mine}}", "social.newsletter: there is no such network or channel"),
    ],
)
def test_words_for_a_post_that_nobody_would_read_are_told(desk, social: str, expected: str) -> None:
    path = desk.article()
    lines = path.read_text(encoding="utf-8").replace("---\n", f"---\nsocial: {social}\n", 1)
    desk.write("articles/letters.md", lines)
    (told,) = found(desk)
    assert told.startswith(f"articles/letters.md:2: front-matter-name: {expected}")


def test_a_part_that_a_template_of_ones_own_reads_is_no_slip(desk) -> None:
    path = desk.article()
    social = "---\nsocial: {linkedin: {title: T, mood: Fine, longform: L}}\n"
    desk.write("articles/letters.md", path.read_text(encoding="utf-8").replace("---\n", social, 1))
    desk.write("templates/linkedin/mine.j2", "---\nneeds: hook\n---\n{{ hook }} {{ given.mood }}\n")
    assert found(desk) == []


def test_what_the_article_does_not_become_is_no_error(desk) -> None:
    desk.article(channels="linkedin", body="Hello {{country|world}}, and that is good to know of you.")
    assert [each for each in found(desk) if "merge-field" in each] == []


def test_what_the_channel_does_not_take_is_no_error(desk) -> None:
    settings = (desk.folder / "config.yaml").read_text(encoding="utf-8")
    desk.write(
        "config.yaml", settings.replace("    kind: email\n", "    kind: email\n    only: tags has 'lead'\n")
    )
    desk.article(body="Hello {{country|world}}, and that is good to know of you.")
    assert [each for each in found(desk) if "merge-field" in each] == []


def test_a_key_of_ones_own_is_no_slip(desk) -> None:
    desk.article(sponsor="nobody", country="DE", mood="fine")
    assert found(desk) == []


@pytest.mark.parametrize("damage", ["missing", "headless", "a folder"])
def test_an_audience_that_cannot_be_read_is_one_finding_among_all_others(desk, damage: str) -> None:
    desk.article(channels="newsleter")
    (desk.folder / "subscribers.csv").unlink()
    if damage == "headless":
        desk.write("subscribers.csv", "who,where\n1,2\n")
    elif damage == "a folder":
        (desk.folder / "subscribers.csv").mkdir()
    lines = (desk.folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if "    audience:" in each)
    slip, audience = found(desk)
    assert "there is no channel `newsleter`" in slip
    assert audience.startswith(f"config.yaml:{line}: audience: subscribers.csv:")


@pytest.mark.parametrize("text", ["email,name\n", "", None])
def test_a_signing_key_that_is_there_and_cannot_sign_is_told_with_its_line(desk, text: str | None) -> None:
    desk.configure(
        (
            "mail: {kind: folder, path: out/mail}",
            (
                "mail:\n    {kind: smtp, host: mail.example, ehlo: test.example,\n     dkim: "
                "[{selector: one, key: keys/dkim.pem}, {selector: two, key: '${POSTROOM_TEST_UNSET}'}]}"
            ),
        )
    )
    if text is not None:
        desk.write("keys/dkim.pem", text)
    lines = (desk.folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if "dkim:" in each)
    told = [each for each in found(desk) if "dkim" in each]
    assert len(told) == (text is not None)
    for each in told:
        assert each.startswith(f"config.yaml:{line}: dkim-key: transports.mail.dkim: ")
        assert "keys/dkim.pem" in each


def test_a_field_that_the_audience_lacks_is_told_with_its_line(desk) -> None:
    desk.article(
        body="Hello {{name|there}}.\n\nYou live in {{country|the world}}, and that is good to know of you."
    )
    (told,) = [each for each in found(desk) if "merge-field" in each]
    text = (desk.folder / "articles/letters.md").read_text(encoding="utf-8").splitlines()
    line = next(number for number, each in enumerate(text, start=1) if "country" in each)
    assert told.startswith(
        f"articles/letters.md:{line}: merge-field: subscribers.csv has no column `country`"
    )


def test_template_code_is_told_with_its_line_and_as_it_was_written(desk) -> None:
    desk.article(body="Dear {{first_name|there}}, TODO see x and {{first_name and more of it than that.")
    line = next(each for each in found(desk) if "email-template-code" in each)
    text = (desk.folder / "articles/letters.md").read_text(encoding="utf-8").splitlines()
    number = next(number for number, each in enumerate(text, start=1) if "Dear" in each)
    assert line.startswith(f"articles/letters.md:{number}: ")
    assert "@@" not in line
    assert "TODO see x and {{first_name and more of it" in line


def test_a_row_that_cannot_be_used_is_named_with_its_line(desk) -> None:
    desk.article()
    desk.write("subscribers.csv", "email,name\nada@example.org,Ada\nbob.example.org,Bob\n")
    (told,) = found(desk)
    assert told.startswith("subscribers.csv:3: audience-row: ")
    assert "there is no @" in told
