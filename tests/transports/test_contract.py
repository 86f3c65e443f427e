"""What every transport must hold to, whoever wrote it. Runs over all kinds that are installed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from postroom.model import Deferred, Email, Mail, Outcome, Post, Prepared, Refused, Sent, Unknown
from postroom.transports import find, kinds
from postroom.transports.protocol import TransportSettings

OUTCOMES = (Sent, Deferred, Refused, Unknown)


@pytest.fixture(params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def example(kind, free_port) -> dict[str, object]:
    """The settings that the transport itself gives as an example, led to a port where nobody is."""
    (first, *_) = find(kind).Settings.model_json_schema()["examples"]
    here = {"host": "127.0.0.1", "port": free_port, "url": f"http://127.0.0.1:{free_port}"}
    return {name: here.get(name, value) for name, value in first.items()} | (
        {"port": free_port} if "host" in first else {}
    )


@pytest.fixture
def transport(kind, example, tmp_path):
    found = find(kind)
    opened = found(
        found.Settings.model_validate(example, context={"base": tmp_path}), lambda reference: "secret"
    )
    yield opened
    opened.close()


@pytest.fixture
def batch(kind, mail, post):
    """Three messages of a kind that the transport can carry."""
    make = mail if Email in find(kind).accepts else post
    return [make(number=number) for number in (3, 1, 2)]


def test_it_declares_its_facts(kind) -> None:
    found = find(kind)
    assert found.kind == kind
    assert found.accepts
    assert found.accepts <= {Email, Post}
    assert isinstance(found.rehearsal, bool)
    assert isinstance(found.idempotent, bool)
    assert isinstance(found.prepares, bool)
    assert all(isinstance(limit, int) for limit in found.limits.values())
    assert issubclass(found.Settings, TransportSettings)
    assert found.__doc__


def test_its_settings_know_their_window_and_when_to_give_up(kind, example, tmp_path) -> None:
    chosen = find(kind).Settings.model_validate(example, context={"base": tmp_path})
    assert chosen.window >= 1
    assert chosen.connections >= 1
    assert chosen.give_up_after >= timedelta(hours=1)


def test_its_settings_refuse_what_they_do_not_know(kind, example) -> None:
    with pytest.raises(ValidationError, match="no_such_setting"):
        find(kind).Settings.model_validate({**example, "no_such_setting": 1})


def test_its_settings_refuse_another_kind(kind, example) -> None:
    with pytest.raises(ValidationError, match="kind"):
        find(kind).Settings.model_validate({**example, "kind": "pigeon"})


def test_its_settings_cannot_be_changed(kind, example, tmp_path) -> None:
    chosen = find(kind).Settings.model_validate(example, context={"base": tmp_path})
    with pytest.raises(ValidationError):
        chosen.window = 1


def test_its_settings_hide_their_secrets(kind, example, tmp_path) -> None:
    chosen = find(kind).Settings.model_validate(example, context={"base": tmp_path})
    references = [value for value in example.values() if isinstance(value, str) and "${" in value]
    assert not any(reference in repr(chosen) for reference in references)


def test_making_it_asks_for_no_secret_and_opens_nothing(kind, example, tmp_path) -> None:
    def refuse(reference: str) -> str:
        raise AssertionError(reference)

    found = find(kind)
    found(found.Settings.model_validate(example, context={"base": tmp_path}), refuse).close()
    assert list(tmp_path.iterdir()) == []


def test_preparing_may_be_repeated(transport, batch) -> None:
    first = transport.prepare(batch[0], {})
    assert isinstance(first, Prepared | Deferred)
    if isinstance(first, Prepared):
        assert transport.prepare(batch[0], first.progress) == first


def test_sending_gives_an_outcome_for_each_message_whatever_the_other_side_does(transport, batch) -> None:
    outcomes = list(transport.send(batch))
    assert len(outcomes) == len(batch)
    assert all(isinstance(outcome, OUTCOMES) for outcome in outcomes)


def test_outcomes_come_in_the_order_of_the_messages(transport, batch, tmp_path) -> None:
    """A message of the other kind is told apart in the middle of the others."""
    backwards: list[Outcome] = list(transport.send(batch[::-1]))[::-1]
    assert [type(each) for each in backwards] == [type(each) for each in transport.send(batch)]


def test_it_yields_one_outcome_for_each_message_it_pulls(transport, batch) -> None:
    pulled: list[int] = []
    outcomes = transport.send(pulled.append(each.delivery_id) or each for each in batch)
    assert pulled == [], "it pulls before anybody asks for an outcome"
    for told, _ in enumerate(outcomes, 1):
        assert len(pulled) >= told
    assert pulled == [each.delivery_id for each in batch]


def test_whoever_leaves_early_may_come_again(transport, batch) -> None:
    first = next(iter(transport.send(batch)))
    assert [type(each) for each in transport.send(batch[:1])] == [type(first)]


def test_trouble_of_the_messages_is_passed_on(transport, batch) -> None:
    def broken():
        yield batch[0]
        raise LookupError("no more")

    outcomes = transport.send(broken())
    with pytest.raises(LookupError, match="no more"):
        list(outcomes)
    assert len(list(transport.send(batch))) == len(batch)


def test_what_prepares_nothing_remembers_nothing(transport, batch) -> None:
    if not transport.prepares:
        assert transport.prepare(batch[0], {"left": "before"}) == Prepared(progress={"left": "before"})


def test_nothing_is_sent_for_nothing(transport) -> None:
    assert list(transport.send([])) == []


def test_a_rehearsal_leaves_the_machine_alone(transport, batch) -> None:
    if not transport.rehearsal:
        assert not any(isinstance(outcome, Sent) for outcome in transport.send(batch)), "nobody listens there"
    else:
        assert all(isinstance(outcome, Sent) for outcome in transport.send(batch))


def test_it_may_be_closed_twice_and_used_again(transport, batch) -> None:
    transport.close()
    transport.close()
    assert len(list(transport.send(batch))) == len(batch)
    transport.close()


def test_the_batch_is_left_as_it_was(transport, batch) -> None:
    before = list(batch)
    list(transport.send(batch))
    assert batch == before
    assert all(isinstance(each.content, Mail) or each.content.post for each in batch)
