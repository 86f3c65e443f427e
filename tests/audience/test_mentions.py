"""People are found in files however their addresses are spelt, and nobody else is taken for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.address import normalise
from postroom.audience.mentions import is_mail_to, lines_naming, names, spellings

ADA = spellings([normalise("ada@example.org")])


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org",
        "ADA@Example.ORG,Ada",
        "Ada <ada@example.org>; x",
        '"ada@example.org"',
        "mailto:ada@example.org",
        "write to ada@example.org.",
        "'=ada@example.org",
        '{"email":"ada@example.org"}',
        "bea@example.org,ada@example.org",
    ],
)
def test_an_address_is_found_however_it_stands_there(text: str) -> None:
    assert names(text, ADA)


@pytest.mark.parametrize(
    "text",
    ["dada@example.org", "ada@example.org.uk", "ada@example.organic", "x.ada@example.org", "ada", "ada@", ""],
)
def test_a_longer_address_is_somebody_elses(text: str) -> None:
    assert not names(text, ADA)


def test_a_domain_is_found_in_its_own_letters_and_in_those_of_the_wire() -> None:
    spelt = spellings([normalise("ada@bücher.example")])
    assert names("Ada@Bücher.example", spelt)
    assert names("ada@xn--bcher-kva.example", spelt)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_lines_are_numbered_as_an_editor_does_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "list.csv"
    text = "email,name\r\nzoë@x.example,Zoë\r\nada@example.org,Ada\r\nbea@example.org,ada\r\nADA@example.org,A\r\n"
    file.write_bytes(text.encode(encoding))
    assert list(lines_naming(file, ADA)) == [3, 5]


def test_a_line_without_end_is_read_in_pieces_and_counted_once(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(f"[{' ' * 1_100_000}ada@example.org, {' ' * 1_100_000}ada@example.org]\nada@example.org")
    assert list(lines_naming(file, ADA)) == [1, 2]


def test_a_mail_is_theirs_by_its_headers_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(b"From: news@example.org\r\nTo: Ada\r\n <ada@example.org>\r\n\r\nDear\xff reader")
    assert is_mail_to(file, ADA)
    assert not is_mail_to(file, spellings([normalise("bea@example.org")]))
