"""What comes back is kept once, and acted upon in the same way, in whatever order it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import delete, select

from postroom import verp
from postroom.model import Feedback, FeedbackKind, Sender, Sent, Thresholds
from postroom.outbox import erasing, feedback, meta, operate, reckoning, traces, wiping
from postroom.outbox.feedback import Acted, Heard
from postroom.outbox.tables import consent, departure, subscriber, suppression
from postroom.outbox.tables import feedback as kept
from postroom.outbox.traces import NO_MAIL, NOT_RECENT, NOT_SIGNED, NOT_THEIRS, UNKNOWN

from .conftest import NOW

KEYS = (b"k" * 32,)
LATER = NOW + timedelta(hours=1)
SOFT = Thresholds(bounced=1, deferred=3, within=timedelta(days=30))


def send(
    outbox,
    *names: str,
    article: str = "post-rooms",
    at: datetime = NOW,
    reply: str = "250 ok",
    greeting: str = "",
) -> dict[str, Any]:
    """Send an edition of the list `weekly` to people; return the deliveries by name."""
    outbox.freeze(*names, article=article, list="weekly", due_at=at, created_at=at, greeting=greeting)
    claimed = outbox.claim(now=at)
    outbox.record(claimed, Sent(reply=reply), now=at)
    return {one.delivery.recipient.name.lower(): one.delivery for one in claimed}


def token_of(delivery) -> str:
    return verp.token(KEYS, delivery.id, delivery.message_id)


def told(kind: str = "bounced", *, source: str = "mailbox", event: str = "e1", **facts: Any) -> Feedback:
    return Feedback(
        kind=FeedbackKind(kind),
        source=source,
        event=event,
        **{"status": "5.1.1", "reason": "nobody", **facts},
    )


def hear(outbox, *events: Feedback, at: datetime = LATER) -> Heard:
    return outbox.ledger.write(feedback.hear, events, at)


def act(outbox, thresholds: Thresholds = SOFT, at: datetime = LATER) -> Acted:
    return outbox.ledger.write(feedback.act, KEYS, thresholds, at)


def outcomes(outbox) -> list[str]:
    """What came of all that was told, in the order in which it was heard."""
    return [one.outcome for one in reversed(outbox.ledger.read(feedback.recent, 100))]


def given_up(outbox) -> list[str]:
    query = select(suppression.c.identity).order_by(suppression.c.identity)
    found = outbox.ledger.read(lambda connection: connection.execute(query).scalars().all())
    return [identity.partition("@")[0] for identity in found]


def left(outbox) -> list[str]:
    query = select(departure.c.list).order_by(departure.c.list)
    return outbox.ledger.read(lambda connection: list(connection.execute(query).scalars()))


def settle(outbox, *events: Feedback, at: datetime = LATER, thresholds: Thresholds = SOFT) -> list[str]:
    """Hear and act on some; return what came of all that was ever told."""
    hear(outbox, *events, at=at)
    act(outbox, thresholds, at)
    return outcomes(outbox)


def test_the_same_event_told_twice_is_kept_once(outbox) -> None:
    assert hear(outbox, told(), told(event="e2"), told()) == Heard(new=2, repeated=1)
    assert hear(outbox, told(reason="another story")) == Heard(new=0, repeated=1)
    assert [one.told.reason for one in outbox.ledger.read(feedback.recent, 9)] == ["nobody", "nobody"]


def test_the_same_name_of_another_source_is_another_event(outbox) -> None:
    assert hear(outbox, told(), told(source="ses")) == Heard(new=2, repeated=0)


def test_it_is_kept_as_it_was_told(outbox) -> None:
    whole = Feedback(
        kind=FeedbackKind.COMPLAINED, source="ses", event='a "\\ name', address="ada@example.com", message_id="x@y",
        remote_id="010f", token="1-a", status="5.7.1", reason="pressed {the} button, 'so'", at=NOW,
    )  # fmt: skip
    hear(outbox, whole)
    (one,) = outbox.ledger.read(feedback.recent, 9)
    assert (one.told, one.heard_at, one.edition, one.outcome) == (whole, LATER, "", "")


def test_a_bounce_with_our_token_gives_the_address_up(outbox) -> None:
    sent = send(outbox, "ada", "bea")
    assert settle(outbox, told(token=token_of(sent["ada"]).upper(), reason="user unknown")) == ["suppressed"]
    (found,) = outbox.ledger.read(operate.suppressions)
    assert (found.address, found.reason, found.source) == (
        "ada@example.com",
        "bounced: 5.1.1 user unknown",
        "mailbox",
    )
    (one,) = outbox.ledger.read(feedback.recent, 9)
    assert one.edition == "newsletter/article/post-rooms"


def test_what_is_queued_for_who_bounced_is_cancelled(outbox) -> None:
    sent = send(outbox, "ada")
    outbox.freeze("ada", article="next")
    settle(outbox, told(token=token_of(sent["ada"])))
    assert outbox.counts("newsletter/article/next")["cancelled"] == 1


def test_a_forged_token_does_nothing(outbox) -> None:
    sent = send(outbox, "ada")
    forged = verp.token((b"x" * 32,), sent["ada"].id, sent["ada"].message_id)
    assert settle(outbox, told(token=forged, address="ada@example.com")) == [NO_MAIL]
    assert given_up(outbox) == []


def test_a_token_is_good_for_its_own_mail_alone(outbox) -> None:
    sent = send(outbox, "ada", "bea")
    _, _, mac = token_of(sent["ada"]).partition("-")
    assert settle(outbox, told(token=f"{sent['bea'].id:x}-{mac}")) == [NO_MAIL]


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed", "deferred"])
def test_a_mail_that_gives_an_address_alone_does_nothing(outbox, kind: str) -> None:
    send(outbox, "ada")
    assert settle(outbox, told(kind, address="ada@example.com")) == [NO_MAIL]
    assert (given_up(outbox), left(outbox)) == ([], [])


def test_a_mail_that_names_ours_and_its_recipient_is_believed(outbox) -> None:
    sent = send(outbox, "ada")
    named = {"message_id": sent["ada"].message_id.upper(), "address": "ADA@example.com"}
    assert settle(outbox, told(**named)) == ["suppressed"]


def test_of_a_mail_with_an_address_of_its_own_nothing_but_that_address_is_believed(outbox) -> None:
    """Ada's own mail tells her how Bea's Message-ID must read."""
    sender = Sender(
        from_="News <news@example.org>", list_id="l", list_name="N", return_path="b+{token}@example.org"
    )
    outbox.freeze("ada", "bea", list="weekly", sender=sender)
    claimed = outbox.claim()
    outbox.record(claimed, Sent(reply="250 ok"), now=NOW)
    bea = next(one.delivery for one in claimed if one.delivery.recipient.name == "Bea")
    named = {"message_id": bea.message_id, "address": "bea@example.com"}
    assert settle(outbox, told(**named)) == [NOT_SIGNED]
    assert given_up(outbox) == []
    assert settle(outbox, told(event="e2", token=token_of(bea), **named))[1] == "suppressed"


def test_no_stranger_proves_a_bounce_by_a_mail_that_they_caused(outbox) -> None:
    """Who signs up with two addresses gets one mail, and knows from it how the other's Message-ID reads."""
    sent = send(outbox, "ada", article="welcome", greeting="confirm")
    named = {"message_id": sent["ada"].message_id, "address": "ada@example.com"}
    assert settle(outbox, told(**named)) == [NOT_SIGNED]
    assert settle(outbox, told(event="e2", token=token_of(sent["ada"]), **named))[1] == "suppressed"


