"""Claims about the file of rejected rows: mended there, imported alone, and never by accident."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import Rejection, imports
from postroom.errors import AudienceError
from postroom.model import Member


def written(path: Path, mapping: dict[str, str] | None = None) -> Path:
    """Import a file's rejected rows into a file beside it."""
    out = path.parent / "rejects.csv"
    with imports.rejects(out, imports.count(path, "people", mapping).columns) as put:
        for each in imports.members(path, "people", mapping):
            if isinstance(each, Rejection):
                put(each)
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_row_is_written_with_its_line_its_reason_and_its_cells(file) -> None:
    path = file("Mail;Größe;status\nnobody;170;\nada@example.org;1;who knows\n")
    first, second = table(written(path, {"Mail": "email"}))
    assert first["rejected_line"] == "2"
    assert "there is no @" in first["rejected_because"]
    assert (first["email"], first["groe"], first["status"]) == ("nobody", "170", "")
    assert (second["email"], second["status"]) == ("ada@example.org", "who knows")


def test_what_was_mended_is_imported_from_that_file_alone(file, read) -> None:
    out = written(file("Mail;Rolle;status\nada@example;=boss;cleaned\n"), {"Mail": "email"})
    out.write_text(out.read_text().replace("ada@example,", "ada@example.org,"))
    (ada,) = read(out)
    assert (ada.recipient.address, ada.state) == ("ada@example.org", "bounced")
    assert ada.recipient.merge == {"rolle": "=boss", "status": "cleaned", "name": "", "first_name": ""}


def test_a_row_without_cells_stands_in_a_column_of_its_own(file) -> None:
    path = file('email,name,status\nada@example.org,Ada\nbea@example.org,"Bea,\n')
    short, unclosed = table(written(path))
    assert (short["rejected_text"], short["email"]) == ("ada@example.org,Ada", "")
    assert (unclosed["rejected_text"], unclosed["email"]) == ('bea@example.org,"Bea,', "")


def test_rows_of_a_zip_name_their_file_and_keep_its_state(zipped, read) -> None:
    path = zipped(
        {
            "subscribed_x.csv": "Email Address,Status\nnobody,VIP\n",
            "unsubscribed_x.csv": "Email Address,UNSUB_REASON\nada@example,spam\n",
        }
    )
    out = written(path)
    assert [row["rejected_line"] for row in table(out)] == ["subscribed_x.csv:2", "unsubscribed_x.csv:2"]
    out.write_text(out.read_text().replace("ada@example,", "ada@example.org,"))
    _, ada = read(out)
    assert ada.state == "unsubscribed"


def test_no_cell_is_a_formula_and_the_file_is_its_owners(file) -> None:
    out = written(file("email,name\n=1+1,@SUM(A1)\n+x,-1\n"))
    for row in table(out):
        assert row["email"][0] == row["name"][0] == "'"
    assert out.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_told(tmp_path) -> None:
    with (
        pytest.raises(AudienceError, match="the rejected rows cannot be written there"),
        imports.rejects(tmp_path, ()),
    ):
        pass


def test_a_failure_of_another_file_is_not_taken_for_one_of_this(tmp_path) -> None:
    with pytest.raises(FileNotFoundError), imports.rejects(tmp_path / "rejects.csv", ()):
        (tmp_path / "other").read_text()


CELLS = st.sampled_from(
    [
        "",
        "a@example.org",
        "b@x",
        "=1",
        "'=1",
        "spam",
        "?",
        "x\x00",
        "2024-13-01",
        "yes",
        "'",
        "a,b",
        '"',
        "x\ny",
    ]
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6))
def test_nobody_is_read_from_rejected_rows_that_nobody_mended(
    tmp_path_factory, cells: list[list[str]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "tables.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["email", "status", "name", "optin_time"], *cells])
    out = written(path)
    assert not [each for each in imports.members(out, "rejects") if isinstance(each, Member)]
    assert imports.count(out, "rejects").rejected == imports.count(path, "people").rejected


VALUES = CELLS | st.sampled_from([None, True, 7, ["t", "u"], ["t", 1], {"k": 1}, "\ud800"])


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["email", "E-Mail", "status", "tags", "国"]), VALUES), max_size=6
    )
)
def test_nor_from_rejected_objects(tmp_path_factory, people: list[dict[str, object]]) -> None:
    path = tmp_path_factory.getbasetemp() / "objects.json"
    path.write_text(json.dumps(people))
    out = written(path)
    assert not [each for each in imports.members(out, "rejects") if isinstance(each, Member)]
