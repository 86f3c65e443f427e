"""What a file tells of people is stored: where they stand, what they agreed to, tags and language; once."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from postroom.model import Consent, Deferred, Member, MembershipState, Recipient
from postroom.outbox import Ledger, enqueue, intake, leaving, operate, person, status
from postroom.outbox.erasures import note
from postroom.outbox.intake import Taken, take_in
from postroom.outbox.leaving import Act
from postroom.outbox.standings import Errand
from postroom.outbox.tables import metadata

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LONG_AGO = datetime(2024, 6, 25, 9, 26, tzinfo=UTC)
AGREED = Consent(at=LONG_AGO, how="sign-up form", source="192.0.2.7")
S = MembershipState
TABLES = ("subscriber", "membership", "departure", "request", "consent", "suppression", "delivery", "edition")


def recipient(name: str, merge: dict[str, str]) -> Recipient:
    address = f"{name}@example.com"
    values = {"name": name.title(), "first_name": name.title(), **merge}
    return Recipient(address=address, identity=address, domain="example.com", name=name.title(), merge=values)


def member(name: str, state: MembershipState = S.CONFIRMED, **more) -> Member:
    merge = more.pop("merge", {})
    return Member(recipient=recipient(name, merge), state=state, **more)


def load(ledger: Ledger, *members: Member, now: datetime = NOW, update: bool = False) -> Taken:
    return take_in(ledger, Errand(list="weekly", source="people.csv", now=now, update=update), members)


def of(ledger: Ledger, name: str) -> person.Person:
    found = ledger.read(person.find, f"{name}@example.com")
    assert found is not None
    return found


def stands(ledger: Ledger, name: str) -> list[str]:
    found = of(ledger, name)
    return [each.how for each in found.standings] + ([found.suppressed.reason] if found.suppressed else [])


def said(ledger: Ledger, name: str) -> list[tuple[str, str, str, datetime]]:
    return [(each.what, each.how, each.source, each.at) for each in of(ledger, name).statements]


def dump(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables that an import may touch."""

    def rows(connection):
        return {
            name: sorted(map(tuple, connection.execute(select(metadata.tables[name]))), key=repr)
            for name in TABLES
        }

    return ledger.read(rows)


EVERYBODY = (
    member("ada", tags=("lead", "ai"), language="de", consent=AGREED, merge={"city": "Bern"}),
    member("bea", S.UNCONFIRMED, consent=Consent(how="customer")),
    member("cyd", S.UNSUBSCRIBED, consent=AGREED, ended_at=LONG_AGO + timedelta(days=9)),
    member("dan", S.BOUNCED, ended_at=LONG_AGO),
    member("eve", S.COMPLAINED),
)


def test_each_comes_to_the_state_that_the_file_tells(ledger: Ledger) -> None:
    taken = load(ledger, *EVERYBODY)
    assert taken.changed == dict.fromkeys(S, 1)
    names = ("ada", "bea", "cyd", "dan", "eve")
    found = {name: stands(ledger, name) for name in names}
    assert found == {
        "ada": ["on"],
        "bea": ["asked"],
        "cyd": ["left"],
        "dan": ["bounced"],
        "eve": ["complained"],
    }
    suppressed = of(ledger, "dan").suppressed
    assert suppressed is not None
    assert (suppressed.source, suppressed.at) == ("people.csv", LONG_AGO)


def test_what_they_agreed_to_is_kept_with_its_own_date(ledger: Ledger) -> None:
    load(ledger, *EVERYBODY)
    agreed = ("confirmed", "sign-up form", "192.0.2.7", LONG_AGO)
    assert said(ledger, "ada") == [agreed]
    assert said(ledger, "bea") == [("asked", "customer", "people.csv", NOW)]
    assert said(ledger, "cyd") == [agreed, ("left", "import", "people.csv", LONG_AGO + timedelta(days=9))]


def test_tags_and_language_are_kept(ledger: Ledger) -> None:
    load(ledger, *EVERYBODY)
    found = of(ledger, "ada")
    assert (found.tags, found.language, found.attributes["city"]) == (("ai", "lead"), "de", "Bern")


def test_who_left_in_the_future_left_now(ledger: Ledger) -> None:
    load(ledger, member("cyd", S.UNSUBSCRIBED, ended_at=LATER))
    assert said(ledger, "cyd")[0][3] == NOW


def test_the_same_file_again_changes_no_table(ledger: Ledger) -> None:
    load(ledger, *EVERYBODY)
    before = dump(ledger)
    again = load(ledger, *EVERYBODY, now=LATER)
    assert dump(ledger) == before
    assert (again.changed.total(), again.already, again.told_more) == (0, 1, 0)
    load(ledger, *EVERYBODY, now=LATER, update=True)
    assert dump(ledger) == before


