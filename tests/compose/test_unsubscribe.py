"""Every letter has a way out, and promises one click only where that works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from postroom import links
from postroom.compose.unsubscribe import PREFERENCES
from postroom.model import Unsubscribe

WEB = "https://mail.learning.example"


@pytest.mark.parametrize(
    ("way", "url"),
    [
        (
            Unsubscribe(url="https://esp.example/u?e={email}"),
            "https://esp.example/u?e=a%2Bb%26c%40example.org",
        ),
        (Unsubscribe(url="https://esp.example/ü ü<>"), "https://esp.example/%C3%BC%20%C3%BC%3C%3E"),
        (Unsubscribe(mailto="leave@x.example"), "mailto:leave@x.example?subject=unsubscribe"),
        (Unsubscribe(mailto="leave+a@x.example"), "mailto:leave%2Ba@x.example?subject=unsubscribe"),
    ],
)
def test_each_way_out_has_its_url(desk, way: Unsubscribe, url: str) -> None:
    data = desk.written(desk.edition(unsubscribe=way), desk.with_recipient(address="a+b&c@example.org"))
    assert desk.head(data)["List-Unsubscribe"] == f"<{url}>"
    assert url in desk.body(data, 0)


@pytest.mark.parametrize(
    "way", [Unsubscribe(web=f"{WEB}/"), Unsubscribe(url="https://esp.example/u/{token}")]
)
def test_a_token_names_the_subscriber_and_no_address(desk, way: Unsubscribe) -> None:
    url = desk.head(desk.written(desk.edition(unsubscribe=way)))["List-Unsubscribe"][1:-1]
    assert "//u/" not in url
    assert links.read(desk.KEYS.links, "unsubscribe", url.rpartition("/")[2]) == (desk.UUID,)
    assert "ada" not in url


def test_the_url_of_our_own_pages_is_short_enough_for_any_library(desk) -> None:
    assert len(desk.head(desk.written())["List-Unsubscribe"]) - 2 < 76


@pytest.mark.parametrize(
    ("one_click", "way"),
    [
        (False, Unsubscribe(web=WEB)),
        (True, Unsubscribe(web="http://mail.learning.example")),
        (True, Unsubscribe(mailto="leave@x.example")),
        (True, None),
    ],
)
def test_one_click_is_promised_only_where_it_works(desk, one_click: bool, way: Unsubscribe | None) -> None:
    headers = desk.head(desk.written(desk.edition(one_click=one_click, unsubscribe=way)))
    assert "List-Unsubscribe-Post" not in headers
    assert ("List-Unsubscribe" in headers) == (way is not None)


def choosing(desk, **changes: object) -> str:
    """Write a letter that holds the link to choose; return its text."""
    text = "Choose: @@preferences_url@@.\nLeave: @@unsubscribe_url@@\n"
    letter = replace(desk.LETTER, text=text, html=f"<p>{text}</p>")
    return desk.body(desk.written(desk.edition(letter, **changes)), 0)


def test_the_link_to_choose_names_the_subscriber_for_that_page_alone(desk) -> None:
    url = choosing(desk, unsubscribe=Unsubscribe(web=f"{WEB}/")).partition("Choose: ")[2].split(".\n")[0]
    assert url.startswith(f"{WEB}/preferences/")
    token = url.rpartition("/")[2]
    assert links.read(desk.KEYS.links, PREFERENCES, token) == (desk.UUID,)
    assert links.read(desk.KEYS.links, "unsubscribe", token) is None
    assert links.read(desk.KEYS.links, "confirm", token) is None


@pytest.mark.parametrize("way", [Unsubscribe(url="https://esp.example/u"), Unsubscribe(mailto="x@y.example")])
def test_without_pages_of_ours_nothing_stands_there(desk, way: Unsubscribe) -> None:
    assert "Choose: .\n" in choosing(desk, unsubscribe=way)


def test_no_column_of_an_audience_leads_elsewhere(desk) -> None:
    letter = replace(desk.LETTER, text="Choose: @@preferences_url@@\n@@unsubscribe_url@@")
    ada = desk.with_recipient(merge={"preferences_url": "https://evil.example"})
    assert "evil" not in desk.body(desk.written(desk.edition(letter), ada), 0)
