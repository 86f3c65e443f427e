"""Claims about how an audience file's encoding is found out, and what is said about it."""

import pytest

from postroom.audience import findings
from postroom.errors import AudienceError
from postroom.model import Severity


def found(tmp_path, content):
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    return findings(path, "people.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_in_any_form_passes_without_a_word(tmp_path, encoding):
    assert found(tmp_path, "email,name\nzoe@example.org,Zoë\n".encode(encoding)) == ()


def test_bytes_that_are_no_utf8_are_told_once_by_their_line(tmp_path):
    (finding,) = found(tmp_path, b"email,name\na@example.org,A\nb@example.org,Zo\xeb\nc@example.org,\xe9\n")
    assert str(finding).startswith("people.csv:3: byte 0xEB is not UTF-8")
    assert finding.severity is Severity.WARNING
    assert "save the file as UTF-8" in finding.message


def test_a_bad_byte_far_into_a_large_file_has_the_right_line(tmp_path):
    content = b"email,name\n" + "zoë@x.example,Zoë\n".encode() * 20_000 + b"\xff\n"
    (finding,) = found(tmp_path, content)
    assert finding.line == 20_002


def test_a_file_cut_off_inside_a_letter_is_told(tmp_path):
    (finding,) = found(tmp_path, b"email,name\nzoe@example.org,Zo\xc3")
    assert finding.line == 2


def test_a_short_file_is_not_taken_for_utf16(tmp_path):
    assert found(tmp_path, b"") == found(tmp_path, b"e") == found(tmp_path, b"em\x00") == ()


def test_a_missing_file_is_an_audience_error(tmp_path):
    with pytest.raises(AudienceError, match="there is no such file"):
        findings(tmp_path / "none" / "people.csv", "people.csv")