def test_nobody_who_left_is_brought_back(ledger: Ledger) -> None:
    load(ledger, member("ada"))
    number = of(ledger, "ada").number
    ledger.write(leaving.leave, number, "weekly", Act(how="one-click"), NOW)
    taken = load(ledger, member("ada"), member("ada", S.UNCONFIRMED), now=LATER)
    assert (taken.changed.total(), taken.kept_out, stands(ledger, "ada")) == (0, 1, ["left"])


def test_who_had_their_data_erased_is_not_even_written_down(ledger: Ledger) -> None:
    ledger.write(note, "dan@example.com", NOW)
    taken = load(ledger, member("ada"), member("dan", S.BOUNCED), member("dan"))
    assert (taken.erased, taken.changed.total()) == (1, 1)
    assert "dan@" not in str(dump(ledger))


def test_a_wish_is_settled_once_the_file_confirms_it_and_an_import_asks_no_member_again(
    ledger: Ledger,
) -> None:
    load(ledger, member("bea", S.UNCONFIRMED))
    load(ledger, member("bea"), now=LATER)
    assert stands(ledger, "bea") == ["on"]
    taken = load(ledger, member("bea", S.UNCONFIRMED), now=LATER)
    assert (taken.stay, taken.staying, stands(ledger, "bea")) == (1, ["bea@example.com"], ["on"])


def test_several_rows_of_one_person_count_together_and_whoever_left_has_left(ledger: Ledger) -> None:
    rows = (
        member("ada", tags=("a",), merge={"city": "Bern"}),
        member("ada", S.UNSUBSCRIBED, tags=("b",), merge={"city": "Rome", "plan": "pro"}),
        member("ada", S.BOUNCED),
    )
    load(ledger, *rows)
    found = of(ledger, "ada")
    assert stands(ledger, "ada") == ["left", "bounced"]
    assert (found.tags, found.attributes["city"], found.attributes["plan"]) == (("a", "b"), "Bern", "pro")
    before = dump(ledger)
    load(ledger, *rows, now=LATER)
    assert dump(ledger) == before


def test_what_is_empty_is_filled_and_what_is_known_stays_unless_the_file_shall_win(ledger: Ledger) -> None:
    load(ledger, member("ada", tags=("a",), merge={"city": "Bern", "plan": ""}))
    news = member("ada", tags=("b",), language="fr", merge={"city": "Rome", "plan": "pro", "name": ""})
    assert load(ledger, news).told_more == 1
    found = of(ledger, "ada")
    assert (found.attributes["city"], found.attributes["plan"]) == ("Bern", "pro")
    assert (found.tags, found.language, found.name) == (("a", "b"), "fr", "Ada")
    load(ledger, replace(news, language="it"), update=True)
    found = of(ledger, "ada")
    assert (found.attributes["city"], found.language, found.attributes["name"]) == ("Rome", "it", "Ada")


def test_frozen_mail_stays_as_it_was_approved(outbox, make_edition) -> None:
    load(outbox.ledger, member("ada", merge={"city": "Bern"}), member("bea"))
    audience = enqueue.Audience(people=enqueue.Members(list="weekly"))
    enqueue.freeze(outbox.ledger, make_edition(list="weekly"), audience, parts=1, now=NOW)
    load(outbox.ledger, member("ada", merge={"city": "Rome"}), now=LATER, update=True)
    claimed = outbox.claim()
    assert [one.delivery.recipient.merge.get("city") for one in claimed] == ["Bern", None]
    assert of(outbox.ledger, "ada").attributes["city"] == "Rome"
    outbox.record(claimed, Deferred(reason="450 later"), retry_at=LATER)
    load(outbox.ledger, member("ada", merge={"city": "Oslo"}), now=LATER, update=True)
    again = outbox.claim(now=LATER)
    assert again[0].delivery.recipient.merge["city"] == "Bern"
    assert outbox.ledger.read(status.reconcile) == []


def test_what_waits_for_who_left_or_bounced_is_cancelled(outbox, make_edition) -> None:
    load(outbox.ledger, member("ada"), member("bea"), member("cyd"))
    for name in ("weekly", "other"):
        people = enqueue.Audience(people=enqueue.Members(list="weekly"))
        edition = make_edition(article=name, list=name)
        enqueue.freeze(outbox.ledger, edition, people, parts=1, now=NOW)
    load(outbox.ledger, member("ada", S.UNSUBSCRIBED), member("bea", S.BOUNCED))
    assert outbox.counts("newsletter/article/weekly") == {
        "rows_read": 3, "recipients": 3, "queued": 1, "cancelled": 2,
    }  # fmt: skip
    assert outbox.counts("newsletter/article/other")["cancelled"] == 1
    assert len(outbox.claim()) == 3


