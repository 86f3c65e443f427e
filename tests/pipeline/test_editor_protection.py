"""Each line of the contract that protects an editor, on a whole project with files, ledger and transports."""

from __future__ import annotations

from datetime import timedelta

import pytest

from postroom import config
from postroom.errors import AmbiguousEdition, LedgerError, NoSuchEdition
from postroom.outbox import adoption, enqueue, guard, operate, revisions, status
from postroom.outbox.status import EditionRow
from postroom.pipeline import publish
from postroom.pipeline.decide import approve_ahead
from postroom.pipeline.project import open_project


def states(desk) -> dict[str, str]:
    with desk.ledger() as ledger:
        return {row.key: str(row.state) for row in ledger.read(status.editions)}


def row(desk, key: str) -> EditionRow:
    with desk.ledger() as ledger:
        return next(each for each in ledger.read(status.editions) if each.key == key)


def reason(done, channel: str, variant: str = "article") -> tuple[str, str]:
    line = next(each for each in done.lines if each.channel == channel and each.variant == variant)
    return line.state, line.reason


def with_smtp(desk, mailbox, **changes: str) -> None:
    desk.configure(
        mailbox.instead,
        *changes.items(),
    )


def first_sight(desk) -> None:
    """Let the ledger see the channels an hour before any article is due."""
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.now += timedelta(hours=2)


