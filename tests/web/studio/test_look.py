"""How a person looks at a sheet, written into an address."""

from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.web.studio.look import IMAGES, SCHEMES, TABS, WIDEST, Look, find

LOOKS = st.builds(
    Look,
    article=st.text(),
    channel=st.text(),
    variant=st.text(),
    tab=st.sampled_from(list(TABS)),
    width=st.integers(280, WIDEST),
    scheme=st.sampled_from(list(SCHEMES)),
    images=st.sampled_from(list(IMAGES)),
    unfolded=st.booleans(),
    query=st.text(),
)


@given(LOOKS)
def test_a_look_survives_its_address(look: Look) -> None:
    address = look.link("mail")
    assert address.startswith("mail?")
    assert address.isascii()
    assert Look.read(dict(parse_qsl(address.removeprefix("mail?")))) == look


@pytest.mark.parametrize(
    ("query", "width"),
    [("375", 375), ("1", 280), ("99999", WIDEST), ("999999", 640), ("-5", 640), ("٣٧٥", 640), ("", 640)],
)
def test_a_width_is_kept_within_reason(query: str, width: int) -> None:
    assert Look.read({"width": query}).width == width


def test_what_makes_no_sense_takes_its_default() -> None:
    assert Look.read({"tab": "x", "scheme": "<b>", "images": "", "fold": "1"}) == Look()


def test_defaults_are_not_written() -> None:
    assert Look(article="a b").link() == "?article=a%20b"


def test_an_entry_is_found_by_the_names_that_are_given(make: SimpleNamespace) -> None:
    mail, hook, other = make.entry(), make.entry(channel="linkedin", variant="hook"), make.entry("salt")
    catalogue = [mail, hook, other]
    assert find(catalogue, Look()) == mail
    assert find(catalogue, Look(article="salt")) == other
    assert find(catalogue, Look(channel="linkedin")) == hook
    assert find(catalogue, Look(article="clock", channel="linkedin", variant="hook")) == hook
    assert find(catalogue, Look(article="clock", variant="question")) is None
    assert find([], Look()) is None
