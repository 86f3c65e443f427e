"""What receivers will see is gathered from settings, keys and a real server."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dns_zone import dns_server
from smtp_server import smtp_server

from postroom import config
from postroom.cli import session
from postroom.deliverability import Clear, Resolver, Secured, Unsecured
from postroom.pipeline.reception import Looking, mailing_of, receptions, secured
from postroom.transports._smtp_wire import Patience
from postroom.transports.smtp import Transport

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FOLDER = "{kind: folder, path: out/mail}"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture
def serve(authority) -> Iterator[object]:
    """Start a server that offers STARTTLS with a certificate for a name that ends at a time."""
    open_servers = []

    def start(name: str = "localhost", ends: datetime | None = None, *, tls: bool = True) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, not_after=ends or session.now() + timedelta(days=90)).configure_cert(
            context
        )
        options = {"tls_context": context} if tls else {}
        manager = smtp_server(object(), **options)
        port = manager.__enter__()
        open_servers.append(manager)
        return port

    yield start
    for manager in open_servers:
        manager.__exit__(None, None, None)


def settings(port: int, ca: str | None = None, **more: object) -> Transport.Settings:
    known = {"host": "localhost", "port": port, "ca": ca, **more}
    return Transport.Settings.model_validate(known)


def test_a_good_certificate_is_seen_with_its_end(serve, ca) -> None:
    ends = session.now().replace(microsecond=0) + timedelta(days=5)
    seen = secured(settings(serve(ends=ends), ca), "learning.example")
    assert isinstance(seen, Secured)
    assert seen.expires_at == ends
    assert seen.version.startswith("TLSv1")


@pytest.mark.parametrize(
    ("name", "ends", "trusted", "why"),
    [
        ("smtp.example.org", None, True, "Hostname mismatch"),
        ("localhost", datetime(2020, 1, 1, tzinfo=UTC), True, "expired"),
        ("localhost", None, False, "unable to get local issuer"),
    ],
)
def test_a_bad_certificate_is_told_as_the_transport_would(name, ends, trusted, why, serve, ca) -> None:
    seen = secured(settings(serve(name, ends), ca if trusted else None), "learning.example")
    assert isinstance(seen, Unsecured)
    assert "the certificate is not to be trusted" in seen.why
    assert why in seen.why


def test_a_server_without_starttls_is_told(serve, ca) -> None:
    seen = secured(settings(serve(tls=False), ca), "learning.example")
    assert isinstance(seen, Unsecured)
    assert "no STARTTLS is offered" in seen.why


@pytest.mark.parametrize("host", ["localhost", "nobody.invalid"])
def test_of_a_server_that_is_not_there_nothing_is_said(host, ca) -> None:
    assert secured(settings(9, ca, host=host), "learning.example") is None


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_server_that_says_nothing_is_told(tls, ca) -> None:
    patience = Patience(connect=0.3, greeting=0.3, answer=0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        seen = secured(settings(port, ca, host="127.0.0.1", tls=tls), "learning.example", patience)
    assert isinstance(seen, Unsecured)
    assert "no answer in time" in seen.why


def test_a_port_that_speaks_in_clear_is_no_tls(serve, ca) -> None:
    seen = secured(settings(serve(), ca, tls="implicit"), "learning.example")
    assert isinstance(seen, Unsecured)
    assert "the connection" in seen.why


@pytest.mark.parametrize("fault", ["missing", "no certificate", "pipe"])
def test_certificates_that_are_none_are_told(fault, serve, tmp_path) -> None:
    file = tmp_path / "ca.pem"
    if fault == "pipe":
        os.mkfifo(file)
    elif fault != "missing":
        file.write_text("hello")
    seen = secured(settings(serve(), str(file)), "learning.example")
    assert isinstance(seen, Unsecured)
    assert str(file) in seen.why


def test_clear_text_needs_no_look() -> None:
    assert secured(settings(9, tls="none"), "learning.example") == Clear()


def smtp(port: int = 9, more: str = "") -> tuple[str, str]:
    return FOLDER, f"{{kind: smtp, host: 127.0.0.1, port: {port}, tls: none{more}}}"


def mailing(desk):
    loaded = config.load(desk.folder / "config.yaml")
    secrets = {"file:keys/dkim.pem": KEY, "file:keys/other.pem": "rubbish"}
    return mailing_of(loaded, loaded.channels["newsletter"], secrets.__getitem__, ())


KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


def test_domains_are_those_of_from_and_of_bounces(desk) -> None:
    desk.configure(smtp(), ("    audience:", "    return_path: bounces@mail.test.example\n    audience:"))
    made = mailing(desk)
    assert (made.sender, made.return_path, made.host) == ("test.example", "mail.test.example", "127.0.0.1")
    assert made.place.setting == "channels.newsletter.from"
    assert made.place.line is not None


def test_bounces_go_to_from_unless_said_otherwise(desk) -> None:
    desk.configure(smtp())
    assert mailing(desk).return_path == "test.example"


def test_signatures_are_those_of_the_transport(desk) -> None:
    keys = (
        "{selector: one, key: keys/dkim.pem}, {selector: two, domain: example, key: keys/dkim.pem}, "
        "{selector: three, domain: elsewhere.example, key: keys/dkim.pem}, {selector: four, key: keys/other.pem}"
    ).replace("domain: example,", "domain: test.example,")
    desk.configure(smtp(more=f", dkim: [{keys}]"))
    made = mailing(desk).signings
    assert [(each.name, each.pem is not None) for each in made] == [
        ("one._domainkey.test.example", True),
        ("two._domainkey.test.example", True),
        ("three._domainkey.elsewhere.example", True),
        ("four._domainkey.test.example", False),
    ]
    assert all(each.place.setting == "transports.mail.dkim" for each in made)


def test_only_email_over_smtp_is_judged(desk) -> None:
    desk.configure()
    loaded = config.load(desk.folder / "config.yaml")
    assert list(receptions(loaded, str, Looking(resolver=None), NOW)) == []


def test_each_channel_is_judged_by_what_the_dns_says(desk) -> None:
    desk.configure(smtp())
    loaded = config.load(desk.folder / "config.yaml")
    names = {"test.example": {"TXT": ["v=spf1 +all"], "A": ["203.0.113.7"]}}
    with dns_server(names) as port:
        (made,) = receptions(loaded, str, Looking(resolver=Resolver("127.0.0.1", port, seconds=5)), NOW)
    rules = [each.rule for each in made.judgement.findings]
    assert (made.channel, made.transport) == ("newsletter", "mail")
    assert rules[:2] == ["dmarc-missing", "spf-passes-all"]


def test_without_the_network_only_settings_are_judged(desk) -> None:
    desk.configure(smtp())
    loaded = config.load(desk.folder / "config.yaml")
    (made,) = receptions(loaded, str, Looking(resolver=None), NOW)
    assert [each.rule for each in made.judgement.findings] == ["one-click-mailto"]
