"""The sentences that tell a person what to do."""

from __future__ import annotations

from postroom.cli.worries import unsettled
from postroom.outbox.failures import Failures

ENDED = Failures(edition="newsletter/article/a", number=1, is_finished=True)
LIVE = Failures(edition="newsletter/article/b", number=3, is_finished=False)


def test_nothing_to_settle_is_nothing_to_say() -> None:
    assert list(unsettled(0, (), 0)) == []


def test_each_edition_that_failed_in_part_has_commands_that_work_for_it() -> None:
    all_of_it, ended, live = unsettled(4, (ENDED, LIVE), 0)
    assert all_of_it == "4 deliveries failed: `postroom outbox list --state failed` says why"
    assert ended.startswith(
        "1 delivery of newsletter/article/a: `postroom outbox retry newsletter/article/a`"
    )
    assert "`postroom outbox cancel newsletter/article/a` leaves them unsent" in ended
    assert "`postroom outbox resolve NUMBER cancelled` leaves one unsent" in live
    assert "cancel newsletter/article/b" not in live, "that would withdraw what is still to go out"


def test_many_editions_are_counted_rather_than_named() -> None:
    assert list(unsettled(9, (ENDED,) * 9, 0))[-1] == "… and so of 4 more editions"


def test_a_failure_that_nobody_can_mend_any_more_is_told_as_settled() -> None:
    (told,) = unsettled(1, (), 0)
    assert "nothing is left to decide about them" in told


def test_failed_and_uncertain_deliveries_have_different_cures() -> None:
    failed, cure, uncertain = unsettled(1, (ENDED,), 2_000)
    assert failed.startswith("1 delivery failed:")
    assert "outbox retry newsletter/article/a" in cure
    assert uncertain.startswith("2,000 deliveries may have gone out:")
    assert "outbox resolve NUMBER" in uncertain
    assert "outbox retry EDITION --uncertain" in uncertain


def test_what_was_withdrawn_is_settled_and_never_sent_again() -> None:
    again, withdrawn = unsettled(0, (), 5, 2)
    assert again.startswith("3 deliveries may have gone out:")
    assert withdrawn.startswith("2 deliveries of what was withdrawn may have gone out:")
    assert "`postroom outbox resolve NUMBER sent|cancelled`" in withdrawn
    assert "retry" not in withdrawn
    assert list(unsettled(0, (), 2, 2)) == [withdrawn]
