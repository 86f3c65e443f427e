"""A transport that changes its kind under the same name takes nothing along that was frozen for the other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postroom import config
from postroom.cli.worries import told_backlog
from postroom.errors import LedgerError
from postroom.outbox import history, operate, status
from postroom.outbox.status import EditionRow
from postroom.pipeline import decide
from postroom.pipeline.decide import undecided_rehearsals
from postroom.pipeline.plan import plan
from postroom.pipeline.project import open_project

KEY = "newsletter/article/letters"
READERS = [f"reader{number}@example.org" for number in range(3)]
WAY_OUT = "    unsubscribe: {mailto: leave@test.example}\n"
APPROVAL = (WAY_OUT, f"{WAY_OUT}    approval: required\n")


def with_smtp(desk, mailbox, *changes: tuple[str, str]) -> None:
    smtp = f"{{kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none, ehlo: test.example}}"
    desk.configure(("{kind: folder, path: out/mail}", smtp), *changes)


def first_sight(desk) -> None:
    """Let the ledger see the channels an hour before any article is due."""
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.now += timedelta(hours=2)


def row(desk) -> EditionRow:
    with desk.ledger() as ledger:
        return next(each for each in ledger.read(status.editions) if each.key == KEY)


def approve(desk, recipients: int | None = 3) -> None:
    with desk.ledger() as ledger:
        ledger.write(operate.approve, KEY, recipients=recipients, now=desk.now)


def leave_queued_for_the_folder(desk) -> None:
    """Rehearse while the folder cannot be written to, so that everything of it waits."""
    first_sight(desk)
    desk.article()
    (desk.folder / "out").mkdir(exist_ok=True)
    desk.write("out/mail", "not a folder")
    desk.run()
    assert row(desk).accounts.queued == 3


def test_a_rehearsal_held_for_approval_never_goes_out_for_real(desk, mailbox) -> None:
    desk.configure(APPROVAL)
    first_sight(desk)
    desk.article()
    desk.run()
    with_smtp(desk, mailbox, APPROVAL)
    desk.run()
    with pytest.raises(LedgerError, match="--recipients 3"):
        approve(desk, recipients=None)
    desk.run()
    assert mailbox.recipients == []


def told_of(desk) -> str:
    """Say what the plan tells of the newsletter."""
    project = open_project(config.load(desk.folder / "config.yaml"))
    with desk.ledger() as ledger:
        lines = plan(project, ledger, ledger.read(history.read), desk.now)
    return next(f"{line.state}: {line.reason}" for line in lines if line.channel == "newsletter")


def test_a_rehearsal_held_for_approval_is_made_anew_and_only_then_approved(desk, mailbox) -> None:
    desk.configure(APPROVAL)
    first_sight(desk)
    desk.article()
    desk.run()
    with_smtp(desk, mailbox, APPROVAL)
    assert told_of(desk).startswith("held: ")
    assert "it is the first edition of newsletter through mail (smtp), to 3" in told_of(desk)
    project = open_project(config.load(desk.folder / "config.yaml"))
    with desk.ledger() as ledger:
        assert undecided_rehearsals(project, ledger) == []
        with pytest.raises(LedgerError, match=r"held for mail \(folder\).*The next tick makes it anew"):
            decide.approve(project, ledger, KEY, 3, desk.now)
    desk.run()
    with desk.ledger() as ledger:
        assert decide.approve(project, ledger, KEY, 3, desk.now) == KEY
    assert desk.run().backlogs == ()
    assert sorted(mailbox.recipients) == READERS


def test_a_rehearsal_of_which_nothing_went_anywhere_is_told_so_with_its_cure(desk, mailbox) -> None:
    leave_queued_for_the_folder(desk)
    with_smtp(desk, mailbox)
    done = desk.run(after=timedelta(minutes=10))
    assert told_of(desk).startswith("held: it was to go to a folder and has not, as a rehearsal")
    (told,) = {told_backlog(each, config.load(desk.folder / "config.yaml")) for each in done.backlogs}
    assert "`postroom outbox rehearsed` lists what it was to rehearse" in told
    assert "cancel" not in told


def test_what_a_folder_left_queued_never_goes_out_for_real(desk, mailbox) -> None:
    leave_queued_for_the_folder(desk)
    with_smtp(desk, mailbox)
    done = desk.run(after=timedelta(minutes=10))
    assert mailbox.recipients == []
    assert ("mail", "folder", 3) in [(each.transport, each.kind, each.queued) for each in done.backlogs]


def test_an_unfinished_rehearsal_that_is_sent_again_reaches_everybody_once(desk, mailbox) -> None:
    leave_queued_for_the_folder(desk)
    with_smtp(desk, mailbox)
    with desk.ledger() as ledger:
        ledger.write(operate.settle_rehearsed, [KEY], "resend")
    desk.run(after=timedelta(minutes=10))
    approve(desk)
    desk.run(after=timedelta(minutes=10))
    assert sorted(mailbox.recipients) == READERS


def test_real_mail_is_not_written_into_a_folder_as_sent(desk, mailbox) -> None:
    with_smtp(desk, mailbox)
    first_sight(desk)
    desk.article()
    desk.run()
    approve(desk)
    desk.configure()
    done = desk.run()
    assert (row(desk).accounts.queued, row(desk).accounts.sent) == (3, 0)
    assert desk.mails() == []
    assert [(each.transport, each.kind) for each in done.backlogs] == [("mail", "smtp")]
