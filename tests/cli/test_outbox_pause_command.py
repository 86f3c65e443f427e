"""A transport rests until a person wakes it."""

from __future__ import annotations


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
