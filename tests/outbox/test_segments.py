"""A segment is those members of a list for whom a condition holds, in counts, in plans and when it is frozen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from postroom.condition import parse
from postroom.errors import ConditionError
from postroom.model import Member, MembershipState, Recipient, Sent
from postroom.outbox import Ledger, enqueue, leaving, operate, segments
from postroom.outbox.enqueue import Members
from postroom.outbox.intake import take_in
from postroom.outbox.leaving import Act
from postroom.outbox.person import find
from postroom.outbox.segments import Segment
from postroom.outbox.standings import Errand
from postroom.outbox.tables import metadata, subscriber

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def member(name: str, tags: tuple[str, ...] = (), spoken: str = "", **merge: str) -> Member:
    address = f"{name}@{name}.example"
    who = Recipient(
        address=address, identity=address, domain=f"{name}.example", name=name.title(), merge={**merge}
    )
    return Member(recipient=who, state=MembershipState.CONFIRMED, tags=tags, language=spoken)


PEOPLE = (
    member("ada", ("ai", "lead"), "de", country="DE"),
    member("bea", ("ai",), "de-CH", country="CH"),
    member("cyd", (), "", country="DE", language="fr"),
    member("dan", ("lead",), "en"),
)


@pytest.fixture
def people(ledger: Ledger) -> Ledger:
    take_in(ledger, Errand(list="weekly", source="people.csv", now=NOW), PEOPLE)
    take_in(ledger, Errand(list="other", source="others.csv", now=NOW), [member("eve", ("ai",))])
    return ledger


def names(ledger: Ledger, only: str) -> list[str]:
    found = segments.stream(ledger, Segment(list="weekly", only=parse(only)))
    return [one.address.partition("@")[0] for one in found]


@pytest.mark.parametrize(
    ("only", "who"),
    [
        ('country is "DE" and tags has "ai"', ["ada"]),
        ('tags has "ai"', ["ada", "bea"]),
        ('not tags has "ai"', ["cyd", "dan"]),
        ('language is "fr"', ["cyd"]),
        ('language has "de"', ["ada", "bea"]),
        ("not country", ["dan"]),
        ('name is "Bea"', ["bea"]),
        ('email is "DAN@dan.example"', ["dan"]),
        ('domain is "cyd.example"', ["cyd"]),
        ('joined is "2026-11-23" and source is "people.csv"', ["ada", "bea", "cyd", "dan"]),
        ("nothing_of_the_kind", []),
    ],
)
def test_each_trait_can_be_asked_for(people: Ledger, only: str, who: list[str]) -> None:
    assert names(people, only) == who


def test_a_column_of_the_same_name_says_more_than_what_everybody_has(ledger: Ledger) -> None:
    take_in(ledger, Errand(list="weekly", source="people.csv", now=NOW), [member("ada", source="webinar")])
    assert names(ledger, 'source is "webinar"') == ["ada"]


def test_a_headcount_tells_who_is_suppressed_of_a_segment_alone(people: Ledger) -> None:
    for name in ("bea", "dan"):
        people.write(operate.suppress, f"{name}@{name}.example", f"{name}@{name}.example", "asked", NOW)
    assert segments.headcount(people, Segment(list="weekly", only=parse('tags has "ai"'))) == (2, 1)


def test_pages_do_not_show(people: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = names(people, "country")
    monkeypatch.setattr(segments, "PAGE", 1)
    monkeypatch.setattr(segments.page, "__defaults__", (1,))
    assert names(people, "country") == expected
    assert segments.headcount(people, Segment(list="weekly", only=parse("country"))) == (3, 0)


def test_a_survey_tells_how_many_have_what(people: Ledger) -> None:
    found = segments.survey(people, Segment(list="weekly", only=parse('tags has "ai"')))
    assert (found.members, found.chosen, found.names["country"]) == (4, 2, 3)


def freeze(outbox, make_edition, only: str, article: str = "a", **more):
    audience = enqueue.Audience(people=Members(list="weekly", only=parse(only)))
    edition = make_edition(article=article, list="weekly", **more)
    return enqueue.freeze(outbox.ledger, edition, audience, parts=1, now=NOW)


def test_a_segment_is_frozen_and_nobody_else_was_read(outbox, people, make_edition) -> None:
    people.write(operate.suppress, "bea@bea.example", "bea@bea.example", "asked", NOW)
    freeze(outbox, make_edition, 'tags has "ai"')
    assert outbox.counts() == {"rows_read": 2, "suppressed": 1, "recipients": 1, "queued": 1}
    sent = outbox.claim()
    assert [one.delivery.recipient.merge["country"] for one in sent] == ["DE"]


def test_leaving_leaves_the_list(outbox, people, make_edition) -> None:
    freeze(outbox, make_edition, 'tags has "ai"')
    found = people.read(find, "ada@ada.example")
    assert found is not None
    people.write(leaving.leave, found.number, "weekly", Act(how="one-click"), NOW)
    assert outbox.counts()["cancelled"] == 1
    assert names(people, 'tags has "ai"') == ["bea"]


def test_a_later_revision_goes_to_those_of_a_segment_who_did_not_get_it(outbox, people, make_edition) -> None:
    freeze(outbox, make_edition, 'tags has "ai"')
    outbox.record(outbox.claim(1), Sent(reply="250 ok"))
    freeze(outbox, make_edition, 'tags has "ai"', revision=2)
    second = outbox.counts("newsletter/article/a#2")
    assert second == {"rows_read": 2, "duplicate": 1, "recipients": 1, "queued": 1}


def test_a_freeze_that_was_cut_off_begins_anew_and_ends_the_same(
    outbox, people, make_edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    from postroom.outbox import filling

    swept = filling._sweep_segment

    def cut_off(connection, *args):
        found = swept(connection, *args)
        if found is None:
            raise RuntimeError("cut off")
        return found

    monkeypatch.setattr(filling, "_sweep_segment", cut_off)
    with pytest.raises(RuntimeError):
        freeze(outbox, make_edition, 'tags has "ai"')
    assert outbox.state() == "filling"
    monkeypatch.setattr(filling, "_sweep_segment", swept)
    freeze(outbox, make_edition, 'tags has "ai"')
    freeze(outbox, make_edition, 'tags has "ai"')
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}


HOSTILE = r"""
' OR '1'='1
' OR 1=1--
" OR "a"="a
'; DROP TABLE subscriber;--
1; DELETE FROM membership
' UNION SELECT uuid FROM subscriber--
admin'--
' OR 'x' LIKE '%
') OR ('1'='1
1 OR 1=1
'||(SELECT seal FROM subscriber)||'
'; ATTACH DATABASE '/tmp/x' AS x;--
'; PRAGMA writable_schema=1;--
%27%20OR%201=1
\'; SELECT 1;--
${jndi:x}
{{7*7}}
$$; SELECT pg_sleep(9);$$
'; COPY x TO PROGRAM 'id';--
' RLIKE SLEEP(9)--
'/**/OR/**/1=1
0x27204f5220
?
:name
%s
%(list)s
x' AND randomblob(1e9)--
\
' AND sleep(5)#
' HAVING 1=1--
' ORDER BY 99--
`id`
'; VACUUM INTO '/tmp/y';--
NULL
]]>
json('x')
""".strip().splitlines()
"""Texts as sqlmap tries them."""
SHAPES = ("tags has {}", "country is {}", "name in ({}, {})")
CONDITIONS = [shape.replace("{}", '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"') for text in HOSTILE
              for shape in SHAPES]  # fmt: skip


def everything(ledger: Ledger) -> list[object]:
    def rows(connection):
        return [sorted(map(str, connection.execute(select(table)))) for table in metadata.sorted_tables]

    return ledger.read(rows)


def test_what_looks_like_sql_in_a_condition_has_no_effect(people: Ledger) -> None:
    before = everything(people)
    assert len(CONDITIONS) > 100
    assert [only for only in CONDITIONS if names(people, only)] == []
    assert [only for only in CONDITIONS if len(names(people, f"not {only}")) != 4] == []
    for text in HOSTILE:
        try:
            names(people, text)
        except ConditionError:
            continue
    assert everything(people) == before


def test_what_looks_like_sql_in_a_file_is_stored_to_the_letter(ledger: Ledger) -> None:
    rows = [member(f"p{number}", (text,), country=text) for number, text in enumerate(HOSTILE * 3)]
    take_in(ledger, Errand(list=HOSTILE[3], source=HOSTILE[4], now=NOW), rows)
    assert ledger.read(lambda c: c.execute(select(func.count()).select_from(subscriber)).scalar_one()) == len(
        rows
    )
    found = list(segments.stream(ledger, Segment(list=HOSTILE[3], only=parse("country"))))
    assert [one.merge["country"] for one in found] == HOSTILE * 3


@pytest.mark.sqlite_only
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(only=st.sampled_from(["country", 'tags has "ai"', 'country is "DE"']), negated=st.booleans())
def test_a_segment_and_its_complement_are_the_whole_list(people: Ledger, only: str, negated: bool) -> None:
    first, second = (
        names(people, f"not ({only})" if negated else only),
        names(people, f"not not not ({only})"),
    )
    assert (sorted(first) == sorted(second)) is negated
    assert sorted({*names(people, only), *names(people, f"not ({only})")}) == ["ada", "bea", "cyd", "dan"]
