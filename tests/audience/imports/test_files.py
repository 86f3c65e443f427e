"""Claims about reading any file: its form is found out, counting tells ahead, memory stays small."""

from __future__ import annotations

import tracemalloc

import pytest

from postroom.audience import Rejection, imports
from postroom.errors import AudienceError
from postroom.model import MembershipState

PEOPLE = (
    "email,status\na@example.org,\nb@example.org,cleaned\nc@example.org,cleaned\nd@example.org,?\nnobody,\n"
)


def test_counting_tells_each_state_the_bad_rows_and_their_columns(file) -> None:
    counts = imports.count(file(PEOPLE), "people")
    assert counts.states == {MembershipState.CONFIRMED: 1, MembershipState.BOUNCED: 2}
    assert (counts.rejected, counts.total, counts.left_out) == (2, 5, 2)
    assert counts.columns == ("email", "status")


@pytest.mark.parametrize(
    "content",
    ["email\nada@example.org\n", "name\temail\n\tada@example.org\n", '[{"email": "ada@example.org"}]',
     ' \n{"email": "ada@example.org"}\n'],
)  # fmt: skip
def test_the_form_of_a_file_is_found_out_from_what_is_in_it(file, read, content: str) -> None:
    (ada,) = read(file(content))
    assert ada.recipient.address == "ada@example.org"


def test_what_is_no_file_of_people_is_refused_at_once(file, tmp_path) -> None:
    for content, why in [(b"", "the file is empty"), (b"nothing\n", 'there is no column "email"')]:
        with pytest.raises(AudienceError, match=why):
            imports.members(file(content), "people")
    for path, why in [(tmp_path, "this is a folder"), (tmp_path / "none", "there is no such file")]:
        with pytest.raises(AudienceError, match=why):
            imports.members(path, "people")


def test_bad_rows_are_read_in_the_memory_of_a_few(file) -> None:
    bad = [
        b"x@example.org,\x00\n",
        b"y@example.org," + b"z" * (1 << 20) + b"\n",
        b"a,b,c\n",
        b'"unclosed\n',
        b"nobody,\n",
    ]
    good = b"".join(b"p%d@example.org,Name\n" % number for number in range(400))
    path = file(b"email,name\n" + b"".join(good + row for row in bad * 4))
    tracemalloc.start()
    rejected = sum(isinstance(each, Rejection) for each in imports.members(path, "people"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rejected == 20
    assert peak < 16 << 20
