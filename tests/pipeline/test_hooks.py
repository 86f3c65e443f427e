"""Who is believed is who the config names; certificates are fetched once, and never without end."""

from __future__ import annotations

import pytest

from postroom.config import WebhookSettings
from postroom.errors import TransportError
from postroom.pipeline.hooks import Certificates, hooks
from postroom.transports.secret import Secret, reader

URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{}.pem"


class Amazon:
    """Gives a certificate for every address, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds = 0.0

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        return url.encode()

    def shelf(self) -> Certificates:
        return Certificates(fetch=self, monotonic=lambda: self.seconds)


def test_only_who_is_named_is_believed(tmp_path) -> None:
    secrets = reader({"P": "secret", "K": "key"}, tmp_path)
    assert hooks(WebhookSettings(), secrets) == {}
    every = WebhookSettings(
        topics=frozenset({"arn:aws:sns:eu-west-1:123456789012:x"}),
        postmark=(Secret("hook"), Secret("${P}")),
        mailgun=Secret("${K}"),
    )
    assert {*hooks(every, secrets)} == {"ses", "postmark", "mailgun"}


def test_a_secret_that_is_not_there_is_told_before_anything_is_served(tmp_path) -> None:
    with pytest.raises(TransportError, match="K is not set"):
        hooks(WebhookSettings(mailgun=Secret("${K}")), reader({}, tmp_path))


def test_a_certificate_is_fetched_once() -> None:
    amazon = Amazon()
    shelf = amazon.shelf()
    assert {shelf.get(URL.format("a")) for _ in range(9)} == {URL.format("a").encode()}
    assert len(amazon.asked) == 1


def test_names_that_a_forger_makes_up_are_asked_for_a_few_times_a_minute() -> None:
    amazon = Amazon()
    shelf = amazon.shelf()
    for number in range(100):
        if number < 6:
            shelf.get(URL.format(number))
        else:
            with pytest.raises(OSError, match="too often"):
                shelf.get(URL.format(number))
    assert shelf.get(URL.format(3))
    amazon.seconds = 61
    assert shelf.get(URL.format("new"))
    assert len(amazon.asked) == 7


def test_no_more_than_sixteen_are_kept() -> None:
    amazon = Amazon()
    shelf = amazon.shelf()
    for number in range(40):
        amazon.seconds += 20
        shelf.get(URL.format(number))
    for number in range(24, 40):
        shelf.get(URL.format(number))
    assert len(amazon.asked) == 40


def test_a_certificate_that_cannot_be_had_is_no_certificate() -> None:
    def fail(url: str) -> bytes:
        raise OSError("no route")

    shelf = Certificates(fetch=fail)
    for _ in range(2):
        with pytest.raises(OSError, match="no route"):
            shelf.get(URL.format("a"))
