"""Mailgun: what was signed with our key, not long ago, is read; its token is the name by which a repeat is known.

Events are those of the Mailgun user manual (Events, Webhooks, Securing Webhooks; read 2026-11-23).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback.webhooks import Rejected, mailgun
from postroom.model import Feedback, FeedbackKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEY = b"0123456789abcdef0123456789abcdef"
SETTINGS = mailgun.Settings(signing_key=KEY)
TOKEN = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"
STAMP = str(int(NOW.timestamp()) - 60)

EVENT: dict[str, Any] = {
    "id": "G9Bn5sl1TC6nu79C8C0bwg",
    "timestamp": NOW.timestamp() - 90.5,
    "log-level": "error",
    "event": "failed",
    "severity": "permanent",
    "reason": "bounce",
    "delivery-status": {
        "attempt-no": 1,
        "message": "5.1.1 The email account that you tried to reach does not exist.\n5.1.1 Please try again",
        "code": 550,
        "enhanced-code": "5.1.1",
        "bounce-type": "hard",
        "description": "",
        "session-seconds": 2.95,
    },
    "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False, "is-test-mode": False},
    "envelope": {
        "sender": "bounces+tok.en@mail.learning.example",
        "transport": "smtp",
        "targets": "ada@readers.example",
    },
    "message": {
        "headers": {
            "to": "Ada <ada@readers.example>",
            "message-id": "e7.42@learning.example",
            "from": "news@learning.example",
        },
        "attachments": [],
        "size": 867,
    },
    "recipient": "ada@readers.example",
    "recipient-domain": "readers.example",
    "campaigns": [],
    "tags": [],
    "user-variables": {},
}


def signature(
    stamp: str = STAMP, token: str = TOKEN, key: bytes = KEY, algorithm: str = "sha256"
) -> dict[str, Any]:
    return {
        "timestamp": stamp,
        "token": token,
        "signature": hmac.new(key, (stamp + token).encode(), algorithm).hexdigest(),
    }


def request(signed: object = None, event: object = None) -> dict[str, object]:
    return {
        "signature": signature() if signed is None else signed,
        "event-data": EVENT if event is None else event,
    }


def read(
    body: object,
    headers: dict[str, str] | None = None,
    now: datetime = NOW,
    settings: mailgun.Settings = SETTINGS,
) -> object:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return mailgun.read(
        raw, {"Content-Type": "application/json"} if headers is None else headers, settings, now
    )


def told(**changes: object) -> Feedback:
    answer = read(request(event={**EVENT, **changes}))
    assert isinstance(answer, tuple)
    (feedback,) = answer
    assert isinstance(feedback, Feedback)
    return feedback


def test_a_permanent_failure_is_read_whole() -> None:
    assert read(request()) == (
        Feedback(
            kind=FeedbackKind.BOUNCED,
            source="mailgun",
            event=TOKEN,
            address="ada@readers.example",
            message_id="e7.42@learning.example",
            remote_id="e7.42@learning.example",
            token="tok.en",
            status="5.1.1",
            reason="5.1.1 The email account that you tried to reach does not exist. 5.1.1 Please try again",
            at=NOW - timedelta(seconds=90.5),
        ),
    )


GREYLISTED = {
    "code": 450,
    "message": "Recipient address rejected: Greylisted",
    "description": "",
    "attempt-no": 1,
    "retry-seconds": 300,
}


def test_a_temporary_failure_a_complaint_and_a_departure_are_read() -> None:
    passing = told(severity="temporary", reason="greylisted", **{"delivery-status": GREYLISTED})
    assert (passing.kind, passing.reason) == (FeedbackKind.DEFERRED, "Recipient address rejected: Greylisted")
    said = {"delivery-status": None, "severity": None, "reason": None}
    assert told(event="complained", **said).kind is FeedbackKind.COMPLAINED
    assert told(event="unsubscribed", **said).kind is FeedbackKind.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        (
            "suppress-bounce",
            {"code": 605, "description": "Not delivering to previously bounced address"},
            FeedbackKind.BOUNCED,
        ),
        ("suppress-complaint", {"code": 607}, FeedbackKind.COMPLAINED),
        ("suppress-unsubscribe", {"code": 606}, FeedbackKind.UNSUBSCRIBED),
        (
            "bounce",
            {"code": 550, "enhanced-code": "5.7.1", "message": "blocked", "bounce-type": "hard"},
            FeedbackKind.DEFERRED,
        ),
        (
            "bounce",
            {"code": 552, "message": "5.2.2 mailbox full", "bounce-type": "hard"},
            FeedbackKind.DEFERRED,
        ),
        ("bounce", {"code": 550, "message": "No such user here"}, FeedbackKind.BOUNCED),
        ("generic", {"code": 550, "message": "Denied", "bounce-type": "hard"}, FeedbackKind.BOUNCED),
        ("generic", {"code": 550, "message": "Denied", "bounce-type": "soft"}, FeedbackKind.DEFERRED),
        ("old", {"code": 602, "message": "Too old"}, FeedbackKind.DEFERRED),
        ("espblock", {"code": 550, "message": "denied by reputation"}, FeedbackKind.DEFERRED),
    ],
)
def test_a_permanent_failure_is_hard_only_where_the_mailbox_is_bad(
    reason: str, status: dict[str, Any], kind: FeedbackKind
) -> None:
    assert told(reason=reason, **{"delivery-status": status}).kind is kind


@pytest.mark.parametrize(
    "event", ["accepted", "delivered", "opened", "clicked", "rejected", "stored", "of tomorrow"]
)
def test_other_events_give_nothing(event: str) -> None:
    assert read(request(event={**EVENT, "event": event})) == ()


def test_the_account_signs_for_its_subaccounts() -> None:
    signed = {**signature(key=b"of the subaccount"), "parent-signature": signature()["signature"]}
    assert isinstance(read(request(signed)), tuple)
    assert isinstance(read(request({**signed, "parent-signature": "0" * 64})), Rejected)


def test_a_timestamp_may_be_a_number() -> None:
    assert read(request({**signature(), "timestamp": int(STAMP)})) == read(request())


def test_an_event_that_takes_the_signature_of_another_has_its_name() -> None:
    # Mailgun does not sign the event, so whoever saw one request can write this; as a repeat it is worth nothing.
    assert told(recipient="eve@readers.example", id="forged").event == told().event


def test_a_moment_to_come_is_now() -> None:
    assert told(timestamp=NOW.timestamp() + 3_600).at == NOW
    assert told(timestamp="soon").at is None


def flipped(text: str, place: int) -> str:
    return text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]


GOOD = request()
RAW = json.dumps(GOOD).encode()
SIGNATURE = signature()["signature"]


def stamped(moment: datetime) -> dict[str, object]:
    return request(signature(str(int(moment.timestamp()))))


MUTATIONS: dict[str, object] = {
    "a digit of the signature": request({**signature(), "signature": flipped(SIGNATURE, 0)}),
    "the last digit of the signature": request({**signature(), "signature": flipped(SIGNATURE, 63)}),
    "the timestamp moved": request({**signature(), "timestamp": str(int(STAMP) + 1)}),
    "another token": request({**signature(), "token": flipped(TOKEN, 5)}),
    "another key": request(signature(key=b"another")),
    "an API key": request(signature(key=b"key-" + KEY)),
    "SHA-1": request(signature(algorithm="sha1")),
    "SHA-512": request(signature(algorithm="sha512")),
    "capital letters": request({**signature(), "signature": SIGNATURE.upper()}),
    "a signature of nothing": request({**signature(), "signature": ""}),
    "no signature": {"event-data": EVENT},
    "a signature that is no object": request([signature()]),
    "no timestamp": request({"token": TOKEN, "signature": SIGNATURE}),
    "no token": request({"timestamp": STAMP, "signature": SIGNATURE}),
    "old": stamped(NOW - timedelta(hours=10)),
    "from the future": stamped(NOW + timedelta(minutes=6)),
    "a timestamp with a fraction": request(signature(STAMP + ".5")),
    "a timestamp below zero": request(signature("-" + STAMP)),
    "a timestamp in other digits": request(signature("١٧٧٠٩٢٠٧٧٢")),
    "a moment beyond the calendar": request(signature("9" * 15)),
    "a split moved from timestamp to token": request(
        {**signature(), "timestamp": STAMP[:-1], "token": STAMP[-1] + TOKEN}
    ),
    "a cut body": RAW[:-9],
    "a name twice": RAW[:-1] + b', "event-data": {}}',
    "NaN": RAW[:-1] + b', "x": NaN}',
    "deep": RAW[:-1] + b', "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "too long": RAW + b" " * 262_144,
    "a form": b"timestamp=1770920772&token=" + TOKEN.encode() + b"&signature=" + SIGNATURE.encode(),
    "an event of no type": request(event={**EVENT, "event": 7}),
    "a recipient that is no text": request(event={**EVENT, "recipient": ["ada@readers.example"]}),
    "no severity": request(event={key: value for key, value in EVENT.items() if key != "severity"}),
    "no event": {"signature": signature()},
}


def test_the_golden_event_is_taken() -> None:
    assert isinstance(read(RAW), tuple)


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_not_quite_right_is_rejected(name: str) -> None:
    assert isinstance(read(MUTATIONS[name]), Rejected)


def test_doubled_headers_and_a_missing_key_are_rejected() -> None:
    assert isinstance(read(RAW, {"Content-Type": "application/json", "content-type": "text/plain"}), Rejected)
    assert isinstance(read(RAW, settings=replace(SETTINGS, signing_key=b"")), Rejected)


def test_a_signature_is_good_for_as_long_as_mailgun_tries() -> None:
    assert isinstance(read(RAW, now=NOW + timedelta(hours=8)), tuple)
    assert isinstance(read(RAW, now=NOW + timedelta(hours=9)), Rejected)


def test_the_key_is_never_shown() -> None:
    assert "0123456789abcdef" not in repr(SETTINGS)


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw[1:], bytes.upper])
def test_no_change_of_the_raw_signature_is_overlooked(change: Callable[[bytes], bytes]) -> None:
    assert isinstance(read(change(RAW)), Rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(EVENT)), json_values))
def test_whatever_is_signed_raises_nothing(changes: dict[str, object]) -> None:
    assert isinstance(read(request(event={**EVENT, **changes})), tuple | Rejected)


@given(st.dictionaries(st.sampled_from(["signature", "event-data"]), json_values) | st.binary(max_size=200))
def test_whatever_is_sent_raises_nothing(body: object) -> None:
    assert isinstance(read(body), Rejected)
