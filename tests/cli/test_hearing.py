"""What the doctor says of bounces: whether they can be read, and whether anybody reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from dovecot_server import PASSWORD, USER, Dovecot

from postroom import config
from postroom.cli.hearing import diagnoses

SMTP = ("{kind: folder, path: out/mail}", "{kind: smtp, host: smtp.test.example}")
TOKEN = (
    "    transport: mail\n",
    '    return_path: "bounces+{token}@mail.test.example"\n    transport: mail\n',
)


def said(
    desk, *changes: tuple[str, str], feedback: str = "", is_online: bool = True
) -> list[tuple[str, str]]:
    desk.configure(*changes)
    with (desk.folder / "config.yaml").open("a") as file:
        file.write(feedback)
    loaded = config.load(desk.folder / "config.yaml")
    return [(each.state, each.detail) for each in diagnoses(loaded, is_online=is_online)]


def test_a_rehearsal_has_no_bounces(desk) -> None:
    assert said(desk) == []


def test_a_newsletter_whose_bounces_nobody_reads_is_worth_knowing(desk) -> None:
    ((state, detail),) = said(desk, SMTP)
    assert (state, detail.partition(":")[0]) == ("worth knowing", "nobody reads what comes back")


def a_maildir(folder: Path) -> Path:
    for each in ("new", "cur", "tmp"):
        (folder / each).mkdir(parents=True)
    return folder


def test_a_maildir_is_looked_into_and_left_as_it_is(desk) -> None:
    box = a_maildir(desk.folder / "box")
    (box / "new/1").write_bytes(b"x")
    found = said(desk, SMTP, TOKEN, feedback="feedback: {mailbox: {maildir: box}}\n")
    assert found == [("well", f"{box} can be read, and mail is unread")]
    assert (box / "new/1").exists()


def test_a_mailbox_without_tokens_is_worth_knowing(desk) -> None:
    a_maildir(desk.folder / "box")
    (_, second) = said(desk, SMTP, feedback="feedback: {mailbox: {maildir: box}}\n")
    assert second[0] == "worth knowing"
    assert second[1].endswith("for newsletter")


def test_a_mailbox_that_is_not_there_is_wrong(desk) -> None:
    ((state, detail),) = said(desk, SMTP, TOKEN, feedback="feedback: {mailbox: {maildir: nowhere}}\n")
    assert state == "wrong"
    assert "cannot be read as a Maildir" in detail


def test_an_imap_server_is_asked_where_the_network_may_be(desk, dovecot: Dovecot) -> None:
    place = f"imap: 127.0.0.1, port: {dovecot.port}, ca: '{dovecot.ca}'"
    feedback = f"feedback: {{mailbox: {{{place}, username: {USER}, password: {PASSWORD}}}}}\n"
    assert said(desk, SMTP, TOKEN, feedback=feedback) == [
        ("well", "INBOX at 127.0.0.1 can be read, and nothing is unread")
    ]
    assert said(desk, SMTP, TOKEN, feedback=feedback, is_online=False) == []
    ((state, detail),) = said(desk, SMTP, TOKEN, feedback=feedback.replace(PASSWORD, "guessed"))
    assert (state, "refuses the log-in" in detail) == ("wrong", True)


@pytest.mark.parametrize(("key", "state"), [("secret", "well"), ("${POSTROOM_NO_SUCH_KEY}", "wrong")])
def test_webhooks_need_their_secrets(desk, key: str, state: str) -> None:
    feedback = f'feedback: {{webhooks: {{mailgun: {{signing_key: "{key}"}}}}}}\nweb: {{url: https://m.test.example/x}}\n'
    ((found, detail),) = said(desk, SMTP, feedback=feedback)
    assert found == state
    assert ("https://m.test.example/x/hooks/mailgun" if state == "well" else "is not set") in detail
