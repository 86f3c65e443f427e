"""A row of a file is asked as a member of a list is."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.audience import Rejection, chosen, rows, traits_of
from postroom.condition import parse
from postroom.model import Recipient

FILE = "email,name,labels,language,plan\nada@a.example,Ada,lead; ai,de_CH,pro\nnobody,,,,\nbea@b.example,Bea,,,\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize(
    ("only", "who"),
    [
        ('tags has "ai"', ["Ada"]),
        ('language is "de-CH"', ["Ada"]),
        ('domain is "b.example"', ["Bea"]),
        ('source is "people.csv" and not plan', ["Bea"]),
        ("joined", []),
        ('email in ("ada@a.example", "bea@b.example")', ["Ada", "Bea"]),
    ],
)
def test_each_trait_can_be_asked_for(file: Path, only: str, who: list[str]) -> None:
    found = list(chosen(file, "people.csv", parse(only)))
    assert [row.name for row in found if isinstance(row, Recipient)] == who
    assert [row.line for row in found if isinstance(row, Rejection)] == [3]


def test_without_a_condition_all_are_chosen(file: Path) -> None:
    assert list(chosen(file, "people.csv", None)) == list(rows(file, "people.csv"))


def test_what_a_file_does_not_tell_is_empty(file: Path) -> None:
    bea = next(row for row in rows(file, "p") if isinstance(row, Recipient) and row.name == "Bea")
    found = traits_of(bea, "p")
    assert (found["tags"], found["language"], found["joined"], found["source"]) == ((), "", "", "p")
