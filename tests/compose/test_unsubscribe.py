"""Every letter has a way out, and promises one click only where that works."""

from __future__ import annotations

import pytest

from postroom import links
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
