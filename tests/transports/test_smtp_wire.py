"""A server that is slow, or says too much, takes neither our time nor our trust."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import monotonic

import pytest

from postroom.model import Deferred, Message, Outcome, Refused, Sent, Unknown
from postroom.transports._smtp_wire import Patience
from postroom.transports.smtp import Transport

RFC_5321 = {"greeting": 300, "mail": 300, "rcpt": 300, "data": 120, "block": 180, "dot": 600}


@pytest.fixture
def patient(ca_file):
    """Open a transport that waits as long as it is told to."""
    opened: list[Transport] = []

    def open_one(port: int, patience: Patience, **settings: str) -> Transport:
        chosen = {"host": "localhost", "port": port, "ca": ca_file, "username": "u", "password": "p"}
        chosen |= settings
        opened.append(Transport(Transport.Settings.model_validate(chosen), str, patience))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


@pytest.mark.parametrize(("what", "seconds"), RFC_5321.items())
def test_we_wait_at_least_as_long_as_the_rfc_asks(what: str, seconds: int) -> None:
    assert getattr(Patience(), what) >= seconds


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_one_mail_never_takes_longer_than_its_transaction(stage, serve, script, patient, mail) -> None:
    server = serve(script(says={stage: "hang"}))
    began = monotonic()
    (outcome,) = patient(server.port, replace(Patience(), transaction=0.3)).send([mail()])
    assert isinstance(outcome, Deferred)
    assert monotonic() - began < 2


@pytest.mark.parametrize("sooner", ["transaction", "block"])
def test_but_its_answer_is_waited_for(sooner, serve, script, patient, mail) -> None:
    server = serve(script(says={"dot": "hang"}))
    began = monotonic()
    (outcome,) = patient(server.port, replace(Patience(), **{sooner: 0.1}, dot=0.5)).send([mail()])
    assert isinstance(outcome, Unknown)
    assert 0.5 <= monotonic() - began < 2


@pytest.mark.parametrize("offers", [(), (b"PIPELINING",)], ids=["one by one", "groups"])
@pytest.mark.parametrize("said", [b"250 ok\n", b"250\r\n", b"250-one\r\n250 two\r\n", b"251 somewhere\r\n"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "dot"])
def test_a_good_answer_may_be_of_any_shape(stage, said, offers, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: said}, offers=(b"STARTTLS", b"AUTH PLAIN", *offers)))
    outcomes = list(smtp_to(server.port).send([mail(number=number) for number in range(3)]))
    assert [type(each) for each in outcomes] == [Sent] * 3, outcomes
    assert server.connections == 1


def test_what_its_maker_vouches_for_arrives_as_it_is(serve, script, smtp_to, mail) -> None:
    server = serve(script())
    message = mail()
    vouched = replace(message, content=replace(message.content, is_plain=True))
    assert [type(each) for each in smtp_to(server.port).send([vouched, message])] == [Sent] * 2
    (_, first), (_, second) = server.mails
    assert first == second == message.content.data + b".\r\n"


def test_a_connection_that_rested_too_long_is_not_trusted(serve, script, smtp_to, mail, monkeypatch) -> None:
    server = serve(script())
    transport = smtp_to(server.port)
    monkeypatch.setattr("postroom.transports.smtp._KEEP_FOR", 0.0)
    assert all(isinstance(*transport.send([mail()]), Sent) for _ in range(2))
    assert server.connections == 2
    assert server.commands.count(b"QUIT") == 1


def test_a_server_that_does_not_say_goodbye_is_left(serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"quit": "hang"}))
    transport = smtp_to(server.port)
    list(transport.send([mail()]))
    began = monotonic()
    transport.close()
    assert monotonic() - began < 1


@pytest.mark.parametrize("offers", [(), (b"PIPELINING",)], ids=["one by one", "groups"])
def test_long_mails_arrive_whole(offers, serve, script, smtp_to, mail) -> None:
    lines = b"".join(b".%06d and so on\r\n" % number for number in range(5_000))
    data = b"Subject: long\r\n\r\n" + lines
    server = serve(script(offers=(b"STARTTLS", b"AUTH PLAIN", *offers)))
    outcomes = list(smtp_to(server.port).send([mail(data=data)] * 3))
    assert [type(each) for each in outcomes] == [Sent] * 3, outcomes
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    assert [written for _, written in server.mails] == [stuffed + b".\r\n"] * 3
    assert server.connections == 1


class Narrow(socket.socket):
    """A socket that takes no more than so many bytes at a time, as one does that is nearly full."""

    most = 0

    def send(self, data: bytes | memoryview, flags: int = 0) -> int:
        return super().send(data[: self.most], flags)

    def sendmsg(self, buffers: Sequence[bytes], ancdata: tuple[()] = (), flags: int = 0) -> int:
        return self.send(b"".join(buffers), flags)


@pytest.mark.parametrize(("early", "kind"), [(b"250 2.0.0 ok\r\n", Sent), (b"550 5.7.1 no\r\n", Refused)])
def test_what_was_announced_by_half_is_not_waited_for(
    early: bytes, kind: type[Outcome], serve, script, patient, mail
) -> None:
    """The server speaks when it has the dot and 20 bytes of what follows it in the same breath."""
    begun = threading.Event()

    def speak_first(commands: Sequence[bytes]) -> bytes:
        begun.wait(10)
        return early if server.connections == 1 else b""

    says = {"early": speak_first, "dot": [b""]}
    server = serve(script(says=says, offers=(b"AUTH PLAIN", b"PIPELINING")))
    transport = patient(server.port, replace(Patience(), mail=20), tls="none")

    def mails() -> Iterator[Message]:
        yield (first := mail())
        wire = transport._session._wire
        wire.sock = Narrow(fileno=wire.sock.detach())
        wire.sock.most = len(first.content.data + b".\r\n") + 20
        begun.set()
        assert select.select([wire.sock], [], [], 10)[0]
        yield mail("bob@example.org", number=2)

    began = monotonic()
    assert [type(each) for each in transport.send(mails())] == [kind, Sent]
    assert monotonic() - began < 10
    assert [recipient for recipient, _ in server.mails] == [b"RCPT TO:<bob@example.org>"]
    assert server.connections == 2


def test_an_answer_of_many_lines_is_read_to_its_end(serve, script, smtp_to, mail) -> None:
    many = b"".join(b"250-2.1.5 line %d\r\n" % number for number in range(100)) + b"250 2.1.5 last\r\n"
    server = serve(script(says={"rcpt": many}))
    assert isinstance(*smtp_to(server.port).send([mail()]), Sent)


def test_what_a_server_says_is_shown_without_its_controls(serve, script, smtp_to, mail) -> None:
    server = serve(
        script(
            says={"rcpt": b"550-5.1.1 \x1b[31mred\x07\r\n550 \xff\x00caf\xc3\xa9 " + b"x" * 4000 + b"\r\n"}
        )
    )
    (outcome,) = smtp_to(server.port).send([mail()])
    assert outcome.reason.startswith("localhost answered RCPT TO with 550 5.1.1 [31mred �café xxx")
    assert outcome.reason.isprintable()
    assert len(outcome.reason) < 600
