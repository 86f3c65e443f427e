"""Bad input: a clear message that names place and cure, the right exit code, nothing lost, no traceback."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from smtp_server import smtp_server

from postroom.cli import session
from postroom.outbox import operate, sqlite, status

NO_BACKLOG = ("    transport:", "    ignore_before: 2025-01-01\n    transport:")
FOLDER = "{kind: folder, path: out/mail}"
KEY = "newsletter/article/letters"


@pytest.fixture
def ready(desk):
    """A desk with an article that may go out."""
    desk.configure(NO_BACKLOG)
    desk.article()
    return desk


def counts(desk) -> dict[str, tuple[int, int]]:
    """Tell (queued, sent) of each edition; the accounts must balance."""
    with desk.ledger() as ledger:
        assert ledger.read(status.reconcile) == []
        rows = ledger.read(status.editions)
    return {row.key: (row.accounts.queued, row.accounts.sent) for row in rows}


# ── config.yaml ──────────────────────────────────────────────────────────────────────────────────────

COMMANDS = (("check",), ("articles",), ("plan",), ("run", "--once"), ("run",), ("preview", "--out", "x"))


@pytest.mark.parametrize("words", [*COMMANDS, ("outbox", "status"), ("subscribers", "list")], ids=" ".join)
def test_a_missing_config_is_told_with_its_cure(words: tuple[str, ...], desk, postroom) -> None:
    (desk.folder / "config.yaml").unlink()
    answer = postroom(*words)
    assert answer.code == 2
    assert "config.yaml: " in answer.told
    assert "there is no such file; `postroom init` writes one, `--config FILE` names another" in answer.told


FAULTS = {
    "wrong type": (("language: en", "language: 7"), "config.yaml:1:68: publication.language: expected"),
    "unknown kind": (
        ("kind: linkedin", "kind: linkedn"),
        'channels.linkedin.kind: expected "email" or "linkedin", found "linkedn"; did you mean "linkedin"?',
    ),
    "unknown key": (("hashtags:", "hashtag:"), 'did you mean "hashtags"?'),
    "bad sender": (
        ("news@test.example", "news test.example"),
        "config.yaml:10:11: channels.newsletter.from: ",
    ),
    "broken YAML": (("channels:", "channels: ["), "config.yaml:"),
    "no way out": (
        ("    unsubscribe: {mailto: leave@test.example}\n", ""),
        "channels.newsletter.unsubscribe: ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_config_names_its_place(fault: str, desk, postroom) -> None:
    change, expected = FAULTS[fault]
    desk.configure(change, (FOLDER, "{kind: smtp, host: localhost}"))
    answer = postroom("run", "--once")
    assert answer.code == 2
    assert expected in answer.err
    assert answer.out == ""
    assert not (desk.folder / "postroom.db").exists()


# ── articles and templates ───────────────────────────────────────────────────────────────────────────


def test_two_articles_with_one_id_are_blocked_and_harm_no_other(ready, postroom) -> None:
    ready.article("first", id="same")
    ready.article("second", id="same")
    answer = postroom("run", "--once")
    assert answer.code == 0
    assert "articles/first.md:5: the id `same` is that of articles/second.md, too" in answer.told
    assert counts(ready) == {KEY: (0, 3), "linkedin/hook/letters": (0, 1)}
    (ready.folder / "articles/second.md").unlink()
    assert postroom("run", "--once").code == 0
    assert counts(ready)["newsletter/article/same"] == (0, 3)


def test_unreadable_files_are_told_and_harm_no_other(ready, postroom) -> None:
    (ready.folder / "articles/noise.md").write_bytes(b"\xff\xfe\x00")
    (ready.folder / "articles/gone.md").symlink_to("nowhere.md")
    answer = postroom("check")
    assert answer.code == 1
    assert "articles/noise.md:1: error byte 0x00 is not UTF-16; save the file as UTF-8" in answer.told
    assert "articles/gone.md: error cannot be read (no such file or directory)" in answer.told
    assert postroom("run", "--once").code == 0
    assert len(ready.mails()) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_file_that_may_not_be_read_is_told(ready, postroom) -> None:
    ready.article("secret").chmod(0)
    assert "articles/secret.md:1: error cannot be read (permission denied)" in postroom("check").told


@pytest.mark.parametrize("is_file", [False, True])
def test_an_articles_folder_that_is_none_is_an_error(is_file: bool, desk, postroom) -> None:
    (desk.folder / "articles").rmdir()
    if is_file:
        (desk.folder / "articles").touch()
    for words in (("check",), ("run", "--once")):
        answer = postroom(*words)
        assert answer.code == 1
        assert "config.yaml:2: error articles.folder: articles cannot be read (no" in answer.told
        assert "check the name, and the permissions" in answer.told


def test_an_articles_folder_that_is_none_counts_as_no_article(desk, postroom) -> None:
    desk.configure(("{folder: articles,", "{\n  folder: artikles,"))
    answer = postroom("check")
    assert "config.yaml:3: error articles.folder: artikles cannot be read" in answer.told
    assert "0 articles checked: 1 error" in answer.told
    assert "0 articles config.yaml:3: error" in postroom("articles").told


TEMPLATES = {
    "syntax": ("email/article.mjml.j2", "<mjml>\n{% if %}\n", "templates/email/article.mjml.j2:2: "),
    "undefined": ("email/article.mjml.j2", "<mjml>\n\n{{ titel }}\n", "templates/email/article.mjml.j2:3: "),
    "MJML": (
        "email/article.mjml.j2",
        "<mjml>\n<mj-body>\n<mj-bogus></mj-bogus>\n</mj-body></mjml>\n",
        "templates/email/article.mjml.j2:3: ",
    ),
}


@pytest.mark.parametrize("fault", TEMPLATES)
def test_a_broken_template_is_told_by_its_own_line(fault: str, ready, postroom) -> None:
    name, text, place = TEMPLATES[fault]
    ready.write(f"templates/{name}", text)
    for words in (("check",), ("run", "--once"), ("preview", "--out", str(ready.folder / "seen"))):
        answer = postroom(*words)
        assert answer.code == 1, words
        assert place in answer.told
    assert counts(ready) == {"linkedin/hook/letters": (0, 1)}
    (ready.folder / f"templates/{name}").unlink()
    assert postroom("run", "--once").code == 0
    assert counts(ready)[KEY] == (0, 3)


# ── audiences ────────────────────────────────────────────────────────────────────────────────────────


def test_rows_that_cannot_be_used_are_told_with_their_lines(ready, postroom) -> None:
    ready.write("subscribers.csv", "email,name\na@example.org,A\nno address,B\nb@example.org,C\n")
    checked = postroom("check")
    assert checked.code == 0
    assert "subscribers.csv:3: warning this is no mail address: there is no @" in checked.told
    answer = postroom("run", "--once")
    assert answer.code == 0
    assert (
        f"newsletter: 1 row of the audience could not be used; `postroom outbox show {KEY}` says why"
        in answer.told
    )
    assert len(ready.mails()) == 2


def test_only_some_of_many_unusable_rows_are_named(ready, postroom) -> None:
    ready.write("subscribers.csv", "email\na@example.org\n" + "nobody\n" * 60)
    answer = postroom("check")
    assert answer.told.count("there is no @") == 20
    assert "subscribers.csv:23: warning 40 more rows cannot be used" in answer.told


AUDIENCES = {
    "empty": ("", "subscribers.csv:1: the file is empty; its first line names the columns: email,name"),
    "no column": (
        "mail\na@b.example\n",
        'there is no column "email" among mail; did you mean "mail"? Rename it',
    ),
    "nobody": ("email\n", "there is no subscriber in subscribers.csv"),
}


@pytest.mark.parametrize("fault", AUDIENCES)
def test_an_audience_that_cannot_be_used_holds_its_channel_back(fault: str, ready, postroom) -> None:
    text, expected = AUDIENCES[fault]
    ready.write("subscribers.csv", text)
    answer = postroom("run", "--once")
    assert answer.code == 1
    assert expected in answer.told
    assert counts(ready) == {"linkedin/hook/letters": (0, 1)}
    ready.subscribers(3)
    assert postroom("run", "--once").code == 0
    assert counts(ready)[KEY] == (0, 3)


def test_a_missing_audience_file_is_told(ready, postroom) -> None:
    (ready.folder / "subscribers.csv").unlink()
    for words in (("check",), ("run", "--once")):
        answer = postroom(*words)
        assert answer.code == 1
        assert (
            "subscribers.csv: there is no such file. Create it, or correct `file:` in config.yaml"
            in answer.told
        )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_an_audience_that_is_no_plain_file_holds_its_channel_back(what: str, ready, postroom) -> None:
    file = ready.folder / "subscribers.csv"
    file.unlink()
    if what == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero")
    for words in (("check",), ("run", "--once")):
        answer = postroom(*words)
        assert answer.code == 1
        assert "subscribers.csv: this is a pipe, a socket or a device; name a plain file" in answer.told
    assert counts(ready) == {"linkedin/hook/letters": (0, 1)}
    file.unlink()
    ready.subscribers(3)
    assert postroom("run", "--once").code == 0
    assert counts(ready)[KEY] == (0, 3)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "words", [("check",), ("run", "--once"), ("outbox", "pause", "letters")], ids=" ".join
)
def test_a_config_that_is_a_pipe_is_told_and_not_waited_for(words: tuple[str, ...], ready, postroom) -> None:
    (ready.folder / "config.yaml").unlink()
    os.mkfifo(ready.folder / "config.yaml")
    answer = postroom(*words)
    assert answer.code == 2
    assert "is a pipe, a socket or a device; put a plain file in its place" in answer.told


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_out_folder_that_cannot_be_written_keeps_everything_queued(ready, postroom) -> None:
    (ready.folder / "out").touch()
    answer = postroom("run", "--once")
    assert answer.code == 1
    assert "3 deliveries wait in mail until " in answer.told
    assert (
        f"none is lost: cannot write into {ready.folder}/out/mail: Not a directory; make room" in answer.told
    )
    assert "Nothing went out." in answer.told
    assert counts(ready) == {KEY: (3, 0), "linkedin/hook/letters": (1, 0)}
    (ready.folder / "out").unlink()
    assert_rest_goes_out(ready, postroom, "mail")


def assert_rest_goes_out(desk, postroom, transport: str) -> None:
    """Let a transport try at once, as the report says, and the rest when it is due."""
    assert f"{transport} goes on" in postroom("outbox", "release", transport).told
    with desk.ledger() as ledger:
        ledger.write(lambda connection: connection.exec_driver_sql("UPDATE delivery SET due_at = 0"))
    postroom("run", "--once")
    assert counts(desk)[KEY] == (0, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_an_out_folder_without_permission_keeps_everything_queued(ready, postroom) -> None:
    (ready.folder / "out").mkdir(mode=0o500)
    answer = postroom("run", "--once")
    assert answer.code == 1
    assert "Permission denied" in answer.told
    assert counts(ready)[KEY] == (3, 0)


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────


def test_a_ledger_whose_folder_is_none_is_told(ready, postroom) -> None:
    ready.write(
        "config.yaml",
        (ready.folder / "config.yaml").read_text() + "outbox: {database: 'sqlite:///data/x.db'}\n",
    )
    (ready.folder / "data").touch()
    answer = postroom("run", "--once")
    assert answer.code == 1
    assert f"cannot write {ready.folder}/data/x.db.lock: " in answer.err
    assert "is a folder that can be written to, or set `outbox: database:` to another place" in answer.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_ledger_in_a_folder_without_permission_is_told(ready, postroom) -> None:
    ready.folder.chmod(0o500)
    answer = postroom("run", "--once")
    ready.folder.chmod(0o700)
    assert answer.code == 1
    assert "Permission denied" in answer.err


@pytest.mark.parametrize(
    "words", [("run", "--once"), ("run",), ("plan",), ("outbox", "status")], ids=" ".join
)
def test_a_folder_in_place_of_the_ledger_is_told(words: tuple[str, ...], ready, postroom) -> None:
    (ready.folder / "postroom.db").mkdir()
    answer = postroom(*words)
    assert answer.code == 1
    assert answer.err.endswith(
        "postroom.db is a folder; `outbox: database:` must name a file, such as postroom.db\n"
    )


@pytest.mark.parametrize(
    "words", [("run", "--once"), ("run",), ("plan",), ("outbox", "status")], ids=" ".join
)
def test_a_damaged_ledger_is_refused_with_its_cure(words: tuple[str, ...], ready, postroom) -> None:
    postroom("run", "--once")
    database = ready.folder / "postroom.db"
    database.write_bytes(b"X" * 64 + database.read_bytes()[64:])
    answer = postroom(*words)
    assert answer.code == 1
    assert answer.err.startswith(f"postroom: the ledger {database} is damaged (")
    assert (
        "`postroom outbox recover` keeps it aside and puts the newest good backup in its place" in answer.err
    )


def test_a_locked_ledger_says_who_must_stop(ready, postroom, monkeypatch) -> None:
    postroom("run", "--once")
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.1)
    ready.article("another")
    with exclusive(ready.folder / "postroom.db"):
        answer = postroom("run", "--once")
    assert answer.code == 1
    assert "another program keeps it locked" in answer.err
    assert "stop that one, then try again" in answer.err
    assert postroom("run", "--once").code == 0
    assert len(ready.mails()) == 6


@contextmanager
def exclusive(database: Path) -> Iterator[None]:
    """Hold the whole ledger, as a backup program might."""
    other = sqlite.module_of(sqlite.driver()).connect(str(database), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


# ── servers ──────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def unreachable() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def untrusted() -> Iterator[int]:
    """A server whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with smtp_server(Handler(), tls_context=context) as port:
        yield port