def test_a_mail_that_names_ours_and_another_recipient_is_not(outbox) -> None:
    sent = send(outbox, "ada", "bea")
    assert settle(outbox, told(message_id=sent["bea"].message_id, address="ada@example.com")) == [NOT_THEIRS]
    assert settle(outbox, told(event="e2", message_id=sent["bea"].message_id))[1] == NOT_THEIRS
    assert given_up(outbox) == []


def test_a_mail_about_one_of_ours_is_believed_for_seven_days(outbox) -> None:
    sent = send(outbox, "ada")
    named = {"message_id": sent["ada"].message_id, "address": "ada@example.com"}
    too_late = NOW + timedelta(days=7, seconds=1)
    assert settle(outbox, told(**named), at=too_late) == [NOT_RECENT]
    assert settle(outbox, told(event="e2", **named), at=NOW + timedelta(days=7))[1] == "suppressed"


def test_a_mail_about_one_that_was_not_sent_is_not_believed(outbox) -> None:
    outbox.freeze("ada")
    (row,) = outbox.deliveries()
    named = {"message_id": row.delivery.message_id, "address": "ada@example.com"}
    assert settle(outbox, told(**named)) == [NOT_RECENT]


def test_a_message_id_of_another_edition_or_domain_is_none_of_ours(outbox) -> None:
    sent = send(outbox, "ada")
    ours = sent["ada"].message_id
    stem, _, domain = ours.partition("@")
    others = ["0" * 24 + ours[24:], f"{stem}@other.example", f"{stem}9@{domain}", f"x{ours}", "", "@", "a@b"]
    events = [told(event=name, message_id=name, address="ada@example.com") for name in others]
    assert set(settle(outbox, *events)) == {NO_MAIL}


