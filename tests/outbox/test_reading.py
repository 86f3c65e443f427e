"""Anybody may read what went out to people, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from postroom.errors import LedgerCorrupt
from postroom.model import Article, Sent
from postroom.outbox import operate, reading, sightings
from postroom.outbox.reading import Piece
from postroom.outbox.revisions import supersede
from postroom.outbox.tables import content, edition

from .conftest import NOW, Outbox, an_email

LATER = NOW + timedelta(hours=1)


def an_article(name: str) -> Article:
    return Article(
        id=name,
        path=f"{name}.md",
        file=f"articles/{name}.md",
        source=Path(f"/x/articles/{name}.md"),
        title="How a kiln works",
        body_line=5,
        body_hash="b",
        source_hash="s",
    )


def shown(outbox: Outbox, *channels: str) -> tuple[Piece, ...]:
    return outbox.ledger.read(reading.pieces, channels or ("newsletter",))


def sent(outbox: Outbox, article: str = "kiln", *, to: int = 1, **changes: object) -> str:
    """Freeze an edition for three, and send it to some of them."""
    made = outbox.freeze("ada", "bob", "eve", article=article, **changes)
    outbox.record(outbox.claim(to), Sent(reply="250 ok"), now=NOW)
    return made.key


def test_what_went_out_is_shown_from_its_first_mail_on(outbox: Outbox) -> None:
    outbox.freeze("ada", article="kiln", title="How a kiln works", url="https://learning.example/kiln")
    assert shown(outbox) == ()
    outbox.record(outbox.claim(1), Sent(reply="250 ok"))
    (piece,) = shown(outbox)
    assert (piece.channel, piece.variant, piece.article) == ("newsletter", "article", "kiln")
    assert (piece.title, piece.url, piece.sent_at) == (
        "How a kiln works",
        "https://learning.example/kiln",
        NOW,
    )
    assert (piece.revised_at, piece.is_gone) == (None, False)
    assert outbox.ledger.read(reading.content_of, piece) == an_email()


def test_a_rehearsal_is_nobodys_business(outbox: Outbox) -> None:
    sent(outbox, rehearsal=True)
    assert shown(outbox) == ()


def test_a_greeting_is_nobodys_business(outbox: Outbox) -> None:
    key = sent(outbox)
    outbox.ledger.write(
        lambda connection: connection.execute(
            edition.update().where(edition.c.key == key).values(greeting="welcome")
        )
    )
    assert shown(outbox) == ()


def test_other_channels_are_left_out(outbox: Outbox) -> None:
    sent(outbox)
    assert shown(outbox, "internal") == ()
    assert len(shown(outbox, "internal", "newsletter")) == 1


def test_what_is_held_is_not_shown_until_it_goes_on(outbox: Outbox) -> None:
    key = sent(outbox)
    outbox.ledger.write(operate.hold, key, "a wrong figure")
    assert shown(outbox) == ()
    outbox.ledger.write(operate.release, key, NOW)
    assert len(shown(outbox)) == 1


@pytest.mark.parametrize("to", [1, 3])
def test_what_was_pulled_is_gone_whether_or_not_it_was_finished(outbox: Outbox, to: int) -> None:
    outbox.ledger.write(sightings.see, {}, [an_article("kiln")], NOW)
    sent(outbox, to=to)
    outbox.ledger.write(operate.pull, "kiln", "it was pulled", LATER)
    assert [piece.is_gone for piece in shown(outbox)] == [True]


def test_what_was_pulled_before_it_went_out_never_was_there(outbox: Outbox) -> None:
    outbox.ledger.write(sightings.see, {}, [an_article("kiln")], NOW)
    outbox.freeze("ada", article="kiln")
    outbox.ledger.write(operate.pull, "kiln", "it was pulled", LATER)
    assert shown(outbox) == ()


def test_what_was_cancelled_half_way_is_gone(outbox: Outbox) -> None:
    key = sent(outbox)
    outbox.ledger.write(operate.cancel, key, "it is wrong", LATER)
    assert [piece.is_gone for piece in shown(outbox)] == [True]


def test_a_correction_takes_the_place_of_what_it_corrects_once_it_goes_out(outbox: Outbox) -> None:
    key = sent(outbox, title="How a kiln wroks")
    (before,) = shown(outbox)
    outbox.ledger.write(supersede, key, LATER)
    assert shown(outbox) == (before,)
    outbox.freeze("bob", "eve", article="kiln", revision=2, title="How a kiln works")
    assert shown(outbox) == (before,)
    outbox.record(outbox.claim(1, now=LATER), Sent(reply="250 ok"), now=LATER)
    (piece,) = shown(outbox)
    assert (piece.title, piece.sent_at, piece.revised_at) == ("How a kiln works", NOW, LATER)
    assert (piece.token, piece.is_gone) == (before.token, False)


def test_the_newest_stand_first(outbox: Outbox) -> None:
    sent(outbox, "old", to=3)
    outbox.freeze("ada", article="new")
    outbox.record(outbox.claim(1, now=LATER), Sent(reply="250 ok"), now=LATER)
    assert [piece.article for piece in shown(outbox)] == ["new", "old"]


def test_the_version_differs_whenever_something_else_is_shown(outbox: Outbox) -> None:
    outbox.ledger.write(sightings.see, {}, [an_article("kiln")], NOW)
    versions = [outbox.ledger.read(reading.version)]
    key = sent(outbox)
    versions.append(outbox.ledger.read(reading.version))
    outbox.ledger.write(operate.hold, key, "a wrong figure")
    versions.append(outbox.ledger.read(reading.version))
    outbox.ledger.write(operate.release, key, NOW)
    outbox.record(outbox.claim(3), Sent(reply="250 ok"), now=NOW)
    versions.append(outbox.ledger.read(reading.version))
    outbox.ledger.write(operate.pull, "kiln", "it was pulled", LATER)
    versions.append(outbox.ledger.read(reading.version))
    assert len(set(versions)) == len(versions)


def test_a_damaged_content_is_not_shown(outbox: Outbox) -> None:
    sent(outbox)

    def damage(connection: Connection) -> None:
        connection.execute(content.update().values(body="{}"))
        connection.info.clear()  # what was kept of it when it was sent

    outbox.ledger.write(damage)
    (piece,) = shown(outbox)
    with pytest.raises(LedgerCorrupt, match="damaged"):
        outbox.ledger.read(reading.content_of, piece)
