"""How SMTP logs in, and that nobody learns of it what a server quotes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence

import pytest

from postroom.model import Refused, Sent
from postroom.transports.smtp import Transport

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
NAME, PASSWORD = "zoë@verlag.example", "Schönwetter 1"
CHALLENGE = b"<1896.697170952@mail.example>"
SECRETS = (
    NAME,
    PASSWORD,
    hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest(),
    *(
        base64.b64encode(each.encode()).decode().rstrip("=")
        for each in (NAME, PASSWORD, f"\0{NAME}\0{PASSWORD}", f"{NAME} ")
    ),
)

Reply = Callable[[Sequence[bytes]], bytes]


def asking(mechanism: str, last: Reply) -> Reply:
    """Ask for what a mechanism needs, then say what `last` makes of it."""
    asks = {
        "PLAIN": [],
        "LOGIN": [b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"],
        "CRAM-MD5": [base64.b64encode(CHALLENGE)],
    }

    def answer(commands: Sequence[bytes]) -> bytes:
        begun = max(at for at, each in enumerate(commands) if each.startswith(b"AUTH"))
        step = len(commands) - 1 - begun
        todo = asks[mechanism]
        return b"334 %s\r\n" % todo[step] if step < len(todo) else last(commands)

    return answer


@pytest.fixture(params=MECHANISMS)
def mechanism(request) -> str:
    return request.param


@pytest.fixture
def through(serve, script, ca_file, mail, mechanism):
    """Send a mail through a server that offers one mechanism alone."""

    def send(last: Reply, **says: object):
        answer = asking(mechanism, last)
        offers = (b"STARTTLS", b"AUTH X-OLD " + mechanism.encode())
        server = serve(script(offers=offers, says={"auth": answer, "other": answer, **says}))
        chosen = {
            "host": "localhost",
            "port": server.port,
            "ca": ca_file,
            "username": NAME,
            "password": PASSWORD,
        }
        transport = Transport(Transport.Settings.model_validate(chosen), str)
        (outcome,) = transport.send([mail()])
        transport.close()
        return server, outcome

    return send


def test_a_name_and_a_password_beyond_ascii_are_sent_as_utf8(through, mechanism) -> None:
    server, outcome = through(lambda commands: b"235 2.7.0 welcome\r\n")
    assert isinstance(outcome, Sent)
    digest = hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest()
    expected = {
        "PLAIN": [f"\0{NAME}\0{PASSWORD}"],
        "LOGIN": [NAME, PASSWORD],
        "CRAM-MD5": [f"{NAME} {digest}"],
    }
    ended = next(at for at, each in enumerate(server.commands) if each.startswith(b"MAIL"))
    told = server.commands[ended - len(expected[mechanism]) : ended]
    assert [base64.b64decode(each.rpartition(b" ")[2]).decode() for each in told] == expected[mechanism]
    assert PASSWORD.encode() not in server.clear


QUOTES = {
    "whole": lambda commands: b'535 5.7.8 Command unrecognized: "%s"\r\n' % commands[-1],
    "cut off": lambda commands: b'535 5.7.8 Command unrecognized: "%s"\r\n' % commands[-1][:-6],
    "its middle left out": lambda commands: b"500 %s...%s?\r\n" % (commands[-1][:20], commands[-1][-12:]),
    "in capitals": lambda commands: b"500 %s?\r\n" % commands[-1].upper(),
    "all of them": lambda commands: b"".join(b"535-%s\r\n" % each for each in commands) + b"535 5.7.8 no\r\n",
    "decoded": lambda commands: f"535 5.7.8 {NAME} must not use {PASSWORD}\r\n".encode(),
    "without a code": lambda commands: b"%s\r\n" % commands[-1],
}


@pytest.mark.parametrize("quote", QUOTES)
def test_a_server_that_quotes_the_log_in_gives_nothing_away(quote: str, through) -> None:
    _, outcome = through(QUOTES[quote])
    assert "…" in outcome.reason
    assert_nothing_is_told(outcome.reason)


def test_what_is_no_secret_stays_in_the_answer(through) -> None:
    _, outcome = through(QUOTES["whole"])
    assert isinstance(outcome, Refused)
    assert "answered AUTH with 535 5.7.8 Command unrecognized: " in outcome.reason
    assert outcome.reason.endswith("; look at the transport's username and password")
    assert outcome.enhanced == "5.7.8"


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_a_log_in_that_is_quoted_later_is_hidden_too(stage: str, through) -> None:
    def late(commands: Sequence[bytes]) -> bytes:
        first = next(at for at, each in enumerate(commands) if each.startswith(b"AUTH"))
        return (
            b"".join(b"550-%s\r\n" % each for each in commands[first:])
            + f"550 5.7.1 {NAME} {PASSWORD}\r\n".encode()
        )

    _, outcome = through(lambda commands: b"235 2.7.0 welcome\r\n", **{stage: late})
    assert "550" in outcome.reason
    assert_nothing_is_told(outcome.reason)


ENDS = [base64.b64encode(each.encode()).rstrip(b"=")[-8:] for each in (NAME, PASSWORD)]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (NAME.encode(), PASSWORD.encode()),
        (NAME.encode().upper(), PASSWORD.encode().lower()),
        (ENDS[0], ENDS[1]),
    ],
    ids=["as they are", "in other letters", "cut off in front"],
)
def test_a_log_in_that_is_quoted_with_a_success_is_hidden_too(name: bytes, password: bytes, through) -> None:
    _, outcome = through(
        lambda commands: b"235 2.7.0 welcome\r\n",
        dot=lambda commands: b"250 2.0.0 queued for %s with %s\r\n" % (name, password),
    )
    assert isinstance(outcome, Sent)
    assert outcome.reply == "250 2.0.0 queued for … with …"


@pytest.mark.parametrize("name", ["a", "5", "no"])
def test_a_short_name_leaves_other_words_and_the_codes_alone(name: str, serve, script, ca_file, mail) -> None:
    server = serve(script(says={"auth": f"535 5.7.8 a note of {name}: not a nonce\r\n".encode()}))
    chosen = {"host": "localhost", "port": server.port, "ca": ca_file, "username": name, "password": "7"}
    (outcome,) = Transport(Transport.Settings.model_validate(chosen), str).send([mail()])
    assert "535 5.7.8 " in outcome.reason
    assert " note of …: not " in outcome.reason
    assert " nonce; look" in outcome.reason


def assert_nothing_is_told(reason: str) -> None:
    told = reason.casefold()
    for secret in SECRETS:
        for part in (secret, secret[:12], secret[-10:]):
            assert part.casefold() not in told
