"""A transport rests until a person wakes it."""

from __future__ import annotations

import pytest


def test_a_paused_transport_takes_nothing_until_it_is_resumed(office, postroom, hours) -> None:
    answer = postroom("outbox", "pause", "mail", "--reason", "the server moves")
    assert answer.code == 0
    assert "mail rests: the server moves; `postroom outbox resume mail` lets it go on" in answer.told
    office.article(date=hours(-1))
    office.run()
    assert office.mails() == []
    assert "the server moves" in postroom("outbox", "status").told
    assert "mail goes on" in postroom("outbox", "resume", "mail").told
    office.run()
    assert len(office.mails()) == 3


def test_what_did_not_rest_is_told(office, postroom) -> None:
    answer = postroom("outbox", "resume", "mail")
    assert answer.code == 0
    assert "mail did not rest" in answer.told


def test_a_transport_that_is_not_there_is_refused(office, postroom) -> None:
    for verb in ("pause", "resume"):
        answer = postroom("outbox", verb, "mial")
        assert answer.code == 2
        assert "there is no transport 'mial'; did you mean 'mail'?" in answer.told
    assert "config.yaml names mail, page" in postroom("outbox", "pause", "zzzzz").told


def test_a_broken_config_takes_no_brake_away(desk, postroom) -> None:
    assert postroom("run", "--once").code == 0
    desk.configure(("channels:", "chanels:"))
    answer = postroom("outbox", "pause", "mail")
    assert answer.code == 0, answer.told
    assert "goes by the last good one" in answer.told


KEY = "newsletter/article/letters"


@pytest.mark.parametrize("words", [("hold", KEY), ("cancel", KEY), ("replace", KEY), ("list", "--json")])
def test_nor_does_it_keep_anybody_from_stopping_an_edition(words, office, postroom, hours) -> None:
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1))
    postroom("run", "--once")
    office.configure(("channels:", "chanels:"))
    answer = postroom("outbox", *words)
    assert answer.code == 0, answer.told
    assert "goes by the last good one" in answer.told
    assert KEY in answer.told


def test_a_failed_delivery_is_decided_about_whatever_config_says(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    assert postroom("run", "--once").code == 0
    office.configure(("channels:", "chanels:"))
    assert "0 deliveries" in postroom("outbox", "retry", KEY).told
    assert "delivery 1 is sent; it cannot be made queued" in postroom("outbox", "resolve", "1", "queued").told
