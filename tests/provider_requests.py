"""Requests as providers post them, signed as their documentation says, and what is done to them by forgers.

Amazon SNS: `Verifying the signatures of Amazon SNS messages` and the notification of SES in its Developer Guide.
Postmark: `Webhooks overview` and `Bounce webhook` of its developer pages. Mailgun: `Securing webhooks` and `Event
structure` of its user manual. All read 2026-11-23.
"""

# ruff: noqa: E501  # a case stands in one line

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:us-east-1:123456789012:bounces"
CERTIFICATE_URL = (
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
)
MAILGUN_KEY = b"0123456789abcdef0123456789abcdef"
POSTMARK = ("postmark", "correct:horse-battery-staple-and-more")

NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@dataclass(frozen=True)
class Posted:
    """A request: its body, and its headers as they stand in it."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def with_header(self, name: str, value: str) -> Posted:
        """Add a header, whether or not there is one of that name."""
        return replace(self, headers=(*self.headers, (name, value)))

    def setting(self, name: str, value: str | None) -> Posted:
        """Give a header another value, or take it out."""
        kept = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


Mutation = Callable[[], Posted]


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(whose: str = "amazon", until: timedelta = timedelta(days=30)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key(whose).public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + until)
        .sign(key(whose), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


@dataclass(frozen=True)
class Sns:
    """A message of SNS, to be changed before or after it is signed."""

    event: Any
    kind: str = "Notification"
    at: datetime = NOW - timedelta(minutes=1)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    signer: str = "amazon"
    algorithm: type[hashes.HashAlgorithm] = hashes.SHA256

    def posted(self) -> Posted:
        message: dict[str, Any] = {
            "Type": self.kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": self.event if isinstance(self.event, str) else json.dumps(self.event),
            "Timestamp": stamp(self.at),
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
            **(
                {}
                if self.kind == "Notification"
                else {"Token": "2336412f37", "SubscribeURL": "https://evil.example/"}
            ),
            **self.before,
        }
        names = NOTIFICATION if self.kind == "Notification" else CONFIRMATION
        text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
        signature = key(self.signer).sign(text.encode(), padding.PKCS1v15(), self.algorithm())
        message = {**message, "Signature": base64.b64encode(signature).decode(), **self.after}
        headers = (
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("x-amz-sns-message-type", self.kind),
            ("x-amz-sns-topic-arn", TOPIC),
        )
        return Posted(
            json.dumps({name: one for name, one in message.items() if one is not None}).encode(), headers
        )


def ses_bounce(address: str, event: str = "feedback-1", message_id: str = "") -> dict[str, Any]:
    headers = [{"name": "Message-ID", "value": f"<{message_id}>"}] if message_id else []
    return {
        "notificationType": "Bounce",
        "mail": {"messageId": "0100018f-7a54", "source": "news@test.example", "destination": [address], "headers": headers},
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {"emailAddress": address, "status": "5.1.1", "action": "failed", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
            ],
            "timestamp": stamp(NOW - timedelta(minutes=2)),
            "feedbackId": event,
        },
    }  # fmt: skip


def ses(address: str, event: str = "feedback-1", message_id: str = "") -> Posted:
    return Sns(ses_bounce(address, event, message_id)).posted()


def postmark_bounce(address: str, number: int = 4323372036854775807, **changes: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": number,
        "Type": "HardBounce",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": address,
        "BouncedAt": stamp(NOW - timedelta(minutes=2)),
        **changes,
    }


def basic(user: str = POSTMARK[0], password: str = POSTMARK[1], scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def postmark(address: str, number: int = 4323372036854775807, message_id: str = "") -> Posted:
    """Postmark tells no Message-ID of ours."""
    body = json.dumps(postmark_bounce(address, number)).encode()
    return Posted(body, (("Authorization", basic()), ("Content-Type", "application/json")))


def mailgun_event(address: str, message_id: str = "") -> dict[str, Any]:
    return {
        "event": "failed",
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": NOW.timestamp() - 120,
        "severity": "permanent",
        "reason": "bounce",
        "recipient": address,
        "delivery-status": {"message": "5.1.1 no such user", "code": 550, "enhanced-code": "5.1.1", "bounce-type": "hard"},
        "envelope": {"sender": "news@test.example"},
        "message": {"headers": {"message-id": message_id}},
    }  # fmt: skip


def mailgun_signature(token: str = "e0b5477167110d68991efc6b9f89f0a1", at: datetime | None = None, secret: bytes = MAILGUN_KEY, algorithm: str = "sha256") -> dict[str, str]:  # fmt: skip
    moment = str(int((at or NOW - timedelta(minutes=1)).timestamp()))
    signed = hmac.new(secret, (moment + token).encode(), algorithm).hexdigest()
    return {"timestamp": moment, "token": token, "signature": signed}


def mailgun(address: str, token: str = "e0b5477167110d68991efc6b9f89f0a1", message_id: str = "") -> Posted:
    body = {"signature": mailgun_signature(token), "event-data": mailgun_event(address, message_id)}
    return Posted(json.dumps(body).encode(), (("Content-Type", "application/json"),))


def _again(body: bytes, name: str) -> bytes:
    """Let the JSON object hold a name of its top level a second time."""
    return body[:-1] + b', "' + name.encode() + b'": "x"}'


def _flipped(body: bytes, at: bytes) -> bytes:
    """Change one letter of a text in a body."""
    place = body.index(at)
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def common(golden: Posted) -> dict[str, Mutation]:
    """What spoils the request of every provider."""
    body = golden.body
    return {
        "no body": lambda: replace(golden, body=b""),
        "half a body": lambda: replace(golden, body=body[: len(body) // 2]),
        "a list": lambda: replace(golden, body=b"[" + body + b"]"),
        "something after it": lambda: replace(golden, body=body + b"{}"),
        "no UTF-8": lambda: replace(golden, body=body.replace(b"550", b"55\xff", 1)),
        "NaN": lambda: replace(golden, body=body[:-1] + b', "n": NaN}'),
        "a number without end": lambda: replace(golden, body=body[:-1] + b', "n": ' + b"9" * 500 + b"}"),
        "nested too deep": lambda: replace(
            golden, body=body[:-1] + b', "n": ' + b"[" * 50 + b"]" * 50 + b"}"
        ),
        "two content types": lambda: golden.with_header("Content-Type", "text/html"),
    }


def ses_mutations(address: str) -> dict[str, Mutation]:
    event = ses_bounce(address)
    golden = Sns(event)
    posted = golden.posted()
    return {
        **common(posted),
        "another address": lambda: replace(posted, body=posted.body.replace(address.encode(), b"eve@example.org", 1)),
        "another time": lambda: replace(golden, after={"Timestamp": stamp(NOW)}).posted(),
        "too old": lambda: replace(golden, at=NOW - timedelta(minutes=71)).posted(),
        "from the future": lambda: replace(golden, at=NOW + timedelta(minutes=6)).posted(),
        "another key": lambda: replace(golden, signer="eve").posted(),
        "another algorithm": lambda: replace(golden, algorithm=hashes.SHA1).posted(),
        "version 3": lambda: replace(golden, before={"SignatureVersion": "3"}).posted(),
        "the name of the other version": lambda: replace(golden, before={"SignatureVersion": "1"}).posted(),
        "no signature": lambda: replace(golden, after={"Signature": None}).posted(),
        "a signature that is none": lambda: replace(golden, after={"Signature": "!!!!"}).posted(),
        "another topic": lambda: replace(golden, before={"TopicArn": TOPIC.replace("123", "999")}).posted(),
        "another host": lambda: replace(golden, before={"SigningCertURL": CERTIFICATE_URL.replace("amazonaws.com", "amazonaws.com.evil.example")}).posted(),
        "another region": lambda: replace(golden, before={"SigningCertURL": CERTIFICATE_URL.replace("us-east-1", "eu-west-1")}).posted(),
        "no https": lambda: replace(golden, before={"SigningCertURL": CERTIFICATE_URL.replace("https", "http")}).posted(),
        "a topic twice": lambda: replace(posted, body=_again(posted.body, "TopicArn")),
        "two types": lambda: posted.with_header("x-amz-sns-message-type", "Notification"),
    }  # fmt: skip


def postmark_mutations(address: str) -> dict[str, Mutation]:
    golden = postmark(address)

    def written(authorization: str | None) -> Mutation:
        return lambda: golden.setting("Authorization", authorization)

    return {
        **{name: mutation for name, mutation in common(golden).items() if name != "no UTF-8"},
        "no UTF-8": lambda: replace(golden, body=golden.body.replace(b"Bounce", b"Boun\xffce", 1)),
        "no password": written(None),
        "another password": written(basic(password="wrong")),
        "another user": written(basic(user="eve")),
        "an empty password": written(basic(password="")),
        "another case": written(basic(password=POSTMARK[1].upper())),
        "one letter less": written(basic(password=POSTMARK[1][:-1])),
        "one letter more": written(basic(password=POSTMARK[1] + "x")),
        "Bearer": written(basic(scheme="Bearer")),
        "no scheme": written(basic().removeprefix("Basic ")),
        "in the clear": written(f"Basic {POSTMARK[0]}:{POSTMARK[1]}"),
        "two passwords": lambda: golden.with_header("Authorization", basic()),
        "no address": lambda: replace(golden, body=json.dumps(postmark_bounce(address, Email=None)).encode()),
        "an address that is a list": lambda: replace(golden, body=json.dumps(postmark_bounce(address, Email=[address])).encode()),
        "a number that is a text": lambda: replace(golden, body=json.dumps(postmark_bounce(address, ID="7")).encode()),
        "an address twice": lambda: replace(golden, body=_again(golden.body, "Email")),
        "no kind": lambda: replace(golden, body=json.dumps(postmark_bounce(address, RecordType=None)).encode()),
    }  # fmt: skip


def mailgun_mutations(address: str) -> dict[str, Mutation]:
    golden = mailgun(address)

    def signed(**changes: Any) -> Mutation:
        signature = {**mailgun_signature(), **changes}
        return lambda: replace(golden, body=json.dumps({"signature": {name: one for name, one in signature.items() if one is not None}, "event-data": mailgun_event(address)}).encode())  # fmt: skip

    right = mailgun_signature()
    return {
        **common(golden),
        "another token": signed(token=right["token"][:-1] + "0"),
        "another time": signed(timestamp=str(int(right["timestamp"]) + 1)),
        "another signature": signed(signature=_flipped(right["signature"].encode(), right["signature"].encode()[:1]).decode()),
        "half a signature": signed(signature=right["signature"][:32]),
        "no signature": signed(signature=None),
        "an empty signature": signed(signature=""),
        "in capitals": signed(signature=right["signature"].upper()),
        "another key": signed(**mailgun_signature(secret=b"eve" * 8)),
        "another algorithm": signed(**mailgun_signature(algorithm="sha512")),
        "too old": signed(**mailgun_signature(at=NOW - timedelta(hours=9, minutes=1))),
        "from the future": signed(**mailgun_signature(at=NOW + timedelta(minutes=6))),
        "no time": signed(timestamp=None),
        "a time that is none": signed(timestamp="yesterday"),
        "a token that is a list": signed(token=[right["token"]]),
        "a signature twice": lambda: replace(golden, body=_again(golden.body, "signature")),
        "no event": lambda: replace(golden, body=json.dumps({"signature": right}).encode()),
    }  # fmt: skip


GOLDEN: dict[str, Callable[..., Posted]] = {"ses": ses, "postmark": postmark, "mailgun": mailgun}
MUTATIONS: dict[str, Callable[[str], dict[str, Mutation]]] = {
    "ses": ses_mutations,
    "postmark": postmark_mutations,
    "mailgun": mailgun_mutations,
}
