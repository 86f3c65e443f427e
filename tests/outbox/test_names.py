"""People type what they remember of an edition's key."""

from __future__ import annotations

import pytest

from postroom.errors import AmbiguousEdition, NoSuchEdition
from postroom.outbox import names


def find(outbox, name: str) -> str:
    return outbox.ledger.read(lambda connection: names.find(connection, name).key)


@pytest.mark.parametrize(
    "name",
    ["newsletter/article/first", "1", "first", "article/first", "newsletter/article/f"],
)
def test_an_edition_goes_by_key_number_or_one_end_of_its_key(outbox, name: str) -> None:
    outbox.freeze("ada", article="first")
    outbox.freeze("ada", article="second")
    assert find(outbox, name) == "newsletter/article/first"


def test_a_key_in_full_wins_over_longer_ones(outbox) -> None:
    outbox.freeze("ada")
    outbox.freeze("ada", revision=2)
    assert find(outbox, "newsletter/article/post-rooms") == "newsletter/article/post-rooms"


def test_what_fits_several_is_refused_with_their_names(outbox) -> None:
    for number in range(7):
        outbox.freeze("ada", article=f"a{number}")
    with pytest.raises(AmbiguousEdition, match=r"several.*article/a0, .*article/a4 and 2 more.*in full"):
        find(outbox, "newsletter/")


def test_an_unknown_name_is_answered_with_the_nearest(outbox) -> None:
    outbox.freeze("ada", article="first")
    with pytest.raises(NoSuchEdition, match="did you mean newsletter/article/first"):
        find(outbox, "newsletter/article/frist")


@pytest.mark.parametrize("name", ["", "99", "%"])
def test_nonsense_is_answered_with_where_to_look(outbox, name: str) -> None:
    outbox.freeze("ada", article="first")
    with pytest.raises(NoSuchEdition, match="outbox status"):
        find(outbox, name)
