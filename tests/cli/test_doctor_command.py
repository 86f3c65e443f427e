"""The doctor notices what a person could not."""

from __future__ import annotations

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
