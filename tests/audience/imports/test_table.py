"""Claims about importing tables: everybody with their state, every bad row with its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import Rejection, imports, rows
from postroom.errors import AudienceError
from postroom.model import Member, Recipient

STATUSES = "email,name,status\na@example.org,A,subscribed\nb@example.org,B,bounced\nc@example.org,C,pending\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_states_are_read_in_any_encoding_with_their_lines(file, read, encoding: str, delimiter: str) -> None:
    text = f"{STATUSES}d@example.org,Zoë,who knows\n".replace(",", delimiter)
    *people, unclear = read(file(text.encode(encoding)))
    assert [(each.recipient.name, each.state.value) for each in people] == [
        ("A", "confirmed"),
        ("B", "bounced"),
        ("C", "unconfirmed"),
    ]
    assert (unclear.line, unclear.left) == (5, "d@example.org")
    assert unclear.row["name"] == "Zoë"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"nobody,B,subscribed", "no mail address"),
        (b"b@example.org,B\x00,subscribed", "control character U+0000"),
        (b"b@example.org,B", "2 cells where the header has 3"),
        (b"b@example.org,B,C,subscribed", "4 cells where the header has 3"),
        (b"b@example.org," + b"x" * (1 << 20) + b",subscribed", "longer than 50 lines or 131,072 characters"),
        (b'b@example.org,"B,subscribed', "quotation mark"),
        (b"\xef\xbb\xbfb@example.org\x0b,B,subscribed", "control character U+000B"),
    ],
    ids=["address", "NUL", "short", "long", "megabyte", "quotation mark", "BOM within"],
)
def test_a_bad_row_is_told_by_its_line_and_harms_no_other(file, read, bad: bytes, why: str) -> None:
    content = b"email,name,status\na@example.org,A,\n" + bad + b"\nz@example.org,Z,cleaned\n"
    first, refused, last = read(file(content))
    assert isinstance(refused, Rejection)
    assert why in refused.why
    assert refused.line == 3
    assert (first.recipient.address, last.state) == ("a@example.org", "bounced")
    assert len(refused.text) <= 10_000


def test_a_row_is_kept_for_mending_with_its_cells_or_its_text(file, read) -> None:
    whole, ragged = read(file("E-Mail,Größe\nnobody, 170 \nb@example.org,1,2\n"))
    assert (whole.row, whole.text) == ({"email": "nobody", "groe": "170"}, "")
    assert (ragged.row, ragged.text) == ({}, "b@example.org,1,2")


# --- what a person says that columns are

GERMAN = (
    "Kontakt;Vorname;Sprache;Gruppe;Stand;Email\nada@example.org;Ada;de;x, y;abgemeldet;other@example.org\n"
)
MAPPING = {
    "kontakt": "email",
    "Vorname": "first_name",
    "Sprache": "language",
    "Gruppe": "tags",
    "Stand": "status",
}


def test_columns_mean_what_a_person_says(file, read) -> None:
    (someone,) = read(file(GERMAN), MAPPING)
    assert someone.recipient.address == "ada@example.org"
    assert (someone.language, someone.tags, someone.state) == ("de", ("x", "y"), "unsubscribed")
    assert someone.recipient.merge["first_name"] == "Ada"
    assert someone.recipient.merge["email_2"] == "other@example.org"


def test_a_column_may_become_any_merge_field(file, read) -> None:
    (someone,) = read(file("email,Ort\nada@example.org,Bern\n"), {"Ort": "Home town"})
    assert someone.recipient.merge["home_town"] == "Bern"


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"Kontkat": "email"}, 'people:1: there is no column "Kontkat"; did you mean "Kontakt"?'),
        ({"zzz": "email"}, 'there is no column "zzz" among Kontakt, Vorname'),
        ({"Kontakt": "email", "Sparche": "language"}, 'did you mean "Sprache"?'),
        ({"Kontakt": "email", "Vorname": "E-Mail"}, '"Kontakt" and "Vorname" both hold the address'),
        ({"Kontakt": "tags", "Vorname": "tags"}, '"Kontakt" and "Vorname" both hold the tags'),
        ({"Kontakt": "!"}, '"!" can be no name of a column'),
    ],
)
def test_a_mapping_that_fits_no_column_is_told_with_the_nearest(file, mapping, message: str) -> None:
    with pytest.raises(AudienceError) as caught:
        imports.members(file(GERMAN), "people", mapping)
    assert message in str(caught.value)


# --- for all input


@given(content=st.binary(max_size=300) | st.text('ab@.,;"\n\r\t\0é', max_size=300).map(str.encode))
def test_an_import_finds_the_rows_that_an_audience_has(tmp_path_factory, content: bytes) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"email,name\n" + content)
    try:
        ours = list(imports.members(path, "any"))
    except AudienceError:
        return
    theirs = list(rows(path, "any"))
    assert [each.recipient if isinstance(each, Member) else each.line for each in ours] == [
        each if isinstance(each, Recipient) else each.line for each in theirs
    ]


@given(st.lists(st.sampled_from(["", "yes", "no", "spam", "?", "cleaned", "CA"]), min_size=1, max_size=6))
def test_nobody_is_confirmed_whom_an_audience_leaves_out(tmp_path_factory, words: list[str]) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "states.csv"
    columns = ["status", "state", "unsubscribed", "subscribed", "email_status", "opt_out"][: len(words)]
    stream = io.StringIO()
    csv.writer(stream).writerows([["email", *columns], ["ada@example.org", *words]])
    path.write_text(stream.getvalue())
    (ours,), (theirs,) = imports.members(path, "states"), rows(path, "states")
    assert (isinstance(ours, Member) and ours.state == "confirmed") == isinstance(theirs, Recipient)
