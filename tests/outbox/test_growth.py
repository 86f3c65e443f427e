"""How lists grow: every word is counted in the period in which it was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from postroom.outbox import leaving, subscribers
from postroom.outbox.columns import to_micros
from postroom.outbox.growth import growth
from postroom.outbox.leaving import Act, Said
from postroom.outbox.tables import consent

from .conftest import a_person

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = [MONDAY + number * DAY for number in range(7)]
FORM = Act(how="form")


def people(outbox, *names: str) -> list[int]:
    rows = [a_person(name) for name in names]
    found = outbox.ledger.write(subscribers.enrol, rows, "form", MONDAY)
    return [found[row.identity].id for row in rows]


def told(outbox, begins=WEEK, until=MONDAY + 7 * DAY):
    return {one.list: one for one in outbox.ledger.read(growth, begins, until)}


def test_a_ledger_without_lists_has_none_that_grow(outbox) -> None:
    assert told(outbox) == {}


def test_who_asks_confirms_is_added_and_leaves_is_counted_on_that_day(outbox) -> None:
    ada, ben, cleo = people(outbox, "ada", "ben", "cleo")
    write = outbox.ledger.write
    write(leaving.ask, ada, "weekly", FORM, MONDAY + timedelta(hours=23))
    write(leaving.ask, ben, "weekly", FORM, MONDAY + DAY)
    write(leaving.confirm, ada, "weekly", FORM, MONDAY + DAY)
    write(leaving.add, cleo, "weekly", FORM, MONDAY + 2 * DAY)
    write(leaving.leave, ada, "weekly", FORM, MONDAY + 6 * DAY)
    found = told(outbox)["weekly"]
    assert (found.members, found.unconfirmed) == (1, 1)
    counted = [(one.asked, one.confirmed, one.added, one.left) for one in found.periods]
    assert counted == [(1, 0, 0, 0), (1, 1, 0, 0), (0, 0, 1, 0), *[(0, 0, 0, 0)] * 3, (0, 0, 0, 1)]
    assert [one.joined for one in found.periods] == [0, 1, 1, 0, 0, 0, 0]
    assert [one.begins for one in found.periods] == WEEK


def test_what_was_said_before_and_after_is_not_counted(outbox) -> None:
    ada, ben = people(outbox, "ada", "ben")
    outbox.ledger.write(leaving.add, ada, "weekly", FORM, MONDAY - timedelta(microseconds=1))
    outbox.ledger.write(leaving.add, ben, "weekly", FORM, MONDAY + 7 * DAY)
    found = told(outbox)["weekly"]
    assert (found.members, sum(one.joined for one in found.periods)) == (2, 0)


def test_of_the_list_of_a_file_it_is_known_who_left_and_not_who_is_on_it(outbox) -> None:
    (ada,) = people(outbox, "ada")
    outbox.ledger.write(leaving.leave, ada, "@readers", FORM, MONDAY)
    found = told(outbox)["@readers"]
    assert (found.members, found.periods[0].left) == (None, 1)


def test_days_begin_where_the_publication_is(outbox) -> None:
    zone = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead of UTC
    begins = [datetime(2026, 11, 16, tzinfo=zone), datetime(2026, 11, 17, tzinfo=zone)]
    ada, ben = people(outbox, "ada", "ben")
    outbox.ledger.write(leaving.add, ada, "weekly", FORM, begins[1] - timedelta(microseconds=1))
    outbox.ledger.write(leaving.add, ben, "weekly", FORM, begins[1])
    found = told(outbox, begins, begins[1] + DAY)["weekly"]
    assert [one.added for one in found.periods] == [1, 1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(
        st.tuples(
            st.sampled_from([Said.ASKED, Said.CONFIRMED, Said.ADDED, Said.LEFT]),
            st.integers(0, to_micros(MONDAY + 7 * DAY) - to_micros(MONDAY) - 1),
        ),
        max_size=30,
    )
)
def test_the_periods_hold_all_that_was_said_each_where_a_plain_count_puts_it(outbox, said) -> None:
    (ada,) = people(outbox, "ada")
    rows = [
        {
            "subscriber_id": ada,
            "list": "weekly",
            "what": what.value,
            "at": MONDAY + timedelta(microseconds=after),
        }
        for what, after in said
    ]

    def put(connection) -> None:
        connection.execute(consent.delete())
        if rows:
            connection.execute(insert(consent), rows)

    outbox.ledger.write(put)
    found = told(outbox)
    ends = [*WEEK, MONDAY + 7 * DAY]
    for what in Said:
        expected = [
            sum(row["what"] == what.value and begins <= row["at"] < ends_at for row in rows)
            for begins, ends_at in pairwise(ends)
        ]
        periods = found["weekly"].periods if rows else ()
        assert [getattr(one, what.value) for one in periods] == (expected if rows else [])