@contextmanager
def locked_out() -> Iterator[int]:
    """A server that knows no password."""
    with smtp_server(
        Handler(), authenticator=lambda *_: AuthResult(success=False, handled=False), auth_require_tls=False
    ) as port:
        yield port


class Handler:
    """Takes whatever comes."""

    async def handle_DATA(self, server: object, connection: object, envelope: object) -> str:  # noqa: N802
        return "250 2.0.0 kept"


PASSWORD = ', username: editor, password: "${SMTP_PASSWORD}"'
SERVERS: dict[str, tuple[Callable[[], object], str, str]] = {
    "unreachable": (unreachable, "tls: none", "127.0.0.1, the connection: Connection refused"),
    "untrusted": (untrusted, "tls: starttls", "certificate is not to be trusted"),
    "wrong password": (locked_out, f"tls: none{PASSWORD}", "535"),
    "missing secret": (
        locked_out,
        f"tls: none{PASSWORD}",
        "the environment variable SMTP_PASSWORD is not set",
    ),
}


@pytest.mark.parametrize("fault", SERVERS)
def test_a_server_that_takes_nothing_loses_nothing(fault: str, ready, mailbox, postroom, monkeypatch) -> None:
    server, settings, expected = SERVERS[fault]
    if fault == "wrong password":
        monkeypatch.setenv("SMTP_PASSWORD", "wrong")
    with server() as port:
        through(ready, port, settings)
        assert postroom("check").code == 0
        assert_held_first(ready, postroom)
        answer = postroom("run", "--once")
        again = postroom("run", "--once")
    assert answer.code == again.code == 1
    for each in (answer, again):
        assert "3 deliveries wait in mail until " in each.told
        assert expected in each.told
        assert "not begun" not in each.told
        assert "Traceback" not in each.told
        assert "wrong" not in each.told.replace("is wrong", "")
    assert counts(ready)[KEY] == (3, 0)
    through(ready, mailbox.port, "tls: none")
    assert_rest_goes_out(ready, postroom, "mail")
    assert sorted(mailbox.recipients) == [f"reader{number}@example.org" for number in range(3)]


def through(desk, port: int, settings: str) -> None:
    transport = f"{{kind: smtp, host: 127.0.0.1, port: {port}, ehlo: test.example, {settings}}}"
    desk.configure(NO_BACKLOG, (FOLDER, transport))


def assert_held_first(desk, postroom) -> None:
    """Let the first real edition go, as its owner would."""
    held = postroom("run", "--once")
    assert held.code == 0
    assert "it is the first edition of newsletter through mail (smtp), to 3" in held.told
    with desk.ledger() as ledger:
        ledger.write(operate.approve, KEY, recipients=3, now=session.now())