def test_a_provider_is_believed_about_a_subscriber(outbox) -> None:
    send(outbox, "ada")
    assert settle(outbox, told(source="postmark", address="Ada@example.com")) == ["suppressed"]
    assert given_up(outbox) == ["ada"]


@pytest.mark.parametrize("kind", ["bounced", "complained", "unsubscribed", "deferred"])
def test_a_provider_is_not_believed_about_strangers(outbox, kind: str) -> None:
    send(outbox, "ada")
    assert (
        settle(
            outbox, told(kind, source="ses", address="zoe@example.com"), told(kind, source="ses", event="e2")
        )
        == [UNKNOWN] * 2
    )
    assert given_up(outbox) == []


def test_a_provider_that_names_one_mail_and_another_person_means_the_person(outbox) -> None:
    sent = send(outbox, "ada", "bea")
    settle(outbox, told(source="ses", address="bea@example.com", message_id=sent["ada"].message_id))
    assert given_up(outbox) == ["bea"]


def test_a_provider_that_names_the_mail_alone_means_its_recipient(outbox) -> None:
    sent = send(outbox, "ada", "bea")
    settle(outbox, told("complained", source="ses", message_id=sent["ada"].message_id))
    assert given_up(outbox) == ["ada"]


def test_a_mail_is_found_by_the_name_that_its_provider_gave_it(outbox) -> None:
    send(outbox, "ada", reply="250 Ok 0102018e-4f_a-000000")
    settle(outbox, told(source="ses", address="ada@example.com", remote_id="0102018e-4f_a-000000"))
    (one,) = outbox.ledger.read(feedback.recent, 9)
    assert one.edition == "newsletter/article/post-rooms"


@pytest.mark.parametrize("remote", ["%%%%%%%%%%", "0102018e-4f_a-000001", "", "250 Ok 0102018e"])
def test_a_name_that_no_answer_held_finds_no_mail(outbox, remote: str) -> None:
    send(outbox, "ada", reply="250 Ok 0102018e-4f_a-000000")
    settle(outbox, told(source="ses", address="ada@example.com", remote_id=remote))
    (one,) = outbox.ledger.read(feedback.recent, 9)
    assert (one.edition, one.outcome) == ("", "suppressed")


def test_who_complained_gets_nothing_more(outbox) -> None:
    sent = send(outbox, "ada")
    assert settle(outbox, told("complained", token=token_of(sent["ada"]), status="", reason="abuse")) == [
        "suppressed"
    ]
    assert [one.reason for one in outbox.ledger.read(operate.suppressions)] == ["complained: abuse"]


def test_the_reason_of_a_suppression_stays_short(outbox) -> None:
    sent = send(outbox, "ada")
    settle(outbox, told(token=token_of(sent["ada"]), reason="x" * 500))
    assert [len(one.reason) for one in outbox.ledger.read(operate.suppressions)] == [feedback.MAX_REASON]


def test_who_unsubscribes_at_the_provider_leaves_the_list_of_that_mail(outbox) -> None:
    sent = send(outbox, "ada")
    assert settle(outbox, told("unsubscribed", source="ses", message_id=sent["ada"].message_id)) == [
        "left weekly"
    ]
    assert (left(outbox), given_up(outbox)) == (["weekly"], [])
    assert (
        settle(outbox, told("unsubscribed", source="ses", event="e2", message_id=sent["ada"].message_id))[1]
        == "had left weekly"
    )


