"""Mail over SMTP: what arrives, what is kept open, what must never be written."""

from __future__ import annotations

import email
import ssl
import threading
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_server import smtp_server

from postroom.errors import TransportError
from postroom.model import Deferred, Refused, Scope, Sent
from postroom.transports.smtp import Transport


class Mailbox:
    """Keeps what a real server took."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []
        self.logins: list[LoginPassword] = []

    async def handle_DATA(self, server, session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(envelope)
        return "250 2.0.0 taken"

    def log_in(self, server, session, envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=data.password == b"hunter2")


@pytest.fixture
def mailbox(server_tls: ssl.SSLContext, free_port: int) -> Iterator[Mailbox]:
    """A real server that asks for TLS and a log-in."""
    box = Mailbox()
    with smtp_server(
        box,
        port=free_port,
        tls_context=server_tls,
        require_starttls=True,
        auth_required=True,
        authenticator=box.log_in,
        enable_SMTPUTF8=True,
    ):
        yield box


def test_a_real_server_gets_each_mail_as_it_was_written(mailbox, free_port, smtp_to, mail) -> None:
    body = b"Subject: Dots\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"
    outcomes = list(smtp_to(free_port).send([mail("ada@example.org", body), mail("bob@example.org")]))
    assert outcomes == [Sent(reply="250 2.0.0 taken")] * 2
    assert [each.rcpt_tos for each in mailbox.mails] == [["ada@example.org"], ["bob@example.org"]]
    assert mailbox.mails[0].content == body
    assert mailbox.mails[0].mail_from == "news@learning.example"
    assert email.message_from_bytes(mailbox.mails[0].content)["Subject"] == "Dots"


def test_it_logs_in_once_with_the_expanded_secrets(mailbox, free_port, smtp_to, mail) -> None:
    list(smtp_to(free_port).send([mail(), mail(), mail()]))
    assert [(each.login, each.password) for each in mailbox.logins] == [(b"editor", b"hunter2")]


def test_an_address_beyond_ascii_goes_out_where_the_server_takes_it(
    mailbox, free_port, smtp_to, mail
) -> None:
    assert list(smtp_to(free_port).send([mail("zoë@example.org")])) == [Sent(reply="250 2.0.0 taken")]
    assert mailbox.mails[0].rcpt_tos == ["zoë@example.org"]
    assert "SMTPUTF8" in mailbox.mails[0].mail_options


def test_an_address_beyond_ascii_is_refused_where_the_server_does_not(serve, script, smtp_to, mail) -> None:
    server = serve(script())
    (outcome,) = smtp_to(server.port).send([mail("zoë@example.org")])
    assert isinstance(outcome, Refused)
    assert outcome.enhanced == "5.6.7"
    assert not any(command.startswith(b"MAIL") for command in server.commands)


def test_one_connection_serves_many_batches(serve, script, smtp_to, mail) -> None:
    server = serve(script())
    transport = smtp_to(server.port)
    for _ in range(3):
        assert all(isinstance(outcome, Sent) for outcome in transport.send([mail(), mail()]))
    transport.close()
    assert server.connections == 1
    assert server.commands[-1] == b"QUIT"


@pytest.mark.parametrize("end", ["drop", b"421 4.3.2 too many messages\r\n"])
def test_a_kept_connection_that_was_closed_is_opened_anew_at_once(end, serve, script, smtp_to, mail) -> None:
    server = serve(script())
    transport = smtp_to(server.port)
    list(transport.send([mail(number=1)]))
    server.says["mail"] = [end]
    assert isinstance(*transport.send([mail("bob@example.org")]), Sent)
    assert server.connections == 2
    assert [recipient for recipient, _ in server.mails] == [
        b"RCPT TO:<ada@example.org>",
        b"RCPT TO:<bob@example.org>",
    ]


def test_a_new_connection_that_is_closed_is_not_opened_a_third_time(serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"mail": "drop"}))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert outcome == Deferred(reason="localhost, MAIL FROM: the connection was closed")
    assert server.connections == 1


@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_one_refused_recipient_does_not_touch_the_next(stage, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: b"550 5.1.1 no\r\n"}))
    transport = smtp_to(server.port)
    first = list(transport.send([mail()]))
    del server.says[stage]
    assert isinstance(first[0], Refused)
    assert isinstance(*transport.send([mail("bob@example.org")]), Sent)
    assert server.connections == 1
    assert (b"RSET" in server.commands) == (stage != "dot")


@pytest.mark.parametrize("stage", ["rcpt", "dot"])
def test_after_421_the_next_mail_gets_a_new_connection(stage, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: [b"421 4.3.2 closing\r\n"]}))
    first, second = list(smtp_to(server.port).send([mail(number=1), mail(number=2)]))
    assert (type(first), first.scope) == (Deferred, Scope.DOMAIN)
    assert isinstance(second, Sent)
    assert server.connections == 2


def test_a_server_that_cannot_reset_gets_a_new_connection(serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"rcpt": [b"550 5.1.1 no\r\n"], "rset": "drop"}))
    assert isinstance(list(smtp_to(server.port).send([mail(), mail()]))[1], Sent)
    assert server.connections == 2


@pytest.mark.parametrize("stage", ["auth", "mail"])
def test_what_no_mail_can_pass_is_tried_once_for_the_batch(stage, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: b"535 5.7.8 who are you?\r\n"}))
    outcomes = list(smtp_to(server.port).send([mail(number=number) for number in range(20)]))
    assert [(type(each), each.scope) for each in outcomes] == [(Refused, Scope.TRANSPORT)] * 20
    assert "username and password" in outcomes[0].reason
    assert sum(command.startswith(stage.upper().encode()) for command in server.commands) == 1


def test_a_lost_answer_leaves_exactly_one_copy_and_says_unknown(serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"dot": ["drop"]}))
    first, second = list(smtp_to(server.port).send([mail(number=1), mail("bob@example.org")]))
    assert first.reason == "localhost, the end of the message: the connection was closed"
    assert isinstance(second, Sent)
    assert len(server.mails) == 2


def test_the_size_is_announced_and_the_servers_limit_kept(serve, script, smtp_to, mail) -> None:
    server = serve(script(offers=(b"STARTTLS", b"AUTH PLAIN", b"SIZE 100")))
    big = b"Subject: x\r\n\r\n" + b"y" * 100 + b"\r\n"
    small, large = list(smtp_to(server.port).send([mail(), mail(data=big)]))
    assert isinstance(small, Sent)
    assert (large.enhanced, large.reason) == (
        "5.3.4",
        f"the message has {len(big)} bytes; the server takes 100",
    )
    assert b"MAIL FROM:<news@learning.example> SIZE=33" in server.commands


@pytest.mark.parametrize(
    "size", [b"SIZE", b"SIZE 0", b"SIZE lots", b"SIZE " + b"9" * 5000, b"SIZE " + b"0" * 5000 + b"1"]
)
def test_a_size_that_is_no_limit_limits_nothing(size, serve, script, smtp_to, mail) -> None:
    server = serve(script(offers=(b"STARTTLS", b"AUTH PLAIN", size)))
    assert isinstance(*smtp_to(server.port).send([mail()]), Sent)


@pytest.mark.parametrize(
    "offers", [(b"STARTTLS", b"AUTH PLAIN"), (b"STARTTLS", b"AUTH PLAIN", b"PIPELINING", b"SMTPUTF8")]
)
def test_a_fault_of_our_own_before_the_data_leaves_nothing_in_doubt(
    offers, serve, script, smtp_to, mail
) -> None:
    server = serve(script(offers=offers))
    faulty = mail(data="no bytes", number=2)
    first, second, third = smtp_to(server.port).send([mail(number=1), faulty, mail(number=3)])
    assert isinstance(first, Sent)
    assert (type(second), second.scope) == (Deferred, Scope.RECIPIENT)
    assert second.reason == "localhost: Postroom failed before the message went out (TypeError)"
    assert isinstance(third, Sent)
    assert len(server.mails) == 2


def test_a_fault_of_our_own_in_opening_is_every_messages(free_port, smtp_to, mail) -> None:
    transport = smtp_to(free_port, password="${UNHEARD_OF}")
    outcomes = list(transport.send([mail(number=1), mail(number=2)]))
    reason = "localhost: Postroom failed before the message went out (KeyError)"
    assert outcomes == [Deferred(reason=reason, scope=Scope.TRANSPORT)] * 2


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: x\n\nbare LF\n",
        b"Subject: x\r\n\r\nbare\rCR\r\n",
        b"Subject: x\r\n\r\nbefore\n.\nMAIL FROM:<x@y>\r\n",
        b"Subject: x\r\n\r\nno end",
        b"Subject: x\r\n\r\n\x00\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 999 + b"\r\n",
        "Subject: é\r\n\r\n".encode(),
    ],
)
def test_bytes_that_two_servers_could_read_in_two_ways_never_leave(
    data, serve, script, smtp_to, mail
) -> None:
    server = serve(script())
    (outcome,) = smtp_to(server.port).send([mail(data=data)])
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith("the message ")
    assert server.mails == []


EVIL = st.text(alphabet=st.sampled_from('ab@.<>,;: \r\n\t\x00"\\é\u2028()'), max_size=20)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(EVIL, EVIL.map(lambda text: f"ada@example.org{text}"), st.emails()))
def test_an_address_is_one_command_on_the_wire_or_none(bystander, address: str) -> None:
    server, transport, mail = bystander
    before = len(server.commands)
    (outcome,) = transport.send([mail(address)])
    written = [command for command in server.commands[before:] if b"EHLO" not in command.upper()]
    if isinstance(outcome, Sent):
        utf8 = "" if address.isascii() else " SMTPUTF8"
        assert written == [
            f"MAIL FROM:<news@learning.example>{utf8}".encode(),
            f"RCPT TO:<{address}>".encode(),
            b"DATA",
        ]
        assert not set("\r\n <>,;") & set(address)
    else:
        assert isinstance(outcome, Refused)
        assert written == []


@pytest.fixture(params=[(), (b"PIPELINING",)], ids=["one by one", "groups"])
def bystander(request, serve, script, smtp_to, mail):
    """A server that has been spoken to, its transport, and mails to send by it."""
    server = serve(script(offers=(b"STARTTLS", b"AUTH PLAIN", b"SMTPUTF8", b"8BITMIME", *request.param)))
    transport = smtp_to(server.port)
    list(transport.send([mail()]))
    return server, transport, mail


@pytest.mark.parametrize("mail_from", ["", "news", "a@b\r\nRCPT TO:<x@y>", "a b@c"])
def test_a_sender_that_cannot_be_written_stops_the_edition(mail_from, serve, script, smtp_to, mail) -> None:
    server = serve(script())
    (outcome,) = smtp_to(server.port, ehlo="us.example").send([mail(mail_from=mail_from)])
    assert (type(outcome), outcome.scope) == (Refused, Scope.EDITION)


def test_our_name_is_the_senders_domain_unless_it_is_set(serve, script, smtp_to, mail) -> None:
    first, second = serve(script()), serve(script())
    list(smtp_to(first.port).send([mail()]))
    list(smtp_to(second.port, ehlo="mail.learning.example").send([mail()]))
    assert first.commands[0] == b"ehlo learning.example"
    assert second.commands[0] == b"ehlo mail.learning.example"


def test_a_post_is_not_for_smtp(serve, script, smtp_to, mail, post) -> None:
    first, second = list(smtp_to(serve(script()).port).send([post(), mail()]))
    assert first == Refused(reason="SMTP carries mail, not posts")
    assert isinstance(second, Sent)


def test_an_empty_batch_opens_nothing(serve, script, smtp_to) -> None:
    server = serve(script())
    assert list(smtp_to(server.port).send([])) == []
    assert server.connections == 0


def test_a_server_that_lets_nobody_log_in_is_a_setting_to_mend(serve, script, smtp_to, mail) -> None:
    (outcome,) = smtp_to(serve(script(offers=(b"STARTTLS",))).port).send([mail()])
    assert (type(outcome), outcome.scope) == (Refused, Scope.TRANSPORT)
    assert "right port" in outcome.reason


def test_a_missing_secret_is_told_with_its_cure_and_nothing_is_opened(serve, script, mail, ca_file) -> None:
    def missing(reference: str) -> str:
        raise TransportError(f"{reference} is not set; set it")

    server = serve(script())
    chosen = {"host": "localhost", "port": server.port, "ca": ca_file, "username": "${U}", "password": "${P}"}
    (outcome,) = Transport(Transport.Settings.model_validate(chosen), missing).send([mail()])
    assert outcome == Refused(reason="localhost: ${U} is not set; set it", scope=Scope.TRANSPORT)
    assert server.connections == 0


def test_two_transports_may_send_side_by_side(serve, script, smtp_to, mail) -> None:
    server = serve(script())
    transports = [smtp_to(server.port) for _ in range(4)]
    threads = [
        threading.Thread(target=lambda each=each: list(each.send([mail()] * 5))) for each in transports
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.connections, len(server.mails)) == (4, 20)
