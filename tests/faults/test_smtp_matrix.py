"""What a server may do to us at each moment of SMTP, and what each mail must be told to have come to.

The server here is real, on loopback, and keeps its own account of what it took. Bad certificates have
their tests in tests/transports/test_smtp_tls.py; settling the outcomes in the ledger has its own.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.model import Deferred, Mail, Message, Outcome, Refused, Scope, Sent, Unknown
from postroom.transports._smtp_wire import Patience
from postroom.transports.smtp import Transport

DROP, RESET, HANG = "drop", "reset", "hang"
WAIT, SHORT = 10, 0.4  # seconds of patience for each answer: as a rule, and where none will come
BODY = b"Subject: Hello\r\n\r\nGood morning.\r\n"

TABLE = """
            421 450 451 452 500 535 550 552 554 drop hang garbage multiline 64KB
connect     T   T   T   T   T   T   T   T   T   T    T    T       T         T
EHLO        T   T   T   T   A   A   A   A   A   T    T    T       A         T
STARTTLS    T   T   T   T   T   T   T   T   T   T    T    T       T         T
AUTH        T   T   T   T   A   A   A   A   A   T    T    T       A         T
MAIL        T   W   W   W   E   A   E   E   E   R    R    R       E         R
RCPT        D   R   R   R   X   A   X   X   X   R    R    R       X         R
DATA        D   R   R   R   C   A   X   C   C   R    R    R       C         R
dot         D   R   R   R   C   A   X   C   C   U    U    U       C         U
"""
MEANING = {
    "T": (Deferred, Scope.TRANSPORT, None),
    "D": (Deferred, Scope.DOMAIN, None),
    "R": (Deferred, Scope.RECIPIENT, None),
    "W": (Deferred, Scope.EDITION, None),  # the sender has to wait
    "A": (Refused, Scope.TRANSPORT, False),  # our account or settings
    "E": (Refused, Scope.EDITION, False),
    "X": (Refused, Scope.RECIPIENT, False),
    "C": (Refused, Scope.RECIPIENT, True),  # of content
    "U": (Unknown, None, None),
}
ANSWERS: dict[str, bytes | str] = {
    "421": b"421 4.3.2 closing down\r\n",
    "450": b"450 4.2.0 greylisted\r\n",
    "451": b"451 4.3.0 local error\r\n",
    "452": b"452 4.3.1 no room\r\n",
    "500": b"500 5.5.2 what?\r\n",
    "535": b"535 5.7.8 who are you?\r\n",
    "550": b"550 5.1.1 no such user\r\n",
    "552": b"552 5.3.4 too big\r\n",
    "554": b"554 5.7.1 we do not like it\r\n",
    "drop": DROP,
    "hang": HANG,
    "garbage": b"\xff\xfe<html>\r\n",
    "multiline": b"550-5.7.1 one\r\n550-5.7.1 two\r\n550 5.7.1 three\r\n",
    "64KB": b"250 " + b"x" * 65536 + b"\r\n",
}
ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = {
    (row[0], answer): MEANING[cell] for row in ROWS[1:] for answer, cell in zip(ROWS[0], row[1:], strict=True)
}
IN_A_MAIL = ("MAIL", "RCPT", "DATA", "dot")


class Over(Exception):
    """The conversation is over."""


@dataclass
class Server:
    """A server on loopback. `says(stage, usual)` gives each answer: bytes, DROP, RESET or HANG.

    `took` counts the mails whose final dot was read, by recipient, and `granted` those that were also
    answered with a 250; `bodies` are their bytes.
    """

    says: Callable[[str, bytes], bytes | str] = lambda stage, usual: usual
    offers: tuple[bytes, ...] = (b"PIPELINING", b"AUTH PLAIN")
    stubborn: bool = False  # wants data although it refused the recipient
    piecemeal: bool = False  # says everything byte by byte
    connections: int = 0
    commands: list[bytes] = field(default_factory=list)
    took: Counter[str] = field(default_factory=Counter)
    granted: Counter[str] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)
    pace: float = 0
    port: int = 0
    talks: list[type[Talk]] = field(default_factory=list)  # for one connection after the other

    def start(self) -> Server:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._open, daemon=True).start()
        return self

    def stop(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _open(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._door.accept()
                self.connections += 1
                talk = self.talks.pop(0) if self.talks else Talk
                threading.Thread(target=talk(self, line).run, daemon=True).start()


@dataclass
class Talk:
    """One connection to it."""

    server: Server
    line: socket.socket
    unread: bytes = b""
    recipient: str = ""
    refused: bool = False

    def run(self) -> None:
        self.line.settimeout(10)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(Over, OSError), self.line:
            self.say("connect", b"220 ready\r\n")
            while True:
                command = self.read(b"\r\n")
                self.server.commands.append(command)
                self.obey(command)

    def obey(self, command: bytes) -> None:
        match command.split(b" ")[0].upper():
            case b"EHLO":
                lines = [b"server.example", *self.server.offers]
                self.say("EHLO", b"".join(b"250-%b\r\n" % each for each in lines) + b"250 8BITMIME\r\n")
            case b"STARTTLS":
                self.say("STARTTLS", b"220 go ahead\r\n")
            case b"AUTH":
                self.say("AUTH", b"235 2.7.0 welcome\r\n")
            case b"MAIL":
                self.refused = not self.say("MAIL", b"250 2.1.0 ok\r\n")
            case b"RCPT":
                self.recipient = command[command.index(b"<") + 1 : command.rindex(b">")].decode()
                self.refused |= not self.say("RCPT", b"250 2.1.5 ok\r\n")
            case b"DATA" if not self.refused or self.server.stubborn:
                if self.say("DATA", b"354 go\r\n"):
                    self.take()
            case b"DATA":
                self.say("late", b"503 5.5.1 nobody to send it to\r\n")
            case b"QUIT":
                self.say("QUIT", b"221 bye\r\n")
                raise Over
            case _:
                self.say("RSET", b"250 2.0.0 ok\r\n")

    def take(self) -> None:
        body = b""
        while not body.endswith(b"\r\n.\r\n") and body != b".\r\n":
            body += self.read(b"\r\n") + b"\r\n"
        if self.refused:
            self.say("late", b"554 5.5.1 no valid recipients\r\n")
            return
        self.server.bodies.append(body)
        said = self.server.says("dot", b"250 2.0.0 queued\r\n")
        self.server.took[self.recipient] += said[:1] not in (b"4", b"5")
        self.server.granted[self.recipient] += said == b"250 2.0.0 queued\r\n"
        self.utter(said)

    def say(self, stage: str, usual: bytes) -> bool:
        """Answer; tell whether with the usual answer."""
        said = self.server.says(stage, usual)
        self.utter(said)
        return said == usual

    def utter(self, said: bytes | str) -> None:
        if said == RESET:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if said == HANG:
            while self.line.recv(65536):
                pass
        if not isinstance(said, bytes):
            raise Over
        for piece in [said[at : at + 1] for at in range(len(said))] if self.server.piecemeal else [said]:
            self.line.sendall(piece)
            if self.server.pace:
                STOPPED.wait(self.server.pace)

    def read(self, end: bytes) -> bytes:
        while end not in self.unread:
            chunk = self.line.recv(65536)
            if not chunk:
                raise Over
            self.unread += chunk
        line, _, self.unread = self.unread.partition(end)
        return line


STOPPED = threading.Event()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    running: list[Server] = []

    def start(**facts: Any) -> Server:
        running.append(Server(**facts).start())
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def smtp_to() -> Iterator[Callable[..., Transport]]:
    opened: list[Transport] = []

    def open_one(server: Server, wait: float = WAIT, tls: str = "none", **patience: float) -> Transport:
        times = dict.fromkeys(
            ("greeting", "answer", "mail", "rcpt", "data", "block", "dot", "farewell"), wait
        )
        chosen = {"host": "127.0.0.1", "port": server.port, "tls": tls, "username": "u", "password": "p"}
        waits = Patience(**{"connect": 2, "transaction": 60, **times, **patience})
        opened.append(Transport(Transport.Settings.model_validate(chosen), str, waits))
        return opened[-1]

    yield open_one
    for transport in opened:
        transport.close()


def mail(name: str = "ada", data: bytes = BODY) -> Message:
    content = Mail(mail_from="news@learning.example", rcpt_to=f"{name}@example.org", data=data)
    return Message(delivery_id=1, name=name, idempotency_key=name, content=content)


def patience_for(answer: bytes | str) -> float:
    return SHORT if answer == HANG else WAIT


def once(stage: str, answer: bytes | str) -> Callable[[str, bytes], bytes | str]:
    """Give an answer the first time that a stage is reached, and the usual one ever after."""
    left = [answer]
    return lambda reached, usual: left.pop() if reached == stage and left else usual


def judged(outcome: Outcome) -> tuple[type[Outcome], Scope | None, bool | None]:
    return type(outcome), getattr(outcome, "scope", None), getattr(outcome, "of_content", None)


def test_the_table_has_112_cells() -> None:
    assert len(CELLS) == 8 * 14 == 112


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    ("stage", "offers"),
    [
        *(
            (stage, (b"PIPELINING", b"STARTTLS", b"AUTH PLAIN"))
            for stage in ("connect", "EHLO", "STARTTLS", "AUTH")
        ),
        *((stage, (b"PIPELINING", b"AUTH PLAIN")) for stage in IN_A_MAIL),
        *((stage, (b"AUTH PLAIN",)) for stage in IN_A_MAIL),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else ("groups" if b"PIPELINING" in value else "one by one")
    ),
)
def test_each_answer_at_each_stage_comes_to_what_the_table_says(
    stage, offers, answer, serve, smtp_to
) -> None:
    server = serve(says=once(stage, ANSWERS[answer]), offers=offers)
    transport = smtp_to(server, patience_for(answer), tls="starttls" if stage == "STARTTLS" else "none")
    first, second = transport.send([mail("ada"), mail("bob")])
    assert judged(first) == CELLS[stage, answer], first
    if getattr(first, "scope", None) is Scope.TRANSPORT:
        assert second == first
        assert server.took.total() == 0
    else:
        assert isinstance(second, Sent)
        assert server.took == Counter(
            {"bob@example.org": 1, "ada@example.org": int(isinstance(first, Unknown))}
        )


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer not in ("535", "421")])
@pytest.mark.parametrize("stage", ["RCPT", "DATA", "dot"])
def test_trouble_in_the_middle_touches_neither_the_one_before_nor_the_one_after(
    stage, answer, serve, smtp_to
) -> None:
    reached: Counter[str] = Counter()

    def says(at: str, usual: bytes) -> bytes | str:
        reached[at] += 1
        return ANSWERS[answer] if at == stage and reached[at] == 2 else usual

    server = serve(says=says)
    first, middle, last = smtp_to(server, patience_for(answer)).send([mail("ada"), mail("bob"), mail("cleo")])
    assert (type(first), type(last)) == (Sent, Sent)
    assert judged(middle) == CELLS[stage, answer]
    assert server.granted == Counter(["ada@example.org", "cleo@example.org"])


@pytest.mark.parametrize("end", [DROP, RESET, HANG, b"421 4.3.2 closing down\r\n"])
@pytest.mark.parametrize("offers", [(b"PIPELINING",), ()], ids=["groups", "one by one"])
@pytest.mark.parametrize("answers", range(1, 18))
def test_whenever_it_ends_each_mail_is_told_the_truth(answers, offers, end, serve, smtp_to) -> None:
    """End a connection instead of its n-th answer; then serve well."""
    left = [answers]

    def says(stage: str, usual: bytes) -> bytes | str:
        left[0] -= 1
        return end if left[0] == 0 else usual

    server = serve(says=says, offers=(*offers, b"AUTH PLAIN"))
    names = ("ada", "bob", "cleo", "dora")
    outcomes = list(smtp_to(server, patience_for(end)).send([mail(name) for name in names]))
    assert len(outcomes) == len(names)
    for name, outcome in zip(names, outcomes, strict=True):
        took, granted = server.took[f"{name}@example.org"], server.granted[f"{name}@example.org"]
        assert (took, granted) == {Sent: (1, 1), Deferred: (0, 0), Unknown: (1, 0)}[type(outcome)], outcome
    if answers > 4 and end != HANG:  # before that it ends for all; and a slow machine may seem to hang
        assert sum(not isinstance(outcome, Sent) for outcome in outcomes) <= 1


@pytest.mark.parametrize("rejects", ["RCPT", "MAIL"])
def test_data_wanted_after_a_refusal_leads_to_no_mail(rejects, serve, smtp_to) -> None:
    server = serve(says=once(rejects, b"550 5.1.1 no\r\n"), stubborn=True)
    first, second = smtp_to(server).send([mail("ada"), mail("bob")])
    assert isinstance(first, Refused)
    assert isinstance(second, Sent)
    assert server.granted == Counter(["bob@example.org"])
    assert server.connections == (1 if rejects == "RCPT" else 2)  # RFC 2920 §3.1 speaks of recipients alone


def test_a_mail_of_its_own_is_one_round_trip(serve, smtp_to) -> None:
    """Nothing is asked between a dot and the next mail: its answer and three more come together."""
    server = serve()
    assert all(isinstance(each, Sent) for each in smtp_to(server).send([mail("ada")] * 20))
    asked = [command.split(b" ")[0] for command in server.commands[2:]]
    assert asked == [b"MAIL", b"RCPT", b"DATA"] * 20
    assert server.connections == 1


def test_answers_in_pieces_are_put_together(serve, smtp_to) -> None:
    server = serve(piecemeal=True)
    assert all(isinstance(each, Sent) for each in smtp_to(server).send([mail("ada")] * 10))


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_an_answer_nobody_asked_for_is_never_taken_for_a_mails(stage, serve, smtp_to) -> None:
    usual = {"DATA": b"354 go\r\n"}.get(stage, b"250 2.1.0 ok\r\n")
    server = serve(says=once(stage, usual + b"250 2.0.0 queued\r\n"))
    outcomes = list(smtp_to(server).send([mail("ada"), mail("bob")]))
    for name, outcome in zip(("ada", "bob"), outcomes, strict=True):
        if not isinstance(outcome, Unknown):
            assert server.granted[f"{name}@example.org"] == isinstance(outcome, Sent)


@pytest.mark.parametrize(
    "answer", [b"552 5.3.4 too big\r\n", b"451 4.3.0 broken\r\n", b"", b"250 2.0.0 fine\r\n"]
)
@pytest.mark.parametrize("leaves", [True, False])
def test_a_server_that_does_not_hear_a_mail_out_has_not_got_it(answer, leaves, serve, smtp_to) -> None:
    class Impatient(Talk):
        def take(self) -> None:
            self.line.recv(1000)
            self.line.sendall(answer)
            if not leaves:
                STOPPED.wait(4 * SHORT)
            raise Over

    server = serve(talks=[Impatient])
    big = b"Subject: big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 200_000
    first, second = smtp_to(server, SHORT).send([mail("ada", big), mail("bob")])
    if not leaves:  # what was said by one who leaves may be lost with the connection
        assert type(first) is (Refused if answer.startswith(b"552") else Deferred)
    assert isinstance(first, Refused | Deferred)
    assert isinstance(second, Sent)
    assert server.took == Counter(["bob@example.org"])


def test_whoever_leaves_early_leaves_the_rest_unsent(serve, smtp_to) -> None:
    server = serve()
    transport = smtp_to(server)
    pulled: list[str] = []
    queue = (pulled.append(name) or mail(name) for name in ("ada", "bob", "cleo"))
    outcomes = transport.send(queue)
    assert isinstance(next(outcomes), Sent)
    outcomes.close()
    assert pulled == ["ada", "bob"]
    assert isinstance(*transport.send([mail("dora")]), Sent)
    assert server.took == Counter(["ada@example.org", "dora@example.org"])


def test_messages_that_raise_leave_the_one_in_hand_unsent(serve, smtp_to) -> None:
    def broken() -> Iterator[Message]:
        yield mail("ada")
        yield mail("bob")
        raise LookupError("no more")

    server = serve()
    transport = smtp_to(server)
    outcomes = transport.send(broken())
    assert isinstance(next(outcomes), Sent)
    with pytest.raises(LookupError, match="no more"):
        next(outcomes)
    assert isinstance(*transport.send([mail("cleo")]), Sent)
    assert server.took == Counter(["ada@example.org", "cleo@example.org"])


@pytest.mark.parametrize("stage", ["connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "dot"])
def test_a_tarpit_holds_a_mail_no_longer_than_its_time(stage, serve, smtp_to) -> None:
    def says(at: str, usual: bytes) -> bytes:
        server.pace = 0.03 if at == stage else 0
        return b"2%b\r\n" % (b"x" * 500) if at == stage else usual

    server = serve(says=says, piecemeal=True)
    began = monotonic()
    (outcome,) = smtp_to(server, SHORT, transaction=0.5).send([mail()])
    assert isinstance(outcome, Unknown if stage == "dot" else Deferred)
    assert monotonic() - began < 1.5


def test_answers_dripped_one_after_another_share_the_time_of_the_mail(serve, smtp_to) -> None:
    """Each answer alone is in time, all of them together are not."""

    def says(at: str, usual: bytes) -> bytes:
        server.pace = 0.008 if at in ("MAIL", "RCPT", "DATA") else 0
        return usual

    server = serve(says=says, piecemeal=True)
    (outcome,) = smtp_to(server, transaction=0.2).send([mail()])
    assert isinstance(outcome, Deferred)
    assert server.took.total() == 0


def test_of_a_thousand_mails_exactly_those_without_an_answer_are_unknown(serve, smtp_to) -> None:
    draw = random.Random(3)
    lost: set[str] = set()

    def says(stage: str, usual: bytes) -> bytes | str:
        if stage == "dot" and draw.random() < 0.05:
            lost.add(f"r{len(server.bodies) - 1}")
            return DROP
        return usual

    server = serve(says=says)
    names = [f"r{number}" for number in range(1000)]
    outcomes = dict(zip(names, smtp_to(server).send(map(mail, names)), strict=True))
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Unknown)} == lost
    assert {type(outcome) for name, outcome in outcomes.items() if name not in lost} == {Sent}
    assert server.took == Counter(f"{name}@example.org" for name in names)
    assert 30 < len(lost) < 80


PIECES = st.sampled_from(
    [b"a", b".", b"..", b"\r\n", b"\r", b"\n", b"\r\n.\r\n", b"\n.\n", b"MAIL FROM:<x@y.example>", b"\x00"]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_whatever_a_mail_holds_it_is_one_mail_or_none(bystander, text: bytes) -> None:
    server, transport = bystander
    server.bodies.clear()
    server.commands.clear()
    data = b"Subject: x\r\n\r\n" + text + b"\r\n"
    outcomes = list(transport.send([mail("ada", data), mail("bob")]))
    assert isinstance(outcomes[1], Sent)
    if isinstance(outcomes[0], Sent):
        assert len(server.bodies) == 2
        lines = server.bodies[0].removesuffix(b".\r\n").split(b"\r\n")
        assert b"\r\n".join(line.removeprefix(b".") for line in lines) == data
        assert data.replace(b"\r\n", b"").translate(None, b"\r\n\x00") == data.replace(b"\r\n", b"")
    else:
        assert isinstance(outcomes[0], Refused)
        assert outcomes[0].of_content
        assert len(server.bodies) == 1
    mails = [command for command in server.commands if command.startswith(b"MAIL")]
    assert mails == [b"MAIL FROM:<news@learning.example>"] * len(server.bodies)


@pytest.fixture
def bystander(serve, smtp_to) -> tuple[Server, Transport]:
    server = serve()
    return server, smtp_to(server)
