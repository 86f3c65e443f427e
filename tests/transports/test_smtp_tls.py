"""No certificate that is wrong is trusted, and nothing secret is ever said in clear."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime

import pytest
import trustme

from postroom.model import Deferred, Refused, Scope, Sent

PASSWORD = b"hunter2"
IN_BASE64 = b"AGVkaXRvcgBodW50ZXIy"


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def certificates(authority: trustme.CA) -> dict[str, tuple[ssl.SSLContext, str]]:
    """Bad certificates, and what the reason must say of each."""
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    longer = datetime(2101, 1, 1, tzinfo=UTC)
    return {
        "expired": (context(authority.issue_cert("localhost", not_after=past)), "expired"),
        "not yet": (
            context(authority.issue_cert("localhost", not_before=future, not_after=longer)),
            "not yet valid",
        ),
        "wrong host": (context(authority.issue_cert("smtp.example.org")), "Hostname mismatch"),
        "wildcard": (context(authority.issue_cert("*.localhost")), "Hostname mismatch"),
        "unknown CA": (context(trustme.CA().issue_cert("localhost")), "unable to get local issuer"),
        "self-signed": (self_signed(), "self-signed"),
    }


def self_signed() -> ssl.SSLContext:
    """Let an authority present its own certificate, as a self-signed one does."""
    root = trustme.CA()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with root.private_key_pem.tempfile() as key, root.cert_pem.tempfile() as certificate:
        made.load_cert_chain(certificate, key)
    return made


BAD = ("expired", "not yet", "wrong host", "wildcard", "unknown CA", "self-signed")


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_ends_the_attempt(name, implicit, authority, serve, script, smtp_to, mail) -> None:
    tls, why = certificates(authority)[name]
    server = serve(script(tls=tls, implicit=implicit))
    transport = smtp_to(server.port, tls="implicit" if implicit else "starttls")
    outcomes = list(transport.send([mail(), mail()]))
    assert [(type(each), each.scope) for each in outcomes] == [(Deferred, Scope.TRANSPORT)] * 2
    assert "certificate is not to be trusted" in outcomes[0].reason
    assert why in outcomes[0].reason
    assert_nothing_leaked(server)


@pytest.mark.parametrize(
    "says",
    [
        {},
        {"starttls": b"454 4.7.0 not now\r\n"},
        {"starttls": b"502 5.5.1 never\r\n"},
        {"starttls": b"220 go ahead\r\n250 2.0.0 injected\r\n"},
    ],
)
def test_there_is_no_way_down_to_clear_text(says, serve, script, smtp_to, mail) -> None:
    offers = (b"STARTTLS", b"AUTH PLAIN LOGIN") if says else (b"AUTH PLAIN LOGIN",)
    server = serve(script(says=says, offers=offers))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert (type(outcome), outcome.scope) == (Deferred, Scope.TRANSPORT)
    assert_nothing_leaked(server)
    assert server.mails == []


def test_a_server_without_starttls_is_told_with_a_cure(serve, script, smtp_to, mail) -> None:
    (outcome,) = smtp_to(serve(script(offers=())).port).send([mail()])
    assert outcome.reason == (
        "localhost, STARTTLS: no STARTTLS is offered and nothing goes out in clear; "
        "does this port need `tls: implicit`?"
    )


def test_what_was_offered_before_tls_is_forgotten(serve, script, smtp_to, mail) -> None:
    server = serve(script(offers=(b"STARTTLS", b"AUTH PLAIN")))
    assert isinstance(*smtp_to(server.port).send([mail()]), Sent)
    assert server.commands[:3] == [b"ehlo learning.example", b"STARTTLS", b"ehlo learning.example"]
    assert_nothing_leaked(server)


def test_implicit_tls_says_not_a_word_in_clear(serve, script, smtp_to, mail) -> None:
    server = serve(script(implicit=True))
    assert isinstance(*smtp_to(server.port, tls="implicit").send([mail()]), Sent)
    assert b"ehlo" not in server.clear


def test_clear_text_is_used_only_where_it_is_asked_for(serve, script, smtp_to, mail) -> None:
    server = serve(script(offers=()))
    transport = smtp_to(server.port, tls="none", username=None, password=None, ca=None)
    assert isinstance(*transport.send([mail()]), Sent)
    assert b"MAIL FROM:<news@learning.example>" in server.clear


def test_a_log_in_in_clear_is_for_this_machine_alone(serve, script, smtp_to, mail) -> None:
    server = serve(script(offers=(b"AUTH PLAIN",)))
    assert isinstance(*smtp_to(server.port, tls="none").send([mail()]), Sent)
    assert IN_BASE64 in server.clear


@pytest.mark.parametrize("fault", ["missing", "no certificate", "pipe"])
def test_a_ca_file_that_cannot_be_read_is_a_setting_to_mend(
    fault, tmp_path, free_port, smtp_to, mail
) -> None:
    file = tmp_path / "ca.pem"
    if fault == "pipe":
        os.mkfifo(file)
    elif fault != "missing":
        file.write_text("hello")
    (outcome,) = smtp_to(free_port, ca=str(file)).send([mail()])
    assert (type(outcome), outcome.scope) == (Refused, Scope.TRANSPORT)
    assert str(file) in outcome.reason


def test_a_tls_port_that_speaks_in_clear_is_deferred(serve, script, smtp_to, mail) -> None:
    server = serve(script())
    (outcome,) = smtp_to(server.port, tls="implicit").send([mail()])
    assert (type(outcome), outcome.scope) == (Deferred, Scope.TRANSPORT)
    assert_nothing_leaked(server)


def assert_nothing_leaked(server) -> None:
    assert PASSWORD not in server.clear
    assert IN_BASE64 not in server.clear
    assert b"AUTH" not in server.clear