def test_a_suppression_keeps_its_first_reason(ledger: Ledger) -> None:
    ledger.write(operate.suppress, "dan@example.com", "dan@example.com", "asked", NOW)
    assert load(ledger, member("dan", S.BOUNCED)).changed.total() == 0
    assert stands(ledger, "dan") == ["asked"]


PEOPLE = st.lists(
    st.builds(
        member,
        st.sampled_from(["ada", "bea", "cyd"]),
        st.sampled_from(list(S)),
        tags=st.lists(st.sampled_from(["a", "b"])).map(tuple),
        language=st.sampled_from(["", "de", "fr"]),
        merge=st.dictionaries(st.sampled_from(["city", "plan"]), st.sampled_from(["", "x", "y"])),
        consent=st.sampled_from([None, AGREED]),
    ),
    max_size=8,
)


@pytest.mark.sqlite_only
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=PEOPLE, page=st.sampled_from([1, 2, 20_000]))
def test_any_import_again_changes_nothing_however_it_is_paged(
    ledger: Ledger, members: Sequence[Member], page: int
) -> None:
    def empty(connection) -> None:
        for name in TABLES[:6][::-1]:
            connection.execute(text(f"DELETE FROM {name}"))

    ledger.write(empty)
    usual, intake.PAGE = intake.PAGE, page
    try:
        load(ledger, *members)
        before = dump(ledger)
        load(ledger, *members, now=LATER)
    finally:
        intake.PAGE = usual
    assert dump(ledger) == before
    for name in {each.recipient.name.lower() for each in members}:
        theirs = {each.state for each in members if each.recipient.name.lower() == name}
        assert ("left" in stands(ledger, name)) == (S.UNSUBSCRIBED in theirs)
        assert ("on" in stands(ledger, name)) == (S.CONFIRMED in theirs and S.UNSUBSCRIBED not in theirs)


SCRIPT = """
    import sys
    from datetime import UTC, datetime
    from postroom.model import Consent, Member, MembershipState, Recipient
    from postroom.outbox import Ledger, intake
    from postroom.outbox.standings import Errand
    intake.PAGE = 500
    AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    def members():
        states = list(MembershipState)
        for number in range(30_000):
            address = f"reader{number}@example.org"
            who = Recipient(address=address, identity=address, domain="example.org", merge={"n": str(number)})
            agreed = Consent(at=AT, how="form") if number % 3 else None
            yield Member(recipient=who, state=states[number % 5], tags=(f"t{number % 7}",), consent=agreed)
            if number == 2_000:
                print("under way", flush=True)
    with Ledger(sys.argv[1]) as ledger:
        intake.take_in(ledger, Errand(list="weekly", source="a.csv", now=AT), members())
"""
_OF = "x JOIN subscriber s ON s.id = x.subscriber_id"
SAME = (
    "SELECT 's', identity, address, name, attributes, tags, language, source, created_at FROM subscriber",
    f"SELECT 'm', identity, list, x.created_at FROM membership {_OF}",
    f"SELECT 'd', identity, list, at FROM departure {_OF}",
    f"SELECT 'r', identity, list, at FROM request {_OF}",
    f"SELECT 'c', identity, list, at, what, how, x.source FROM consent {_OF}",
    "SELECT 'x', identity, address, reason, at, source FROM suppression",
)


def everything(url: str) -> list[str]:
    with Ledger(url) as ledger:
        return ledger.read(lambda c: sorted(str(row) for query in SAME for row in c.execute(text(query))))


@pytest.mark.sqlite_only
def test_a_kill_at_any_moment_and_a_second_run_give_the_same_tables(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))

    def begun(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(script), f"sqlite:///{tmp_path / name}"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def rows_after(name: str, seconds: float | None = None) -> list[str]:
        """Import, and kill it so many seconds after it began; return what there is then."""
        with begun(name) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "under way\n"
            if seconds is not None:
                time.sleep(seconds)
                process.kill()
            process.communicate(timeout=120)
        assert process.returncode == (0 if seconds is None else -signal.SIGKILL)
        return everything(f"sqlite:///{tmp_path / name}")

    expected = rows_after("whole.db")
    assert len(expected) > 50_000
    for number, seconds in enumerate((0.0, 0.05, 0.15)):
        assert 0 < len(rows_after(f"{number}.db", seconds)) < len(expected)
        assert rows_after(f"{number}.db") == expected