def test_who_unsubscribes_of_no_known_mail_leaves_all_lists(outbox) -> None:
    send(outbox, "ada")
    outbox.freeze("ada", article="other", list="monthly")
    assert settle(outbox, told("unsubscribed", source="postmark", address="ada@example.com")) == [
        "left monthly, weekly"
    ]
    assert left(outbox) == ["monthly", "weekly"]
    assert (
        settle(outbox, told("unsubscribed", source="postmark", event="e2", address="ada@example.com"))[1]
        == "was on no list"
    )


def test_hard_bounces_count_by_mail_whoever_tells_of_them(outbox) -> None:
    twice = Thresholds(bounced=2)
    first = token_of(send(outbox, "ada")["ada"])
    events = [told(token=first), told(event="e2", token=first), told(source="ses", token=first)]
    assert settle(outbox, *events, thresholds=twice) == ["counted 1 of 2"] * 3
    second = token_of(send(outbox, "ada", article="second")["ada"])
    assert settle(outbox, told(event="e3", token=second), thresholds=twice)[-1] == "suppressed"
    assert settle(outbox, told(event="e4", token=second), thresholds=twice)[-1] == "already suppressed"


def soft(outbox, *days: int) -> list[Feedback]:
    """Send a mail on each of some days; return the reports that none of them arrived."""
    events = []
    for day in days:
        at = NOW + timedelta(days=day)
        sent = send(outbox, "ada", article=f"day-{day}", at=at)
        events.append(
            told(
                "deferred",
                event=f"soft-{day}",
                token=token_of(sent["ada"]),
                status="4.2.2",
                reason="full",
                at=at,
            )
        )
    return events


def test_a_full_mailbox_is_given_up_after_as_many_mails_within_the_period(outbox) -> None:
    for day, outcome in ((0, "counted 1 of 3"), (15, "counted 2 of 3"), (30, "suppressed")):
        assert settle(outbox, *soft(outbox, day), at=NOW + timedelta(days=day, hours=1))[-1] == outcome
    assert [one.reason for one in outbox.ledger.read(operate.suppressions)] == ["deferred: 4.2.2 full"]


def test_delays_of_the_same_mail_count_once(outbox) -> None:
    (event,) = soft(outbox, 0)
    events = [
        replace(event, event=f"delay-{number}", at=NOW + timedelta(hours=number)) for number in range(6)
    ]
    assert settle(outbox, *events) == ["counted 1 of 3"] * 6


def test_mails_that_came_back_over_a_longer_time_than_the_period_do_not_count_together(outbox) -> None:
    events = soft(outbox, 0, 15, 31)
    assert settle(outbox, *events, at=NOW + timedelta(days=32))[-1] == "counted 2 of 3"


def test_a_mail_that_arrived_ends_the_count(outbox) -> None:
    before = soft(outbox, 0, 1)
    send(outbox, "ada", article="arrives", at=NOW + timedelta(days=2))
    after = soft(outbox, 8)
    assert settle(outbox, *before, *after, at=NOW + timedelta(days=9)) == [
        "counted 0 of 3",
        "counted 0 of 3",
        "counted 1 of 3",
    ]


def test_those_who_join_hide_no_mail_that_arrived(outbox) -> None:
    """Each of them is greeted by an edition of their own, and only the newest two hundred are looked through."""
    before = soft(outbox, 0, 1)
    send(outbox, "ada", article="arrives", at=NOW + timedelta(days=2))
    for number in range(201):
        at = NOW + timedelta(days=3)
        send(outbox, "bea", article=f"greeting-{number}", greeting="confirm", at=at)
    after = soft(outbox, 8)
    assert settle(outbox, *before, *after, at=NOW + timedelta(days=9))[-1] == "counted 1 of 3"


def test_a_mail_of_yesterday_may_still_come_back_and_ends_no_count(outbox) -> None:
    before = soft(outbox, 0, 1)
    send(outbox, "ada", article="on-its-way", at=NOW + timedelta(days=2))
    after = soft(outbox, 3)
    assert settle(outbox, *before, *after, at=NOW + timedelta(days=4))[-1] == "suppressed"


