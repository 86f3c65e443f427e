"""Postmark: who knows user and password is read; what Postmark calls a bounce is one only where the mailbox is bad.

Records are those of Postmark's developer pages (Bounce, Spam complaint and Subscription change webhook; Bounce
types; read 2026-11-23).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback.webhooks import Rejected, postmark
from postroom.model import Feedback, FeedbackKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SETTINGS = postmark.Settings(username="postmark", password="correct:horse")


def basic(credentials: str = "postmark:correct:horse", scheme: str = "Basic") -> dict[str, str]:
    return {
        "Authorization": f"{scheme} {base64.b64encode(credentials.encode()).decode()}",
        "Content-Type": "application/json",
    }


BOUNCE: dict[str, Any] = {
    "RecordType": "Bounce",
    "MessageStream": "broadcast",
    "ID": 4323372036854775807,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Tag": "Test",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Metadata": {"a_key": "a_value"},
    "ServerID": 1234,
    "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
    "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
    "Email": "Ada@Readers.example",
    "From": "news@learning.example",
    "BouncedAt": "2026-11-23T11:33:54.9070259Z",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "Test subject",
    "Content": "<Full dump of bounce>",
}
COMPLAINT = {
    **BOUNCE,
    "RecordType": "SpamComplaint",
    "Type": "SpamComplaint",
    "TypeCode": 100001,
    "ID": 42,
    "Details": "",
}
CHANGE: dict[str, Any] = {
    "RecordType": "SubscriptionChange",
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "ServerID": 123456,
    "MessageStream": "broadcast",
    "ChangedAt": "2026-11-23T10:53:34.416071Z",
    "Recipient": "ada@readers.example",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
    "Tag": "my-tag",
    "Metadata": {"example": "value"},
}


def read(
    record: object, headers: dict[str, str] | None = None, settings: postmark.Settings = SETTINGS
) -> object:
    raw = record if isinstance(record, bytes) else json.dumps(record).encode()
    return postmark.read(raw, basic() if headers is None else headers, settings, NOW)


def told(record: object) -> Feedback:
    answer = read(record)
    assert isinstance(answer, tuple)
    (feedback,) = answer
    assert isinstance(feedback, Feedback)
    return feedback


def test_a_hard_bounce_is_read_whole() -> None:
    assert told(BOUNCE) == Feedback(
        kind=FeedbackKind.BOUNCED,
        source="postmark",
        event="bounce-4323372036854775807",
        address="Ada@readers.example",
        remote_id="883953f4-6105-42a2-a16a-77a8eac79483",
        status="5.1.1",
        reason="HardBounce: smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        at=datetime(2026, 11, 23, 11, 33, 54, 907025, tzinfo=UTC),
    )


def test_a_complaint_and_a_departure_are_read() -> None:
    complaint, departure = told(COMPLAINT), told(CHANGE)
    assert (complaint.kind, complaint.event) == (FeedbackKind.COMPLAINED, "bounce-42")
    assert (departure.kind, departure.address) == (FeedbackKind.UNSUBSCRIBED, "ada@readers.example")
    assert departure.reason == "ManualSuppression by Recipient"


DEFERRED = [
    "Transient",
    "DnsError",
    "SpamNotification",
    "Unknown",
    "SoftBounce",
    "VirusNotification",
    "ManuallyDeactivated",
    "Unconfirmed",
    "Blocked",
    "SMTPApiError",
    "InboundError",
    "DMARCPolicy",
    "TypeOfTomorrow",
]


@pytest.mark.parametrize("kind", DEFERRED)
def test_what_is_no_bad_mailbox_is_deferred(kind: str) -> None:
    assert told({**BOUNCE, "Type": kind}).kind is FeedbackKind.DEFERRED


@pytest.mark.parametrize(
    "kind",
    [
        "AutoResponder",
        "Subscribe",
        "AddressChange",
        "OpenRelayTest",
        "ChallengeVerification",
        "TemplateRenderingFailed",
    ],
)
def test_what_says_nothing_of_delivery_gives_nothing(kind: str) -> None:
    assert read({**BOUNCE, "Type": kind}) == ()


@pytest.mark.parametrize(
    ("kind", "details", "means"),
    [
        ("BadEmailAddress", "", FeedbackKind.BOUNCED),
        ("Unsubscribe", "", FeedbackKind.UNSUBSCRIBED),
        ("SpamComplaint", "", FeedbackKind.COMPLAINED),
        ("HardBounce", "action: failed", FeedbackKind.BOUNCED),
        ("HardBounce", "smtp;550 5.7.1 blocked using spamhaus", FeedbackKind.DEFERRED),
        ("HardBounce", "smtp;552 5.2.2 mailbox full", FeedbackKind.DEFERRED),
    ],
)
def test_a_type_is_believed_unless_the_answer_denies_it(kind: str, details: str, means: FeedbackKind) -> None:
    assert told({**BOUNCE, "Type": kind, "Details": details}).kind is means


@pytest.mark.parametrize(
    ("why", "means"),
    [
        ("HardBounce", FeedbackKind.BOUNCED),
        ("SpamComplaint", FeedbackKind.COMPLAINED),
        ("ManualSuppression", FeedbackKind.UNSUBSCRIBED),
    ],
)
def test_a_suppression_means_what_its_reason_says(why: str, means: FeedbackKind) -> None:
    assert told({**CHANGE, "SuppressionReason": why}).kind is means


def test_nobody_comes_back_by_a_webhook() -> None:
    assert read({**CHANGE, "SuppressSending": False, "SuppressionReason": None, "MessageID": None}) == ()


@pytest.mark.parametrize("kind", ["Delivery", "Open", "Click", "Inbound", "SMTPApiError"])
def test_other_records_give_nothing(kind: str) -> None:
    assert read({**BOUNCE, "RecordType": kind}) == ()


@pytest.mark.parametrize("record", [BOUNCE, COMPLAINT, CHANGE], ids=["bounce", "complaint", "change"])
def test_the_same_record_sent_twice_has_one_name(record: dict[str, Any]) -> None:
    assert told(record).event == told(dict(reversed(record.items()))).event


def test_two_changes_have_two_names() -> None:
    assert told(CHANGE).event != told({**CHANGE, "ChangedAt": "2026-11-23T10:53:35.416071Z"}).event


def test_a_mail_without_name_has_none() -> None:
    assert told({**CHANGE, "MessageID": "00000000-0000-0000-0000-000000000000"}).remote_id == ""


def test_a_moment_to_come_is_now() -> None:
    assert told({**BOUNCE, "BouncedAt": "2031-01-01T00:00:00Z"}).at == NOW
    assert told({**BOUNCE, "BouncedAt": "yesterday"}).at is None


RAW = json.dumps(BOUNCE).encode()
BODIES: dict[str, object] = {
    "a cut body": RAW[:-5],
    "nothing": b"",
    "a list": [BOUNCE],
    "a name twice": RAW[:-1] + b', "Email": "eve@readers.example"}',
    "NaN": RAW[:-1] + b', "x": NaN}',
    "infinite": RAW[:-1] + b', "x": -Infinity}',
    "a number without end": RAW[:-1] + b', "x": ' + b"9" * 5_000 + b"}",
    "deep": RAW[:-1] + b', "x": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "no UTF-8": RAW.replace(b"Ada", b"\xff"),
    "UTF-16": RAW.decode().encode("utf-16"),
    "too long": RAW + b" " * 262_144,
    "no record type": {key: value for key, value in BOUNCE.items() if key != "RecordType"},
    "a record type of a number": {**BOUNCE, "RecordType": 1},
    "no address": {key: value for key, value in BOUNCE.items() if key != "Email"},
    "an ID of a text": {**BOUNCE, "ID": "4323372036854775807"},
    "an ID of a truth": {**BOUNCE, "ID": True},
    "a change that is neither": {**CHANGE, "SuppressSending": "true"},
    "a change without moment": {**CHANGE, "ChangedAt": None},
    "a form": b"RecordType=Bounce&Email=ada%40readers.example",
}
HEADERS: dict[str, dict[str, str]] = {
    "no authorization": {"Content-Type": "application/json"},
    "another password": basic("postmark:wrong"),
    "a password cut short": basic("postmark:correct"),
    "a password that goes on": basic("postmark:correct:horse "),
    "another user": basic("Postmark:correct:horse"),
    "no password": basic("postmark:"),
    "another scheme": basic(scheme="Bearer"),
    "no base64": {"Authorization": "Basic postmark:correct:horse"},
    "letters beyond ASCII": {"Authorization": "Basic \udcff\u00e4"},
    "authorization twice": {**basic(), "authorization": basic()["Authorization"]},
    "two types": {**basic(), "content-type": "text/plain"},
}


def test_the_golden_record_is_taken() -> None:
    assert isinstance(read(RAW), tuple)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_quite_right_is_rejected(name: str) -> None:
    assert isinstance(read(BODIES[name]), Rejected)


@pytest.mark.parametrize("name", HEADERS)
def test_who_does_not_know_the_password_is_rejected(name: str) -> None:
    assert isinstance(read(RAW, HEADERS[name]), Rejected)


@pytest.mark.parametrize(("username", "password"), [("", ""), ("postmark", ""), ("", "correct:horse")])
def test_nobody_is_let_in_while_no_password_is_set(username: str, password: str) -> None:
    settings = postmark.Settings(username=username, password=password)
    assert isinstance(read(RAW, basic(f"{username}:{password}"), settings), Rejected)


def test_the_password_is_never_shown() -> None:
    assert "horse" not in repr(SETTINGS)


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw[1:], lambda raw: raw * 2])
def test_a_torn_body_is_rejected(change: Callable[[bytes], bytes]) -> None:
    assert isinstance(read(change(RAW)), Rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.sampled_from([BOUNCE, COMPLAINT, CHANGE]),
    st.dictionaries(st.sampled_from(sorted({*BOUNCE, *CHANGE})), json_values),
)
def test_whatever_postmark_writes_raises_nothing(record: dict[str, Any], changes: dict[str, object]) -> None:
    assert isinstance(read({**record, **changes}), tuple | Rejected)


@given(st.binary(max_size=200), st.text(max_size=60))
def test_whatever_is_sent_raises_nothing(raw: bytes, authorization: str) -> None:
    assert isinstance(read(raw, {"Authorization": authorization}), Rejected)
