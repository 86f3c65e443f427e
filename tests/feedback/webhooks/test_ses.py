"""Amazon SES through SNS: what Amazon signed for a topic of ours is read, and nothing else is.

The messages are those of the SES Developer Guide (`Amazon SNS notification contents for Amazon SES`, `Examples
of event data`) in the envelope of the SNS Developer Guide (`HTTP/HTTPS notification JSON format`), read
2026-11-23. `Amazon` signs as its guide says, with a certificate made here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback.webhooks import Confirmation, Rejected, ses
from postroom.model import Feedback, FeedbackKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
HEADERS = {
    "Content-Type": "text/plain; charset=UTF-8",
    "x-amz-sns-message-type": "Notification",
    "x-amz-sns-topic-arn": TOPIC,
}
SIGNED = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": [
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ],
    "UnsubscribeConfirmation": [
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ],
}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, until: timedelta = timedelta(days=30)
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


PEM = certificate(KEY)


@dataclass
class Shelf:
    """Gives certificates, and keeps what it was asked for."""

    pem: bytes = PEM
    asked: list[str] | None = None

    def __call__(self, url: str) -> bytes:
        (self.asked if self.asked is not None else []).append(url)
        return self.pem


SETTINGS = ses.Settings(topics=frozenset({TOPIC}), certificates=Shelf())


def sign(
    message: dict[str, str], key: rsa.RSAPrivateKey = KEY, algorithm: hashes.HashAlgorithm | None = None
) -> dict[str, str]:
    canonical = "".join(
        f"{name}\n{message[name]}\n" for name in SIGNED.get(message["Type"], []) if name in message
    )
    if algorithm is None:
        algorithm = hashes.SHA1() if message["SignatureVersion"] == "1" else hashes.SHA256()
    signature = key.sign(canonical.encode("utf-8", "surrogatepass"), padding.PKCS1v15(), algorithm)
    return {**message, "Signature": base64.b64encode(signature).decode()}


def envelope(event: object, **changes: str) -> dict[str, str]:
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": event if isinstance(event, str) else json.dumps(event),
        "Timestamp": "2026-11-23T11:59:00.123Z",
        "SignatureVersion": "2",
        "SigningCertURL": URL,
        "UnsubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:c9135db0",
        **changes,
    }


def body(message: object) -> bytes:
    return json.dumps(message).encode()


MAIL = {
    "timestamp": "2026-11-23T11:50:00.000Z",
    "messageId": "000001378603177f-7a5433e7-8edb-42ae-af10-f0181f34d6ee-000000",
    "source": "bounces+tok_en-1@mail.learning.example",
    "sourceArn": "arn:aws:ses:us-west-2:888888888888:identity/learning.example",
    "destination": ["ada@readers.example"],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "News <news@learning.example>"},
        {"name": "Message-ID", "value": "<e7.42@learning.example>"},
    ],
}
BOUNCE = {
    "notificationType": "Bounce",
    "mail": MAIL,
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "status": "5.1.1",
                "action": "failed",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                "emailAddress": "ada@readers.example",
            }
        ],
        "reportingMTA": "dsn; a4-8.smtp-out.eu-west-1.amazonses.com",
        "timestamp": "2026-11-23T11:58:38.605Z",
        "feedbackId": "000001378603176d-5a4b5ad9-6f30-4198-a8c3-b1eb0c270a1d-000000",
        "remoteMtaIp": "127.0.2.0",
    },
}
COMPLAINT = {
    "notificationType": "Complaint",
    "mail": {**MAIL, "commonHeaders": {"messageId": " <common@learning.example>"}},
    "complaint": {
        "userAgent": "ExampleCorp Feedback Loop (V0.01)",
        "complainedRecipients": [{"emailAddress": "ada@readers.example"}],
        "complaintFeedbackType": "abuse",
        "arrivalDate": "2026-11-23T04:24:21.000-05:00",
        "timestamp": "2026-11-23T11:58:38.623Z",
        "feedbackId": "000001378603177f-18c07c78-fa81-4a58-9dd1-fedc3cb8f49a-000000",
    },
}
DELAY = {
    "eventType": "DeliveryDelay",
    "mail": MAIL,
    "deliveryDelay": {
        "timestamp": "2026-11-23T11:25:59.095Z",
        "delayType": "TransientCommunicationFailure",
        "expirationTime": "2026-11-24T00:25:59.914Z",
        "delayedRecipients": [
            {
                "emailAddress": "ada@readers.example",
                "status": "4.4.1",
                "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
            }
        ],
    },
}
DEPARTURE = {
    "eventType": "Subscription",
    "mail": MAIL,
    "subscription": {
        "contactList": "ContactListName",
        "timestamp": "2026-11-23T11:00:17.910Z",
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {
            "unsubscribeAll": True,
            "topicSubscriptionStatus": [{"topicName": "t", "subscriptionStatus": "OptOut"}],
        },
        "oldTopicPreferences": {"unsubscribeAll": False},
    },
}
CONFIRMATION = envelope(
    "You have chosen to subscribe to the topic.\nTo confirm, visit the SubscribeURL included in this message.",
    Type="SubscriptionConfirmation",
    Token="2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92768dd60a747ba6f3beb71854e285d6ad02428b09ceece29417f1f02d609c582af",
    SubscribeURL=f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51",
)
del CONFIRMATION["Subject"]


def read(
    message: object,
    settings: ses.Settings = SETTINGS,
    headers: dict[str, str] | None = None,
    now: datetime = NOW,
) -> object:
    raw = message if isinstance(message, bytes) else body(message)
    return ses.read(raw, {"Content-Type": "text/plain"} if headers is None else headers, settings, now)


def told(event: object) -> tuple[Feedback, ...]:
    answer = read(sign(envelope(event)))
    assert isinstance(answer, tuple)
    return answer


def test_a_hard_bounce_is_read_whole() -> None:
    assert read(sign(envelope(BOUNCE)), headers=HEADERS) == (
        Feedback(
            kind=FeedbackKind.BOUNCED,
            source="ses",
            event="000001378603176d-5a4b5ad9-6f30-4198-a8c3-b1eb0c270a1d-000000",
            address="ada@readers.example",
            message_id="e7.42@learning.example",
            remote_id="000001378603177f-7a5433e7-8edb-42ae-af10-f0181f34d6ee-000000",
            token="tok_en-1",
            status="5.1.1",
            reason="550 5.1.1 user unknown",
            at=datetime(2026, 11, 23, 11, 58, 38, 605000, tzinfo=UTC),
        ),
    )


def test_a_complaint_a_delay_and_a_departure_are_read() -> None:
    (complaint,), (delay,), (departure,) = told(COMPLAINT), told(DELAY), told(DEPARTURE)
    assert (complaint.kind, complaint.address, complaint.message_id) == (
        FeedbackKind.COMPLAINED,
        "ada@readers.example",
        "common@learning.example",
    )
    assert complaint.reason == "abuse reported by ExampleCorp Feedback Loop (V0.01)"
    assert (delay.kind, delay.status, delay.token) == (FeedbackKind.DEFERRED, "4.4.1", "tok_en-1")
    assert (departure.kind, departure.address) == (FeedbackKind.UNSUBSCRIBED, "ada@readers.example")
    assert departure.event == "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"  # it has no feedbackId


def bounce(how: str, why: str, **recipient: str) -> FeedbackKind:
    one = {"emailAddress": "ada@readers.example", **recipient}
    event = {
        **BOUNCE,
        "bounce": {"bounceType": how, "bounceSubType": why, "bouncedRecipients": [one], "feedbackId": "f"},
    }
    (feedback,) = told(event)
    return feedback.kind


@pytest.mark.parametrize(
    ("how", "why", "recipient", "kind"),
    [
        ("Permanent", "General", {}, FeedbackKind.BOUNCED),
        ("Permanent", "NoEmail", {}, FeedbackKind.BOUNCED),
        ("Permanent", "Suppressed", {"status": "5.1.1"}, FeedbackKind.BOUNCED),
        ("Permanent", "OnAccountSuppressionList", {}, FeedbackKind.BOUNCED),
        (
            "Permanent",
            "General",
            {"status": "5.7.1", "diagnosticCode": "smtp; 550 5.7.1 blocked"},
            FeedbackKind.DEFERRED,
        ),
        (
            "Permanent",
            "General",
            {"status": "5.2.2", "diagnosticCode": "smtp; 552 mailbox full"},
            FeedbackKind.DEFERRED,
        ),
        (
            "Permanent",
            "General",
            {"status": "5.0.0", "diagnosticCode": "smtp; 550 user unknown"},
            FeedbackKind.BOUNCED,
        ),
        ("Permanent", "General", {"status": "4.0.0", "action": "delayed"}, FeedbackKind.DEFERRED),
        ("Transient", "General", {"status": "5.1.1"}, FeedbackKind.DEFERRED),
        ("Transient", "MailboxFull", {}, FeedbackKind.DEFERRED),
        ("Transient", "MessageTooLarge", {}, FeedbackKind.DEFERRED),
        ("Transient", "ContentRejected", {}, FeedbackKind.DEFERRED),
        ("Transient", "AttachmentRejected", {}, FeedbackKind.DEFERRED),
        ("Undetermined", "Undetermined", {}, FeedbackKind.DEFERRED),
        ("Undetermined", "Undetermined", {"status": "5.1.1"}, FeedbackKind.BOUNCED),
    ],
)
def test_each_type_of_bounce_means_what_the_guide_says(
    how: str, why: str, recipient: dict[str, str], kind: FeedbackKind
) -> None:
    assert bounce(how, why, **recipient) is kind


@pytest.mark.parametrize("how", ["not-spam", "auth-failure", "virus"])
def test_reports_of_other_things_are_no_complaints(how: str) -> None:
    assert told({**COMPLAINT, "complaint": {**COMPLAINT["complaint"], "complaintFeedbackType": how}}) == ()  # type: ignore[dict-item]


def test_of_several_who_may_have_complained_nobody_is_named() -> None:
    people = [{"emailAddress": "ada@readers.example"}, {"emailAddress": "bob@readers.example"}]
    (complaint,) = told({**COMPLAINT, "complaint": {"complainedRecipients": people, "feedbackId": "f"}})
    assert (complaint.kind, complaint.address, complaint.token) == (FeedbackKind.COMPLAINED, "", "tok_en-1")


def test_each_recipient_of_one_bounce_is_an_event() -> None:
    people = [{"emailAddress": f"{name}@readers.example", "status": "5.1.1"} for name in ("ada", "bob")]
    both = told(
        {**BOUNCE, "bounce": {"bounceType": "Permanent", "bouncedRecipients": people, "feedbackId": "f"}}
    )
    assert [(one.address, one.event) for one in both] == [
        ("ada@readers.example", "f"),
        ("bob@readers.example", "f/1"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        {
            "notificationType": "AmazonSnsSubscriptionSucceeded",
            "message": "You have successfully subscribed.",
        },
        {"notificationType": "Delivery", "mail": MAIL, "delivery": {"recipients": ["ada@readers.example"]}},
        {"eventType": "Open", "mail": MAIL, "open": {"ipAddress": "192.0.2.1"}},
        {**DEPARTURE, "subscription": {"newTopicPreferences": {"unsubscribeAll": False}}},
    ],
)
def test_other_events_give_nothing(event: object) -> None:
    assert told(event) == ()


def test_a_confirmation_names_topic_and_token_and_no_link() -> None:
    answer = read(sign(CONFIRMATION))
    assert answer == Confirmation(topic=TOPIC, token=CONFIRMATION["Token"])
    assert "http" not in repr(answer)
    assert read(sign({**CONFIRMATION, "Type": "UnsubscribeConfirmation"})) == replace(answer, has_left=True)


def test_the_same_event_sent_twice_has_one_name() -> None:
    again = envelope(BOUNCE, MessageId="another", Timestamp="2026-11-23T11:59:30.000Z")
    assert told(BOUNCE)[0].event == read(sign(again))[0].event  # type: ignore[index]


def test_both_signature_versions_are_taken_unless_one_is_asked_for() -> None:
    first, second = sign(envelope(BOUNCE, SignatureVersion="1")), sign(envelope(BOUNCE))
    assert read(first) == read(second) == told(BOUNCE)
    strict = replace(SETTINGS, versions=frozenset({"2"}))
    assert isinstance(read(second, strict), tuple)
    assert read(first, strict) == Rejected(reason="the signature version is not accepted")


def test_a_message_without_subject_is_signed_without_it() -> None:
    message = envelope(BOUNCE)
    del message["Subject"]
    assert read(sign(message)) == told(BOUNCE)


GOOD = sign(envelope(BOUNCE))
RAW = body(GOOD)
CHINA = "arn:aws-cn:sns:cn-north-1:123456789012:bounces"


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


def at(stamp: str) -> dict[str, str]:
    return sign(envelope(BOUNCE, Timestamp=stamp))


def from_url(url: str) -> dict[str, str]:
    return sign(envelope(BOUNCE, SigningCertURL=url))


HOST = "https://sns.us-east-1.amazonaws.com"
FILE = "/SimpleNotificationService-9c6465fa.pem"
MUTATIONS: dict[str, object] = {
    "a byte of the body": RAW.replace(b"ada@readers", b"eve@readers"),
    "a byte of the signature": {
        **GOOD,
        "Signature": ("B" if GOOD["Signature"][0] == "A" else "A") + GOOD["Signature"][1:],
    },
    "no signature": without("Signature"),
    "an empty signature": {**GOOD, "Signature": ""},
    "no base64": {**GOOD, "Signature": "ä" + GOOD["Signature"]},
    "another key": sign(envelope(BOUNCE), OTHER_KEY),
    "SHA-1 called version 2": sign(envelope(BOUNCE), algorithm=hashes.SHA1()),
    "version 3": {**GOOD, "SignatureVersion": "3"},
    "version as number": {**GOOD, "SignatureVersion": 2},
    "no version": without("SignatureVersion"),
    "the timestamp moved": {**GOOD, "Timestamp": "2026-11-23T11:59:01.123Z"},
    "old": at("2026-11-23T10:40:00.000Z"),
    "from the future": at("2026-11-23T12:06:00.000Z"),
    "no time zone": at("2026-11-23T11:59:00.000"),
    "no such day": at("2026-13-45T11:59:00.000Z"),
    "another topic": sign(envelope(BOUNCE, TopicArn=TOPIC + "x")),
    "a topic that begins like ours": sign(envelope(BOUNCE, TopicArn=TOPIC + ":sub")),
    "an unknown type": sign(envelope(BOUNCE, Type="Notificatio")),
    "the type of another": {
        **GOOD,
        "Type": "SubscriptionConfirmation",
        "Token": "t",
        "SubscribeURL": "https://x.example",
    },
    "host of somebody else": from_url("https://sns.us-east-1.amazonaws.com.evil.example" + FILE),
    "host within a path": from_url("https://evil.example/sns.us-east-1.amazonaws.com" + FILE),
    "userinfo": from_url("https://sns.us-east-1.amazonaws.com@evil.example" + FILE),
    "userinfo at Amazon": from_url("https://evil@sns.us-east-1.amazonaws.com" + FILE),
    "a port": from_url(HOST + ":443" + FILE),
    "http": from_url("http://sns.us-east-1.amazonaws.com" + FILE),
    "capital scheme": from_url("HTTPS://sns.us-east-1.amazonaws.com" + FILE),
    "a query": from_url(f"{HOST}/?Action=GetTopic&x={FILE}"),
    "a query behind": from_url(HOST + FILE + "?x=.pem"),
    "a fragment": from_url(HOST + FILE + "#.pem"),
    "another folder": from_url(HOST + "/../x" + FILE),
    "another file": from_url(HOST + "/other.pem"),
    "no pem": from_url(HOST + "/SimpleNotificationService-9c6465fa.txt"),
    "a line break": from_url(HOST + FILE + "\n"),
    "a bucket": from_url("https://sns.us-east-1.s3.amazonaws.com" + FILE),
    "another service": from_url("https://sqs.us-east-1.amazonaws.com" + FILE),
    "a dot too much": from_url("https://sns.us-east-1.amazonaws.com." + FILE),
    "another region": from_url("https://sns.eu-west-1.amazonaws.com" + FILE),
    "China for the world": from_url("https://sns.us-east-1.amazonaws.com.cn" + FILE),
    "no certificate": without("SigningCertURL"),
    "a cut body": RAW[:-20],
    "a name twice": RAW[:-1] + b', "Message": "{}"}',
    "NaN": RAW[:-1] + b', "x": NaN}',
    "infinite": RAW[:-1] + b', "x": 1e999}',
    "no JSON within": sign(envelope("{not json")),
    "a name twice within": sign(envelope('{"notificationType": "Bounce", "notificationType": "Complaint"}')),
    "wrong types within": sign(envelope({**BOUNCE, "bounce": {"bouncedRecipients": [7]}})),
    "an address that is none of text": sign(
        envelope({**BOUNCE, "bounce": {"bouncedRecipients": [{"emailAddress": 7}]}})
    ),
    "a message that is an object": {**GOOD, "Message": BOUNCE},
    "a list": [GOOD],
    "nothing": b"",
    "no UTF-8": RAW.replace(b"ada", b"\xff\xfe\xfd"),
    "too long": RAW + b" " * 262_144,
    "deep": RAW[:-1] + b', "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a token with a query": sign({**CONFIRMATION, "Token": "x&Action=DeleteTopic"}),
}


def test_the_golden_event_is_taken() -> None:
    assert isinstance(read(RAW), tuple)


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_not_quite_right_is_rejected(name: str) -> None:
    answer = read(MUTATIONS[name])
    assert isinstance(answer, Rejected)
    assert not answer.is_passing


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-sns-message-type": "SubscriptionConfirmation"},
        {"x-amz-sns-topic-arn": TOPIC + "x"},
        {"X-Amz-Sns-Topic-Arn": TOPIC, "x-amz-sns-topic-arn": TOPIC},
        {"Content-Type": "text/plain", "content-type": "application/json"},
    ],
)
def test_headers_that_disagree_are_rejected(headers: dict[str, str]) -> None:
    assert isinstance(read(RAW, headers=headers), Rejected)


def test_a_certificate_is_asked_for_only_where_amazon_keeps_it() -> None:
    asked: list[str] = []
    settings = replace(SETTINGS, certificates=Shelf(asked=asked))
    for message in MUTATIONS.values():
        read(message, settings)
    assert set(asked) == {URL}


def test_the_certificates_of_china_are_at_their_own_host() -> None:
    settings = replace(SETTINGS, topics=frozenset({CHINA}))
    there = "https://sns.cn-north-1.amazonaws.com.cn" + FILE
    assert isinstance(read(sign(envelope(BOUNCE, TopicArn=CHINA, SigningCertURL=there)), settings), tuple)
    assert isinstance(
        read(sign(envelope(BOUNCE, TopicArn=CHINA, SigningCertURL=there[:-3] + ".cn")), settings), Rejected
    )
    here = "https://sns.cn-north-1.amazonaws.com" + FILE
    assert isinstance(read(sign(envelope(BOUNCE, TopicArn=CHINA, SigningCertURL=here)), settings), Rejected)


@pytest.mark.parametrize(
    ("pem", "is_passing"),
    [
        (b"", True),
        (b"<html>503</html>", True),
        (certificate(KEY, until=timedelta(days=-1)), False),
        (certificate(ec.generate_private_key(ec.SECP256R1())), False),
        (certificate(OTHER_KEY), False),
    ],
    ids=["nothing", "no certificate", "expired", "another kind of key", "another key"],
)
def test_a_certificate_that_does_not_fit_is_rejected(pem: bytes, is_passing: bool) -> None:
    answer = read(RAW, replace(SETTINGS, certificates=Shelf(pem)))
    assert isinstance(answer, Rejected)
    assert answer.is_passing is is_passing


def test_a_certificate_that_cannot_be_fetched_asks_for_another_try() -> None:
    def unreachable(url: str) -> bytes:
        raise ConnectionError(url)

    answer = read(RAW, replace(SETTINGS, certificates=unreachable))
    assert answer == Rejected(reason="the certificate cannot be had", is_passing=True)


def test_messages_are_believed_for_as_long_as_sns_tries() -> None:
    assert isinstance(read(RAW, now=NOW + timedelta(minutes=65)), tuple)
    assert isinstance(read(RAW, now=NOW + timedelta(minutes=75)), Rejected)


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw[1:], bytes.upper])
def test_no_change_of_the_raw_body_is_overlooked(change: Callable[[bytes], bytes]) -> None:
    assert isinstance(read(change(RAW)), Rejected)


@given(st.integers(0, len(RAW) - 1), st.integers(0, 255))
def test_a_changed_byte_never_changes_what_is_told(place: int, byte: int) -> None:
    answer = read(RAW[:place] + bytes([byte]) + RAW[place + 1 :])
    assert answer == told(BOUNCE) or isinstance(answer, Rejected)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["notificationType", "eventType", "mail", "bounce", "complaint", "subscription", "deliveryDelay"]


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, json_values))
    | st.dictionaries(st.sampled_from(FIELDS), json_values)
)
def test_whatever_amazon_signs_raises_nothing(event: dict[str, object]) -> None:
    assert isinstance(read(sign(envelope(event))), tuple | Rejected)


@given(st.binary(max_size=300))
def test_whatever_is_sent_raises_nothing(raw: bytes) -> None:
    assert isinstance(read(raw), Rejected)
