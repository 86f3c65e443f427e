"""What readiness is told about the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.model import Sent
from postroom.outbox import history, operate, sightings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PIECE = ("newsletter", "article", "post-rooms")


def read(outbox):
    return outbox.ledger.read(history.read)


def test_an_empty_ledger_remembers_nothing(outbox) -> None:
    past = read(outbox)
    assert (past.channels, past.editions, past.articles, past.approvals) == ({}, {}, {}, ())


def test_an_edition_is_told_with_its_state_and_accounts(outbox) -> None:
    edition = outbox.freeze("ada", "bea", holds=("late",), reason="5 days late")
    past = read(outbox).editions[PIECE]
    assert (past.key, past.state, past.holds, past.reason) == (edition.key, "held", ("late",), "5 days late")
    assert (past.content_hash, past.source_hash, past.due_at) == (edition.content_hash, "source", NOW)
    assert (past.accounts.recipients, past.sent_at, past.counted) == (2, None, False)


def test_the_first_sending_is_remembered(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(1), Sent(reply="250"), now=NOW + timedelta(minutes=1))
    outbox.record(outbox.claim(1), Sent(reply="250"), now=NOW + timedelta(minutes=2))
    assert read(outbox).editions[PIECE].sent_at == NOW + timedelta(minutes=1)


def test_the_latest_revision_counts(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(operate.replace, "post-rooms", NOW)
    outbox.freeze("ada", revision=2, content_hash="new")
    past = read(outbox).editions[PIECE]
    assert (past.revision, past.state, past.content_hash) == (2, "open", "new")


def test_a_settled_rehearsal_counts_or_is_forgotten(outbox) -> None:
    outbox.freeze("ada", rehearsal=True)
    outbox.freeze("ada", article="b", rehearsal=True)
    outbox.ledger.write(operate.settle_rehearsed, ["article/b"], "resend")
    outbox.ledger.write(operate.settle_rehearsed, ["post-rooms"], "counted")
    editions = read(outbox).editions
    assert set(editions) == {PIECE}
    assert (editions[PIECE].counted, editions[PIECE].rehearsal) == (True, True)


def test_only_real_editions_that_were_let_go_are_counted(outbox) -> None:
    outbox.ledger.write(sightings.see, {"newsletter": None}, [], NOW)
    assert read(outbox).channels["newsletter"].last_recipients is None
    outbox.freeze("ada", article="rehearsed", rehearsal=True)
    outbox.freeze("ada", article="held", holds=("late",))
    outbox.freeze("ada", "bea", article="real")
    sighting = read(outbox).channels["newsletter"]
    assert (sighting.real_editions, sighting.last_recipients) == (1, 2)


def test_the_last_recipients_are_those_of_the_edition_let_go_last(outbox) -> None:
    outbox.ledger.write(sightings.see, {"newsletter": None}, [], NOW)
    outbox.freeze("ada", article="first", holds=("late",))
    outbox.freeze("ada", "bea", article="second")
    later = NOW + timedelta(hours=1)
    outbox.ledger.write(lambda c: operate.approve(c, "article/first", recipients=None, now=later))
    assert read(outbox).channels["newsletter"].last_recipients == 1


def test_what_went_out_under_an_old_name_counts_under_the_new(outbox) -> None:
    for channels in ({"oldest": None}, {"newsletter": "oldest"}, {"weekly": "newsletter"}):
        outbox.ledger.write(sightings.see, channels, [], NOW)
    outbox.freeze("ada", channel="oldest")
    outbox.freeze("ada", "bea", article="b")
    past = read(outbox)
    assert past.editions["weekly", "article", "post-rooms"].key == "oldest/article/post-rooms"
    assert past.editions["weekly", "article", "b"].channel == "weekly"
    sighting = past.channels["weekly"]
    assert (sighting.real_editions, sighting.last_recipients) == (2, 2)


def test_under_a_new_name_the_channels_own_edition_wins(outbox) -> None:
    outbox.ledger.write(sightings.see, {"newsletter": None}, [], NOW)
    outbox.ledger.write(sightings.see, {"weekly": "newsletter"}, [], NOW)
    outbox.freeze("ada", "bea")
    outbox.freeze("ada", channel="weekly")
    assert read(outbox).editions["weekly", "article", "post-rooms"].key == "weekly/article/post-rooms"


def test_names_that_go_round_in_a_circle_end(outbox) -> None:
    outbox.ledger.write(sightings.see, {"a": None, "b": None}, [], NOW)
    outbox.ledger.write(sightings.see, {"a": "b", "b": "a"}, [], NOW)
    outbox.freeze("ada", channel="a")
    assert ("b", "article", "post-rooms") in read(outbox).editions


def test_a_pulled_article_is_told(outbox) -> None:
    from pathlib import Path

    from postroom.model import Article

    article = Article(
        id="post-rooms",
        path="a.md",
        file="a.md",
        source=Path("/a.md"),
        title="A",
        body_line=1,
        body_hash="b",
        source_hash="s",
    )
    outbox.ledger.write(sightings.see, {}, [article], NOW)
    outbox.ledger.write(operate.pull, "post-rooms", "wrong figures", NOW)
    assert read(outbox).articles["post-rooms"].pulled_at == NOW


def version(outbox) -> tuple[object, ...]:
    return outbox.ledger.read(history.version)


def test_the_version_tells_every_change_that_readiness_cares_about(outbox) -> None:
    seen = [version(outbox)]

    def note(*_: object) -> None:
        assert version(outbox) != seen[-1]
        seen.append(version(outbox))

    note(outbox.ledger.write(sightings.see, {"newsletter": None}, [], NOW))
    note(outbox.freeze("ada", "bea"))
    note(outbox.ledger.write(operate.hold, "post-rooms", "typo"))
    note(outbox.ledger.write(operate.release, "post-rooms", NOW))
    note(outbox.record(outbox.claim(1), Sent(reply="250")))
    note(outbox.ledger.write(operate.cancel, "post-rooms", "typo", NOW))
    note(outbox.freeze("ada", article="b", rehearsal=True))
    note(outbox.ledger.write(operate.settle_rehearsed, None, "counted"))


def test_the_version_tells_two_editions_that_change_places(outbox) -> None:
    outbox.freeze("ada", article="a")
    outbox.freeze("ada", article="b")
    outbox.ledger.write(operate.hold, "article/b", "typo")
    before = version(outbox)
    outbox.ledger.write(operate.hold, "article/a", "typo")
    outbox.ledger.write(operate.release, "article/b", NOW)
    assert version(outbox) != before


def test_the_version_stays_while_messages_go_out(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    outbox.record(outbox.claim(1), Sent(reply="250"))
    before = version(outbox)
    outbox.record(outbox.claim(1), Sent(reply="250"))
    assert version(outbox) == before