def test_a_due_article_goes_out_once_to_everyone(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    assert [str(mail["To"]) for mail in desk.mails()] == [
        "Reader 0 <reader0@example.org>",
        "Reader 1 <reader1@example.org>",
        "Reader 2 <reader2@example.org>",
    ]
    assert len(desk.posts()) == 1
    again = desk.run()
    assert again.sent == ()
    assert len(desk.mails()) == 3


def test_the_back_catalogue_stays_where_it_is(desk) -> None:
    desk.article(date="2025-02-07")
    done = desk.run()
    assert desk.mails() == []
    state, why = reason(done, "newsletter")
    assert state == "blocked"
    assert "older than this ledger's first sight of the channel" in why
    assert "channels.newsletter.ignore_before (config.yaml:7)" in why


def test_an_old_file_that_comes_later_stays_out_too(desk) -> None:
    first_sight(desk)
    desk.article(date="2025-02-07")
    assert desk.run().sent == ()


def test_ignore_before_lets_older_articles_out(desk) -> None:
    desk.configure(("    transport: mail", "    ignore_before: 2025-01-01\n    transport: mail"))
    desk.article(date="2025-02-07")
    desk.run()
    assert len(desk.mails()) == 3
    assert desk.posts() == []


def test_an_article_without_a_date_is_never_sent(desk) -> None:
    first_sight(desk)
    desk.article(date=None)
    done = desk.run(after=timedelta(days=400))
    assert desk.mails() == []
    assert "has no date" in reason(done, "newsletter")[1]


def test_an_emptied_ledger_sends_nothing_again(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    for path in desk.folder.glob("postroom.db*"):
        path.unlink()
    for path in (desk.folder / "out/mail").iterdir():
        path.unlink()
    done = desk.run(after=timedelta(minutes=5))
    assert desk.mails() == []
    assert reason(done, "newsletter")[0] == "blocked"


def test_a_renamed_channel_is_new(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    desk.configure(("  newsletter:", "  weekly:"))
    done = desk.run(after=timedelta(hours=1))
    assert done.sent == ()
    assert "first sight" in reason(done, "weekly")[1]


def test_a_renamed_channel_that_says_so_keeps_its_past(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    desk.configure(("  newsletter:\n", "  weekly:\n    was: newsletter\n"))
    desk.article("stamps", date="2026-03-10 12:30")
    done = desk.run(after=timedelta(hours=1))
    assert [(edition.key, number) for edition, number in done.sent if edition.channel == "weekly"] == [
        ("weekly/article/stamps", 3)
    ]


def test_what_was_due_too_long_ago_is_held_until_a_person_approves(desk) -> None:
    desk.configure(
        ('url: "{publication.url}/{slug}"}', 'url: "{publication.url}/{slug}", hold_if_late: 3 days}')
    )
    first_sight(desk)
    desk.article()
    done = desk.run(after=timedelta(days=4))
    assert desk.mails() == []
    assert (
        "longer ago than articles.hold_if_late (config.yaml:2) allows (3 days)"
        in (reason(done, "newsletter")[1])
    )
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=None, now=desk.now)
    desk.run()
    assert len(desk.mails()) == 3


def test_a_rehearsal_is_not_a_publication(desk, mailbox) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    with_smtp(desk, mailbox)
    done = desk.run()
    assert mailbox.messages == []
    state, why = reason(done, "newsletter")
    assert state == "held"
    assert "as a rehearsal" in why
    with desk.ledger() as ledger:
        ledger.write(operate.settle_rehearsed, ["newsletter/article/letters"], "resend")
    desk.run()
    assert states(desk)["newsletter/article/letters"] == "held", "the first real edition waits for a person"
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=3, now=desk.now)
    desk.run()
    assert sorted(mailbox.recipients) == [f"reader{index}@example.org" for index in range(3)]


def test_a_rehearsal_may_be_counted_as_sent(desk, mailbox) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    with_smtp(desk, mailbox)
    with desk.ledger() as ledger:
        ledger.write(operate.settle_rehearsed, ["newsletter/article/letters"], "counted")
    done = desk.run()
    assert mailbox.messages == []
    assert reason(done, "newsletter")[0] == "published"


def test_the_first_real_edition_needs_its_number(desk, mailbox) -> None:
    with_smtp(desk, mailbox)
    first_sight(desk)
    desk.article()
    desk.run()
    key = "newsletter/article/letters"
    assert "first edition of newsletter" in row(desk, key).reason
    with desk.ledger() as ledger:
        with pytest.raises(LedgerError, match="--recipients 3"):
            ledger.write(operate.approve, key, recipients=30, now=desk.now)
        ledger.write(operate.approve, key, recipients=3, now=desk.now)
    desk.run()
    assert len(mailbox.messages) == 3
    desk.article("stamps", date="2026-03-10 12:30")
    desk.run(after=timedelta(hours=1))
    assert len(mailbox.messages) == 6, "the second edition to as many goes out by itself"


def two_firsts(desk, mailbox) -> None:
    """Hold two first editions, and give leave for one of them."""
    with_smtp(desk, mailbox)
    first_sight(desk)
    desk.article()
    desk.article("stamps", **STAMPS)
    desk.run()
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=3, now=desk.now)
    desk.run()
    assert len(mailbox.messages) == 3


STAMPS = {"date": "2026-03-10 11:30", "title": "On stamps", "body": "Quite another text about stamps. " * 20}
IN_FIVE = timedelta(minutes=5)


def drafted(desk, _) -> None:
    desk.article("stamps", **STAMPS, draft="true")
    desk.run(after=IN_FIVE)
    desk.article("stamps", **STAMPS)


def ignored(desk, _) -> None:
    good = (desk.folder / "config.yaml").read_text(encoding="utf-8")
    desk.configure(("    transport: mail", "    ignore_before: 2026-03-11\n    transport: mail"), text=good)
    desk.run(after=IN_FIVE)
    desk.write("config.yaml", good)


def cut_off(desk, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    desk.article("stamps", **{**STAMPS, "title": "On stamps, mended"})
    with monkeypatch.context() as patched:
        patched.setattr(publish, "freeze", fail)
        desk.run(after=IN_FIVE)


@pytest.mark.parametrize("takes_back", [drafted, ignored, cut_off])
def test_leave_for_one_first_edition_lets_no_other_go_that_was_taken_back(
    desk, mailbox, monkeypatch, takes_back
) -> None:
    two_firsts(desk, mailbox)
    takes_back(desk, monkeypatch)
    assert "newsletter/article/stamps" not in states(desk)
    desk.run(after=IN_FIVE)
    assert len(mailbox.messages) == 3
    assert "it is one of the first editions of newsletter" in row(desk, "newsletter/article/stamps").reason


def held_by_hand_and_replaced(desk) -> None:
    """Let the second go, stop it before it begins, and ask for a revision of it."""
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/stamps", recipients=3, now=desk.now)
        ledger.write(operate.hold, "newsletter/article/stamps", "a wrong picture")
        ledger.write(revisions.supersede, "newsletter/article/stamps", desk.now)


def test_leave_that_was_given_is_not_asked_for_again_with_a_revision(desk, mailbox) -> None:
    two_firsts(desk, mailbox)
    desk.article("stamps", **{**STAMPS, "title": "On stamps, mended"})
    desk.run(after=IN_FIVE)
    held_by_hand_and_replaced(desk)
    desk.run(after=IN_FIVE)
    assert len(mailbox.messages) == 6


def test_a_revision_that_another_copy_may_have_sent_is_held(desk, mailbox) -> None:
    """A backup is made after it was asked for; the daemon sends it, the disk dies, the backup is adopted."""
    two_firsts(desk, mailbox)
    held_by_hand_and_replaced(desk)
    desk.now += timedelta(hours=1)
    with desk.ledger() as ledger:
        adoption.adopt(ledger, guard.place_of(ledger.url), desk.now)
    for _ in range(2):
        desk.run(after=IN_FIVE)
    assert len(mailbox.messages) == 3
    revised = row(desk, "newsletter/article/stamps#2")
    assert "its revision was asked for" in revised.reason
    assert "another copy of the ledger may have sent it" in revised.reason
    with desk.ledger() as ledger:
        ledger.write(operate.approve, revised.key, recipients=None, now=desk.now)
    desk.run(after=IN_FIVE)
    assert len(mailbox.messages) == 6


def test_a_revision_that_is_asked_for_of_an_adopted_ledger_goes_out(desk, mailbox) -> None:
    two_firsts(desk, mailbox)
    with desk.ledger() as ledger:
        adoption.adopt(ledger, guard.place_of(ledger.url), desk.now)
    desk.now += timedelta(hours=1)
    held_by_hand_and_replaced(desk)
    desk.run(after=IN_FIVE)
    assert len(mailbox.messages) == 6


def test_what_was_cut_off_while_it_was_frozen_is_not_called_published(desk, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("killed here")

    first_sight(desk)
    desk.article("stamps", **STAMPS)
    with monkeypatch.context() as patched:
        patched.setattr(enqueue, "pour_people", fail)
        done = desk.run()
    assert states(desk)["newsletter/article/stamps"] == "filling"
    assert reason(done, "newsletter", "article")[0] == "ready"
    desk.run(after=IN_FIVE)
    assert states(desk)["newsletter/article/stamps"] == "finished"


def released(desk, mailbox) -> None:
    """Send a first real edition to ten people."""
    with_smtp(desk, mailbox)
    desk.subscribers(10)
    first_sight(desk)
    desk.article()
    desk.run()
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=10, now=desk.now)
    desk.run()
    assert len(mailbox.messages) == 10


def test_an_audience_that_grew_by_a_fifth_is_held(desk, mailbox) -> None:
    released(desk, mailbox)
    desk.subscribers(13)
    desk.article("stamps", date="2026-03-10 12:30")
    desk.run(after=timedelta(hours=1))
    assert len(mailbox.messages) == 10
    assert "13 recipients, after 10 the last time" in row(desk, "newsletter/article/stamps").reason


def test_an_audience_over_max_is_held(desk, mailbox) -> None:
    released(desk, mailbox)
    with_smtp(desk, mailbox, **{"{file: subscribers.csv}": "{file: subscribers.csv, max: 9}"})
    desk.article("stamps", date="2026-03-10 12:30")
    desk.run(after=timedelta(hours=1))
    assert "10 recipients are more than max 9" in row(desk, "newsletter/article/stamps").reason


def test_a_moved_file_is_recognised(desk) -> None:
    first_sight(desk)
    path = desk.article()
    desk.run()
    path.rename(path.parent / "moved.md")
    done = desk.run(after=timedelta(hours=1))
    assert done.sent == ()
    assert reason(done, "newsletter")[0] == "published"


def test_a_file_that_only_looks_moved_is_held(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    (desk.folder / "articles/letters.md").unlink()
    desk.article("other", date="2026-03-10 11:00", body="Something else altogether. " * 20)
    done = desk.run(after=timedelta(hours=1))
    assert len(desk.mails()) == 3
    state, why = reason(done, "newsletter")
    assert state == "held"
    assert "same date as letters.md, which is gone" in why


def test_a_changed_article_is_reported_and_not_sent_again(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    desk.article(title="On letters, corrected")
    done = desk.run(after=timedelta(hours=1))
    assert done.sent == ()
    assert "was changed since, which sends nothing again" in reason(done, "newsletter")[1]


def test_a_real_channel_without_a_way_out_is_refused(desk, mailbox) -> None:
    from postroom.pipeline.wayout import missing_ways_out

    with_smtp(desk, mailbox, **{"    unsubscribe: {mailto: leave@test.example}\n": ""})
    (finding,) = missing_ways_out(config.load(desk.folder / "config.yaml"))
    assert finding.severity == "error"
    assert str(finding).startswith("config.yaml:7: channels.newsletter.unsubscribe: there is no unsubscribe")


def test_approval_is_bound_to_the_rendering(desk) -> None:
    desk.configure(("    transport: page", "    approval: required\n    transport: page"))
    first_sight(desk)
    desk.article()
    desk.run()
    assert desk.posts() == []
    before = row(desk, "linkedin/hook/letters")
    assert before.state == "held"
    desk.article(body=BODY_CHANGED)
    desk.run()
    after = row(desk, "linkedin/hook/letters")
    assert after.state == "held"
    assert after.content_hash != before.content_hash
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "linkedin/hook/letters", recipients=None, now=desk.now)
    desk.run()
    assert len(desk.posts()) == 1


BODY_CHANGED = """\
Parcels arrive faster than letters ever did. Nobody waits for the coach any more.

## Speed is not everything

A parcel that arrives at the wrong door is late for ever. Its owner never sees it.
"""


def test_a_held_article_that_becomes_a_draft_is_withdrawn_and_may_come_back(desk) -> None:
    desk.configure(("    transport: page", "    approval: required\n    transport: page"))
    first_sight(desk)
    desk.article()
    desk.run()
    desk.article(status="draft")
    desk.run()
    assert "linkedin/hook/letters" not in states(desk)
    desk.article()
    desk.run()
    assert states(desk)["linkedin/hook/letters"] == "held"


def test_later_variants_follow_when_their_time_has_come(desk) -> None:
    first_sight(desk)
    desk.article()
    desk.run()
    assert len(desk.posts()) == 1
    assert desk.run(after=timedelta(days=1, hours=23)).sent == ()
    desk.run(after=timedelta(hours=1))
    assert len(desk.posts()) == 2


def test_an_audience_without_anybody_waits_for_its_first_subscriber(desk) -> None:
    desk.write("subscribers.csv", "email,name\n")
    first_sight(desk)
    desk.article()
    done = desk.run()
    assert "there is no subscriber in subscribers.csv" in str(done.findings[0])
    assert "newsletter/article/letters" not in states(desk)
    desk.subscribers(2)
    desk.run()
    assert len(desk.mails()) == 2


def test_an_article_that_cannot_feed_a_variant_goes_out_in_the_others(desk) -> None:
    desk.configure(
        ("variants: [hook, {takeaways: 2 days later}]", "variants: [hook, {question: 5 minutes later}]")
    )
    first_sight(desk)
    desk.article(body="A plain statement about letters. Another one follows it here without any doubt.")
    desk.run()
    done = desk.run(after=timedelta(hours=1))
    state, why = reason(done, "linkedin", "question")
    assert state == "blocked"
    assert "social.linkedin.question" in why
    assert len(desk.posts()) == 1


def test_a_later_variant_may_be_approved_ahead_as_it_is_rendered_now(desk) -> None:
    desk.configure(("    transport: page", "    approval: required\n    transport: page"))
    first_sight(desk)
    desk.article()
    desk.run()
    project = open_project(config.load(desk.folder / "config.yaml"))
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "linkedin/hook/letters", recipients=None, now=desk.now)
        with pytest.raises(AmbiguousEdition, match="linkedin/takeaways/letters"):
            approve_ahead(project, ledger, "letters", None, desk.now)
        with pytest.raises(NoSuchEdition):
            approve_ahead(project, ledger, "takeaways/parcels", None, desk.now)
        assert (
            approve_ahead(project, ledger, "takeaways/letters", None, desk.now)
            == "linkedin/takeaways/letters"
        )
    desk.run()
    desk.run(after=timedelta(days=2))
    assert len(desk.posts()) == 2


def test_leave_given_ahead_does_not_cover_another_rendering(desk) -> None:
    desk.configure(("    transport: page", "    approval: required\n    transport: page"))
    first_sight(desk)
    desk.article()
    desk.run()
    project = open_project(config.load(desk.folder / "config.yaml"))
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "linkedin/hook/letters", recipients=None, now=desk.now)
        approve_ahead(project, ledger, "takeaways/letters", None, desk.now)
    desk.run()
    desk.article(body=BODY_CHANGED + "\n## A third thing\n\nA third point that stands alone as well.\n")
    desk.run(after=timedelta(days=2))
    assert states(desk)["linkedin/takeaways/letters"] == "held"
