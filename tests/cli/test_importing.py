"""Importing a file of any form: what is in it is said first, and only who wants mail is put on the list."""

from __future__ import annotations

import json
import zipfile

import pytest

MIXED = (
    "E-Mail Adresse,Name,status\nada@example.org,Ada,subscribed\nbea@example.org,Bea,pending\n"
    "cyd@example.org,Cyd,cleaned\nnobody,Nobody,\ndan@example.org,Dan,who knows\n"
)
MAP = ("--map", "E-Mail Adresse=email")


@pytest.fixture
def importing(desk, postroom):
    """Import a file into the list `weekly`."""

    def call(name: str, content: str, *words: str):
        desk.write(name, content)
        return postroom("subscribers", "import", str(desk.folder / name), "--list", "weekly", *words)

    return call


def on_the_list(postroom) -> str:
    return postroom("subscribers", "list", "--list", "weekly").told


def test_the_counts_come_first_and_only_who_is_confirmed_is_put_on_the_list(importing, postroom) -> None:
    answer = importing("people.csv", MIXED, *MAP)
    first = answer.err.splitlines()[0]
    assert first.startswith("5 rows in ")
    assert first.endswith("people.csv: 1 unconfirmed, 1 confirmed, 1 bounced, 2 rejected")
    assert answer.out == (
        "5 rows read for the list 'weekly': 1 added, 0 on it already, 1 to be confirmed yet, "
        "1 suppressed as bounced, 2 rejected\n"
    )
    assert answer.code == 0
    assert "people.csv:5: this is no mail address: there is no @" in answer.err
    assert 'people.csv:6: nobody knows whether the status "who knows"' in answer.err
    listed = on_the_list(postroom)
    assert "ada@example.org" in listed
    assert "1 subscribers in 'weekly'" in listed


def test_a_dry_run_says_the_same_and_changes_nothing(importing, postroom, desk) -> None:
    answer = importing("people.csv", MIXED, *MAP, "--dry-run")
    assert answer.code == 0
    assert "1 unconfirmed, 1 confirmed, 1 bounced, 2 rejected" in answer.out
    assert "people.csv:5: " in answer.err
    assert "added" not in answer.told
    assert not (desk.folder / "postroom.db").exists()
    assert "ada@example.org" not in on_the_list(postroom)


def test_rejected_rows_are_mended_and_imported_alone(importing, postroom, desk) -> None:
    out = desk.folder / "rejects.csv"
    answer = importing("people.csv", MIXED, *MAP, "--rejects", str(out))
    assert f"2 rejected rows written to {out}: mend it, and import it alone" in answer.told
    mended = out.read_text().replace("nobody,", "eve@example.org,").replace("who knows", "subscribed")
    again = importing("mended.csv", mended)
    assert "2 added" in again.told
    assert all(f"{each}@example.org" in on_the_list(postroom) for each in ("ada", "dan", "eve"))


def test_a_file_is_never_written_over_with_its_own_rejected_rows(importing, desk) -> None:
    answer = importing("people.csv", MIXED, *MAP, "--rejects", str(desk.folder / "people.csv"))
    assert answer.code == 2
    assert "this one stays as it is" in answer.err
    assert (desk.folder / "people.csv").read_text() == MIXED


def test_a_column_that_is_not_there_is_told_with_the_nearest(importing) -> None:
    answer = importing("people.csv", MIXED, "--map", "EMail Adresse=email")
    assert answer.code != 0
    assert 'people.csv:1: there is no column "EMail Adresse"; did you mean "E-Mail Adresse"?' in answer.told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--map", "email"), 'write it as "COLUMN=NAME"'),
        (("--map", "=email"), 'write it as "COLUMN=NAME"'),
        (("--map", "A=email", "--map", "A=name"), 'names the column "A" twice'),
    ],
)
def test_a_mapping_that_is_none_is_told(importing, words: tuple[str, ...], why: str) -> None:
    answer = importing("people.csv", MIXED, *words)
    assert (answer.code, why in answer.told) == (2, True)


def test_json_is_imported(importing, postroom) -> None:
    people = [
        {"email": "ada@example.org", "tags": ["lead"]},
        {"email": "bea@example.org", "home": {"city": "Bern"}},
    ]
    answer = importing("people.json", "[\n" + ",\n".join(map(json.dumps, people)) + "\n]")
    assert "people.json:3: the value of home is an object" in answer.err
    assert "1 added" in answer.told


def test_a_damaged_file_puts_nobody_on_a_list(importing, postroom) -> None:
    answer = importing("people.json", '[{"email": "ada@example.org"},\n{"email": "bea@exam')
    assert answer.code != 0
    assert "people.json:2: the file ends within the list" in answer.err
    assert "ada@example.org" not in on_the_list(postroom)


def test_whoever_left_by_a_zip_is_taken_off_the_list(importing, postroom, desk) -> None:
    importing("people.csv", "email\nbea@example.org\n")
    path = desk.folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "x/subscribed_email_audience_export_1.csv", "Email Address\nada@example.org\nnobody\n"
        )
        archive.writestr("x/unsubscribed_email_audience_export_1.csv", "Email Address\nBea@example.org\n")
    answer = postroom("subscribers", "import", str(path), "--list", "weekly")
    assert answer.code == 0
    assert f"{path}/subscribed_email_audience_export_1.csv:3: this is no mail address" in answer.err
    assert "1 taken off as unsubscribed" in answer.told
    assert "ada@example.org" in on_the_list(postroom)
    assert "bea@example.org" not in on_the_list(postroom)
    again = postroom("subscribers", "import", str(path), "--list", "weekly")
    assert "0 added, 1 on it already, 1 rejected" in again.told


def test_very_many_rejections_are_counted_beyond_those_that_are_shown(importing) -> None:
    answer = importing("people.csv", "email\n" + "nobody\n" * 1_200)
    assert answer.err.count("this is no mail address") == 1_000
    assert "200 more rejected; --rejects FILE writes them all down" in answer.err
