"""Messages of Amazon SNS, believed only when Amazon signed them for a topic of ours.

The string that is signed, and what to check, are those of `Verifying the signatures of Amazon SNS messages` in the
SNS Developer Guide (docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, read 2026-11-23).
Signature version 2 is RSA with SHA-256, version 1 with SHA-1. Topics have version 1 until their owner sets
`SignatureVersion` to 2, so both are taken unless the settings say otherwise.

The certificate is fetched by the caller, from the one address that Amazon's look like: a region's own host, no
port, no user, no query. `SubscribeURL` and `UnsubscribeURL` are never followed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from postroom.feedback.webhooks.request import (
    Object,
    Unreadable,
    body_object,
    header,
    optional_text,
    refuse_other_times,
    text,
)

Certificates: TypeAlias = Callable[[str], bytes]

_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Final = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 (Amazon's)
_CERTIFICATE: Final = re.compile(
    r"https://sns\.(?P<region>[a-z]{2,3}(?:-[a-z]{2,12}){1,3}-\d{1,2})\.amazonaws\.com(?P<china>\.cn)?"
    r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem",
    re.ASCII,
)
_TOPIC: Final = re.compile(
    r"arn:aws(?P<where>-cn|-us-gov)?:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_.-]{1,256}", re.ASCII
)
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)

MAX_AGE: Final = timedelta(minutes=70)
"""SNS tries an HTTPS endpoint for 3,600 s at most (SNS Developer Guide, message delivery retries, read 2026-11-23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom to believe. `certificates` gets an address that is Amazon's and gives what stands there, in PEM; it keeps
    what it fetched, and raises OSError where it cannot. `topics` are the ARNs that may speak.
    """

    topics: frozenset[str]
    certificates: Certificates
    versions: frozenset[str] = frozenset(_HASHES)
    max_age: timedelta = MAX_AGE


def read(body: bytes, headers: Mapping[str, str], trust: Trust, now: datetime) -> Object:
    """Return a message that is signed, recent and of a topic of ours. Raises Unreadable for any other.

    Its `Type` is one of three, all that is signed is text.
    """
    message = body_object(body, headers)
    names = _SIGNED.get(text(message, "Type"))
    if names is None:
        raise Unreadable("the type of the message is none of SNS's")
    signed = _canonical(message, names)
    topic = _topic(message, trust)
    _agree(headers, message)
    _refuse_other_times(text(message, "Timestamp"), trust, now)
    url = _certificate_url(message, topic)
    version = text(message, "SignatureVersion")
    if version not in trust.versions or version not in _HASHES:
        raise Unreadable("the signature version is not accepted")
    _verify(_key(trust.certificates, url, now), _signature(message), signed, _HASHES[version])
    return message


def _canonical(message: Object, names: tuple[str, ...]) -> bytes:
    """Write what was signed: name and value of each field on lines of their own; Subject only where there is one."""
    lines = []
    for name in names:
        if name == "Subject" and message.get(name) is None:
            continue
        lines.append(f"{name}\n{text(message, name)}\n")
    try:
        return "".join(lines).encode()
    except UnicodeEncodeError as error:
        raise Unreadable("the message is no Unicode text") from error


def _topic(message: Object, trust: Trust) -> re.Match[str]:
    name = text(message, "TopicArn")
    found = _TOPIC.fullmatch(name)
    if found is None or name not in trust.topics:
        raise Unreadable("the topic is not one of ours")
    return found


def _agree(headers: Mapping[str, str], message: Object) -> None:
    """Refuse a request whose headers tell another story than its body."""
    for name, field in (
        ("x-amz-sns-message-type", "Type"),
        ("x-amz-sns-topic-arn", "TopicArn"),
        ("x-amz-sns-message-id", "MessageId"),
    ):
        said = header(headers, name)
        if said is not None and said != text(message, field):
            raise Unreadable(f"the header {name} is not that of the body")


def _refuse_other_times(stamp: str, trust: Trust, now: datetime) -> None:
    try:
        written = datetime.fromisoformat(stamp) if _WRITTEN.fullmatch(stamp) else None
    except ValueError:
        written = None
    if written is None:
        raise Unreadable("the timestamp is none")
    refuse_other_times(written, now, trust.max_age)


def _certificate_url(message: Object, topic: re.Match[str]) -> str:
    """Return where the certificate is: at the host of the topic's own region."""
    url = text(message, "SigningCertURL")
    found = _CERTIFICATE.fullmatch(url)
    if found is None:
        raise Unreadable("the certificate is not at Amazon's")
    if found["region"] != topic["region"] or bool(found["china"]) != (topic["where"] == "-cn"):
        raise Unreadable("the certificate is of another region than the topic")
    return url


def _signature(message: Object) -> bytes:
    try:
        return base64.b64decode(text(message, "Signature"), validate=True)
    except ValueError as error:
        raise Unreadable("the signature is no base64") from error


def _key(certificates: Certificates, url: str, now: datetime) -> rsa.RSAPublicKey:
    try:
        pem = certificates(url)
    except OSError as error:
        raise Unreadable("the certificate cannot be had", is_passing=True) from error
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, TypeError) as error:
        raise Unreadable("the certificate is none", is_passing=True) from error
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise Unreadable("the certificate is not valid now")
    if not isinstance(key, rsa.RSAPublicKey):
        raise Unreadable("the certificate holds no RSA key")
    return key


def _verify(key: rsa.RSAPublicKey, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> None:
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Unreadable("the signature is wrong") from error


def confirmation_url(topic: str, token: str) -> str:
    """Build the request that lets a topic speak, for a person to open: at the host of the topic's own region.

    `ConfirmSubscription` in the Amazon SNS API reference (docs.aws.amazon.com/sns/latest/api, read 2026-11-23). Raises
    Unreadable for what is no topic.
    """
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise Unreadable("the topic is none")
    china = ".cn" if found["where"] == "-cn" else ""
    query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token})
    return f"https://sns.{found['region']}.amazonaws.com{china}/?{query}"


def confirmation_token(message: Object) -> str:
    """Return the token of a confirmation. Raises Unreadable for one that could be more than a value in a query."""
    token = optional_text(message, "Token")
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,1024}", token, re.ASCII):
        raise Unreadable("the token is none")
    return token
