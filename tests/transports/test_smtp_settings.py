"""Settings of SMTP are read from an editor's words, and what makes no sense is said at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from postroom.transports.secret import reader
from postroom.transports.smtp import Transport


def test_the_settings_read_an_editors_words() -> None:
    chosen = Transport.Settings.model_validate(
        {"kind": "smtp", "host": "smtp.example.org", "rate": "14 per second", "give_up_after": "2 days"}
    )
    assert chosen.rate == (14, timedelta(seconds=1))
    assert chosen.give_up_after == timedelta(days=2)
    assert (chosen.window, chosen.connections, chosen.tls) == (32, 4, "starttls")


REFUSED: dict[str, dict[str, object]] = {
    "a password must not travel in clear": {"tls": "none", "username": "u", "password": "p"},
    "both `username` and `password`": {"username": "u"},
    "such as `14 per second`": {"rate": "fast"},
    "such as `48 hours`": {"give_up_after": "soon"},
    "Extra inputs": {"hots": "x"},
    "less than or equal to 65535": {"port": 70000},
    "'starttls', 'implicit' or 'none'": {"tls": "maybe"},
    "match pattern": {"ehlo": "a\r\nMAIL"},
}


@pytest.mark.parametrize("message", REFUSED)
def test_settings_that_make_no_sense_are_refused(message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Transport.Settings.model_validate({"host": "smtp.example.org"} | REFUSED[message])


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_password_may_go_in_clear_to_this_machine(host: str) -> None:
    chosen = {"host": host, "tls": "none", "username": "u", "password": "p"}
    assert Transport.Settings.model_validate(chosen).tls == "none"


@pytest.mark.parametrize(
    "host", ["localhost.example.org", "128.0.0.1", "::2", "0.0.0.0", "127.0.0.1.example.org"]
)
def test_but_to_no_other(host: str) -> None:
    with pytest.raises(ValidationError, match="must not travel in clear"):
        Transport.Settings.model_validate({"host": host, "tls": "none", "username": "u", "password": "p"})


@pytest.mark.parametrize(
    ("words", "rate"),
    [
        ("14 per second", (14, timedelta(seconds=1))),
        ("500 per hour", (500, timedelta(hours=1))),
        (" 1 A Minute ", (1, timedelta(minutes=1))),
        ("20 an hour", (20, timedelta(hours=1))),
    ],
)
def test_a_rate_reads_like_words(words: str, rate: tuple[int, timedelta]) -> None:
    assert Transport.Settings.model_validate({"host": "x", "rate": words}).rate == rate


@pytest.mark.parametrize(
    "words", ["0 per second", "fast", "14", "14/s", "-1 per second", "1.5 per second", ""]
)
def test_what_is_no_rate_is_said_so(words: str) -> None:
    with pytest.raises(ValidationError, match="such as `14 per second`"):
        Transport.Settings.model_validate({"host": "x", "rate": words})


@pytest.mark.parametrize(
    ("words", "span"),
    [("1 day", timedelta(days=1)), ("90 Minutes", timedelta(minutes=90)), ("2 weeks", timedelta(14))],
)
def test_a_length_of_time_reads_like_words(words: str, span: timedelta) -> None:
    assert Transport.Settings.model_validate({"host": "x", "give_up_after": words}).give_up_after == span


def test_the_schema_shows_an_editor_what_to_write() -> None:
    schema = Transport.Settings.model_json_schema()
    assert schema["additionalProperties"] is False
    assert "48 hours" in str(schema["properties"]["give_up_after"])
    assert "14 per second" in str(schema["properties"]["rate"])


def smtp(**settings: object) -> Transport.Settings:
    return Transport.Settings.model_validate({"host": "smtp.example.org"} | settings)


def test_a_domain_may_have_a_rate_of_its_own() -> None:
    chosen = smtp(
        domain_rate="10 per second", domains={"GMail.com": "5 per second", "zoë.example": "1 a minute"}
    )
    assert chosen.domain_rate == (10, timedelta(seconds=1))
    assert chosen.domains == {
        "gmail.com": (5, timedelta(seconds=1)),
        "xn--zo-ija.example": (1, timedelta(minutes=1)),
    }


@pytest.mark.parametrize("domain", ["", "gmail", "a b.example", "a@b.example", "a.example\r\nDATA"])
def test_what_is_no_domain_is_said_so(domain: str) -> None:
    with pytest.raises(ValidationError, match="such as `gmail"):
        smtp(domains={domain: "5 per second"})


@pytest.mark.parametrize(
    ("written", "reference"),
    [
        ("keys/dkim.pem", "file:keys/dkim.pem"),
        ("/etc/postroom/dkim.pem", "file:/etc/postroom/dkim.pem"),
        ("file:keys/dkim.pem", "file:keys/dkim.pem"),
        ("${DKIM_KEY}", "${DKIM_KEY}"),
    ],
)
def test_a_key_to_sign_with_is_a_file_or_a_secret(written: str, reference: str) -> None:
    (signing,) = smtp(dkim=[{"selector": "news2026", "key": written}]).dkim
    assert (signing.domain, signing.selector, signing.key.reference) == (None, "news2026", reference)
    assert "DKIM_KEY" not in repr(signing)


def test_the_file_of_a_key_starts_at_the_folder_of_the_config(tmp_path) -> None:
    (tmp_path / "dkim.pem").write_text("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n")
    (signing,) = smtp(dkim=[{"selector": "a", "key": "dkim.pem"}]).dkim
    assert reader({}, tmp_path)(signing.key.reference).endswith("-----END PRIVATE KEY-----")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"selector": "a b"}, "`._domainkey` in the DNS"),
        ({"selector": "a;t=y"}, "`._domainkey` in the DNS"),
        ({"key": "-----BEGIN PRIVATE KEY-----"}, "does not belong here"),
        ({"key": ""}, "does not belong here"),
        ({"domain": "example"}, "such as `gmail.com`"),
        ({"algorithm": "rsa"}, "Extra inputs"),
    ],
)
def test_a_signature_that_makes_no_sense_is_refused(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        smtp(dkim=[{"selector": "news2026", "key": "dkim.pem"} | wrong])
    assert "BEGIN" not in str(refused.value)