def test_undoing_forgives_what_came_back_before(outbox) -> None:
    sent = token_of(send(outbox, "ada")["ada"])
    settle(outbox, told(token=sent))
    assert outbox.ledger.write(operate.unsuppress, "ada@example.com")
    assert hear(outbox, told(token=sent)) == Heard(new=0, repeated=1)
    again = settle(outbox, told(event="told by another", token=sent), told(source="ses", token=sent))
    assert again == ["forgiven", "forgiven before", "forgiven before"]
    assert given_up(outbox) == []


def test_after_an_undo_counting_begins_anew(outbox) -> None:
    events = soft(outbox, 0, 1, 2)
    settle(outbox, *events, at=NOW + timedelta(days=3))
    outbox.ledger.write(operate.unsuppress, "ada@example.com")
    (fourth,) = soft(outbox, 3)
    assert settle(outbox, fourth, at=NOW + timedelta(days=4))[-1] == "counted 1 of 3"


def test_a_mail_that_bounces_after_an_undo_gives_the_address_up_again(outbox) -> None:
    settle(outbox, told(token=token_of(send(outbox, "ada")["ada"])))
    outbox.ledger.write(operate.unsuppress, "ada@example.com")
    second = token_of(send(outbox, "ada", article="second")["ada"])
    assert settle(outbox, told(event="e2", token=second))[-1] == "suppressed"


def test_it_is_acted_on_in_portions_the_eldest_first(outbox) -> None:
    send(outbox, "ada")
    hear(outbox, *(told(event=f"{number:02}", address="x@example.com") for number in range(12)))
    seen = [outbox.ledger.write(feedback.act, KEYS, SOFT, LATER, 5).seen for _ in range(4)]
    assert seen == [5, 5, 2, 0]
    assert outbox.ledger.read(feedback.waiting) == 0


def test_what_waits_is_counted_up_to_a_number(outbox) -> None:
    hear(outbox, *(told(event=str(number)) for number in range(12)))
    assert outbox.ledger.read(feedback.waiting) == 12
    assert outbox.ledger.read(feedback.waiting, 5) == 5


def test_it_says_how_many_were_given_up_and_how_many_left(outbox) -> None:
    sent = send(outbox, "ada", "bea", "cleo")
    hear(
        outbox,
        told(token=token_of(sent["ada"])),
        told("unsubscribed", event="e2", token=token_of(sent["bea"])),
        told("deferred", event="e3", token=token_of(sent["cleo"])),
    )
    assert act(outbox) == Acted(seen=3, suppressed=1, left=1)


def test_of_who_was_erased_nothing_comes_back(outbox) -> None:
    sent = send(outbox, "ada")
    outbox.ledger.write(erasing.erase, "ada@example.com", LATER)
    whom = {"address": "Ada@example.com", "reason": "no ada here"}
    events = told(token=token_of(sent["ada"]), **whom), told(source="ses", **whom)
    assert settle(outbox, *events) == ["erased"] * 2
    rows = [one.told for one in outbox.ledger.read(feedback.recent, 9)]
    assert {(one.address, one.reason, one.token, one.message_id) for one in rows} == {("", "", "", "")}
    assert given_up(outbox) == []


@pytest.mark.parametrize("named", [True, False])
def test_of_who_was_erased_no_report_is_kept_that_is_not_believed(outbox, named: bool) -> None:
    sent = send(outbox, "ada")
    outbox.ledger.write(erasing.erase, "ada@example.com", LATER)
    outbox.ledger.write(lambda connection: meta.put(connection, "erasures_wiped", "1"))
    message_id = sent["ada"].message_id if named else ""
    event = told(address="Ada@example.com", reason="550 ada@example.com unknown", message_id=message_id)
    assert settle(outbox, event) == ["erased"]
    (one,) = outbox.ledger.read(feedback.recent, 9)
    assert (one.told.address, one.told.reason, one.told.message_id) == ("", "", "")
    is_file = outbox.ledger.url.startswith("sqlite")
    assert outbox.ledger.read(wiping.due) == is_file  # what was deleted is still in the file


