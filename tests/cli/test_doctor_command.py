"""The doctor notices what a person could not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from dns_zone import dns_server
from sqlalchemy import update

from postroom.outbox.tables import edition


def test_a_sound_project_is_well(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    answer = postroom("doctor")
    assert answer.code == 0
    assert "is whole, and its accounts add up" in answer.told


def test_accounts_that_do_not_add_up_are_wrong(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    with office.ledger() as ledger:
        ledger.write(lambda connection: connection.execute(update(edition).values(sent=7)))
    answer = postroom("doctor")
    assert answer.code == 1
    assert "does not add up: newsletter/article/letters" in answer.told


def test_the_age_of_the_last_backup_is_told(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    answer = postroom("doctor")
    assert "there is none yet; `postroom outbox backup` makes one" in answer.told
    postroom("outbox", "backup")
    told = postroom("doctor").told
    assert "the last one is of" in told
    assert "makes one" not in told


def test_a_ledger_from_elsewhere_is_wrong(office, mailbox, postroom, hours) -> None:
    office.configure(mailbox.instead)
    office.article(date=hours(-1))
    office.run()
    postroom("outbox", "backup", str(office.folder / "copy.db"))
    (office.folder / "copy.db").replace(office.folder / "postroom.db")
    for name in ("postroom.db-wal", "postroom.db-shm"):
        (office.folder / name).unlink(missing_ok=True)
    answer = postroom("doctor", "--offline")
    assert answer.code == 1
    assert "is the backup of" in answer.told
    assert "`postroom adopt`" in answer.told


@pytest.fixture
def nobody() -> Iterator[str]:
    """A DNS server that knows no name."""
    with dns_server({}) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def server() -> Iterator[int]:
    """The port of something that can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_secret_that_is_not_set_is_wrong_though_its_server_can_be_reached(
    office, server, nobody, postroom
) -> None:
    office.configure(
        (
            "{kind: folder, path: out/mail}",
            (
                f"{{kind: smtp, host: 127.0.0.1, port: {server}, tls: none, username: a, "
                'password: "${POSTROOM_TEST_UNSET}", dkim: [{selector: one, key: keys/dkim.pem}]}'
            ),
        )
    )
    text = (office.folder / "config.yaml").read_text(encoding="utf-8")
    office.write("config.yaml", f"{text}notify: [{{slack: '${{POSTROOM_TEST_HOOK}}'}}]\n")
    answer = postroom("doctor", "--nameserver", nobody)
    assert answer.code == 1
    assert "the environment variable POSTROOM_TEST_UNSET is not set; set it before" in answer.told
    assert "keys/dkim.pem cannot be read: No such file" in answer.told
    assert "the environment variable POSTROOM_TEST_HOOK is not set" in answer.told


def test_a_server_is_tried_at_the_port_that_goes_with_tls(office, nobody, postroom, monkeypatch) -> None:
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    office.configure(
        (
            "{kind: folder, path: out/mail}",
            "{kind: smtp, host: mail.example, tls: implicit, ehlo: test.example}",
        )
    )
    answer = postroom("doctor", "--nameserver", nobody)
    assert set(tried) == {("mail.example", 465)}
    assert answer.code == 1
    assert "mail.example:465 cannot be reached: refused" in answer.told


def test_a_secret_that_is_set_is_well(office, server, nobody, postroom, monkeypatch) -> None:
    monkeypatch.setenv("POSTROOM_TEST_SET", "hush")
    office.configure(
        (
            "{kind: folder, path: out/mail}",
            (
                f"{{kind: smtp, host: 127.0.0.1, port: {server}, tls: none, username: a, "
                'password: "${POSTROOM_TEST_SET}"}'
            ),
        )
    )
    answer = postroom("doctor", "--nameserver", nobody)
    assert answer.code == 1  # the DNS knows nothing of the sender
    assert "POSTROOM_TEST_SET" not in answer.told
    assert "hush" not in answer.told


@pytest.mark.parametrize("text", ["email,name\n", "", "-----BEGIN PUBLIC KEY-----\n"])
def test_a_key_that_cannot_sign_is_wrong(text: str, office, server, postroom) -> None:
    office.configure(
        (
            "{kind: folder, path: out/mail}",
            (
                f"{{kind: smtp, host: 127.0.0.1, port: {server}, tls: none, ehlo: test.example,\n"
                "    dkim: [{selector: one, key: keys/dkim.pem}]}"
            ),
        )
    )
    office.write("keys/dkim.pem", text)
    lines = (office.folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if "key: keys/dkim.pem" in each)
    answer = postroom("doctor", "--json", "--offline")
    assert answer.code == 1
    (told,) = [each for each in json.loads(answer.out) if each["what"] == "dkim"]
    assert told["state"] == "wrong"
    assert told["detail"].startswith(f"config.yaml:{line}: transports.mail.dkim: ")
    assert "keys/dkim.pem" in told["detail"]
    assert "doctor sees only" not in told["detail"]