def test_what_somebody_said_at_the_provider_is_written_down(outbox) -> None:
    sent = send(outbox, "ada")
    settle(outbox, told("unsubscribed", source="ses", message_id=sent["ada"].message_id))
    query = select(consent.c.what, consent.c.how, consent.c.source)
    said = outbox.ledger.read(lambda connection: connection.execute(query).all())
    assert said == [("left", "unsubscribed", "ses")]


PEOPLE = ("ada", "bea", "cleo")
MAILS = 5


def as_in_the_model(
    events: Sequence[tuple[int, int, str]], thresholds: Thresholds
) -> tuple[list[str], list[str]]:
    """Who is given up and who left, by the rules in few words: events are (whose, of which mail, what)."""
    given, gone = set(), set()
    for whose, person in enumerate(PEOPLE):
        mine = {(mail, what) for who, mail, what in events if who == whose}
        hard = {mail for mail, what in mine if what == "bounced"}
        full = {mail for mail, what in mine if what == "deferred"}
        arrived = max((mail for mail in range(MAILS) if mail not in hard | full), default=-1)
        in_a_row = [mail for mail in full if mail > arrived]
        if len(hard) >= thresholds.bounced or len(in_a_row) >= thresholds.deferred:
            given.add(person)
        if any(what == "complained" for _, what in mine):
            given.add(person)
        if any(what == "unsubscribed" for _, what in mine):
            gone.add(person)
    return sorted(given), sorted(gone)


happenings = st.tuples(
    st.integers(0, len(PEOPLE) - 1),
    st.integers(0, MAILS - 1),
    st.sampled_from([str(kind) for kind in FeedbackKind]),
)


@pytest.fixture
def sent_daily(outbox) -> list[dict[str, Any]]:
    """Five mails to three people, a day apart."""
    return [send(outbox, *PEOPLE, article=f"day-{day}", at=NOW + timedelta(days=day)) for day in range(MAILS)]


@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    events=st.lists(happenings, max_size=14),
    order=st.randoms(use_true_random=False),
    thresholds=st.builds(Thresholds, bounced=st.integers(1, 3), deferred=st.integers(1, 4)),
    portion=st.integers(1, 7),
)
def test_order_repeats_and_portions_make_no_difference_to_the_end(
    outbox, sent_daily, events, order, thresholds, portion
) -> None:
    def forget(connection) -> None:
        for table in (kept, suppression, departure, consent):
            connection.execute(delete(table))

    outbox.ledger.write(forget)
    told_of = [
        told(
            what,
            event=f"{who}/{mail}/{what}",
            source=source,
            token=token_of(sent_daily[mail][PEOPLE[who]]),
            at=NOW + timedelta(days=mail, hours=1),
        )
        for who, mail, what in events
        for source in ("mailbox", "ses")
    ]
    stream = [*told_of, *order.sample(told_of, len(told_of) // 3)]
    order.shuffle(stream)
    now = NOW + timedelta(days=20)
    while stream:
        hear(outbox, *stream[:portion], at=now)
        stream = stream[portion:]
        outbox.ledger.write(feedback.act, KEYS, thresholds, now, portion)
    while act(outbox, thresholds, now).seen:
        pass
    gone = select(subscriber.c.identity).join(departure, departure.c.subscriber_id == subscriber.c.id)
    found = outbox.ledger.read(lambda connection: connection.execute(gone).scalars().all())
    state = given_up(outbox), sorted(one.partition("@")[0] for one in found)
    assert state == as_in_the_model(events, thresholds)


@pytest.mark.sqlite_only
def test_no_look_up_reads_more_than_one_persons_mails(outbox) -> None:
    def plans(connection) -> list[str]:
        found = []
        for hot in (traces._MAIL, traces._PERSON, traces._NAMED, reckoning._LAST_ARRIVED, reckoning._THEIRS):
            compiled = hot._statement.compile(dialect=connection.dialect)
            marks = tuple("[]" if name == "ids" else 1 for name in compiled.positiontup)
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled.string}", marks).all()
            found += [row[3] for row in rows]
        return found

    scans = [
        plan for plan in outbox.ledger.read(plans) if plan.startswith("SCAN") and "json_each" not in plan
    ]
    assert scans == []
