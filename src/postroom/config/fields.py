"""The types of settings for pydantic: each reads an editor's words and shows itself in the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import PlainValidator, WithJsonSchema

from postroom import condition, verp
from postroom.address import normalise, parse_mailbox
from postroom.config import words
from postroom.config.words import Wrong, WrongType, described, expected, listed, nearest
from postroom.errors import AddressError, ConditionError
from postroom.model import NoticeKind
from postroom.transports.secret import Secret

T = TypeVar("T")

URL_FIELDS: Final = ("slug", "id", "year", "month", "day")
"""What may stand in braces in `articles.url`."""
DATABASES: Final = ("sqlite", "postgresql", "postgresql+psycopg")
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
"""Names of channels and transports: they become part of edition keys, of file names and of List-Id."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as config.yaml names it, and how long after the first it comes."""

    name: str
    after: timedelta | None = None


def _text(value: object) -> str:
    if not isinstance(value, str):
        quotes = ' (put it in "quotes")' if isinstance(value, bool | int | float) else ""
        raise WrongType(f"expected text, found {described(value)}{quotes}")
    return value


def _read(read: Callable[[str], T], value: object) -> T:
    """Read text. A number that would be wrong in quotes, too, is told what is expected instead of them."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            read(str(value))
        except Wrong as wrong:
            message = str(wrong).replace(described(str(value)), described(value))
            raise WrongType(message, wrong.at) from wrong
    return read(_text(value))


def _reads(read: Callable[[str], T]) -> PlainValidator:
    """Make a validator of a function that reads text."""
    return PlainValidator(lambda value: _read(read, value))


def _shows(pattern: str | None = None, *examples: str) -> WithJsonSchema:
    """Tell the JSON Schema: text, perhaps of a pattern, for example such."""
    found: dict[str, Any] = {"type": "string"}  # Any: a JSON document
    return WithJsonSchema(
        found | ({"pattern": pattern} if pattern else {}) | ({"examples": [*examples]} if examples else {})
    )


def _line(text: str) -> str:
    """Read text for one line: a name, a subject. Control characters could add a mail header."""
    if not text.strip():
        raise Wrong("expected text, found none between the quotes")
    if not text.strip().isprintable():
        raise Wrong("expected text on one line, found a line break or another character that cannot be seen")
    return text.strip()


def _address_block(text: str) -> str:
    """Read a postal address, which may have several lines."""
    return "\n".join(_line(each) for each in text.strip().splitlines()) if text.strip() else ""


def _name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise expected("a name of letters, digits, - and _", text)
    return text


def _font(text: str) -> str:
    """Read `system` or a CSS font stack; nothing that could leave a style attribute."""
    if not re.fullmatch(r"[\w \-,'\"]+", text):
        raise expected("`system` or names of fonts with commas between them", text)
    return text.replace('"', "'")


def _mailbox(text: str) -> str:
    try:
        parse_mailbox(text)
    except AddressError as error:
        raise Wrong(f'expected "Name <address>", found {described(text)}: {error}') from error
    return text.strip()


def _address(text: str) -> str:
    try:
        return normalise(text.strip().removeprefix("mailto:")).address
    except AddressError as error:
        raise Wrong(f"expected a mail address, found {described(text)}: {error}") from error


def _return_path(text: str) -> str:
    """Check where bounces go: an address, or one with a place for each mail's token."""
    if "{" in text and not text.strip().startswith(f"{verp.PREFIX}{verp.PLACE}@"):
        raise expected('an address, or "bounces+{token}@" and a domain', text)
    return _address(text)


def _only(text: str) -> str:
    try:
        condition.parse(text)
    except ConditionError as error:
        raise Wrong(str(error), offset=error.position) from error
    return text


def _article_url(text: str) -> str:
    url = words.web_address(text)
    fields = re.findall(r"\{([^{}]*)\}", url)
    for name in fields:
        if name not in URL_FIELDS:
            raise Wrong(
                f"{{{name}}} is unknown; expected {listed(URL_FIELDS)} in braces{nearest(name, URL_FIELDS)}"
            )
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", url)):
        raise Wrong("a brace { or } has no partner")
    if not {"slug", "id"} & {*fields}:
        raise Wrong("expected {slug} or {id} in it, or all articles have the same page")
    return url


def _way_out(text: str) -> str:
    """Check the URL of another service's unsubscribe page; it may hold {email} and {token}."""
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in {"email", "token"}:
            raise Wrong(f'{{{name}}} is unknown; expected "email" or "token" in braces')
    return words.web_address(text)


def _hidden(text: str) -> Secret:
    """Take a secret, or what names it."""
    if not text.strip():
        raise Wrong('expected a secret such as "${PASSWORD}", found none between the quotes')
    return Secret(text.strip())


def _topic(text: str) -> str:
    """Check the name of an Amazon SNS topic."""
    if not re.fullmatch(
        r"arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,256}", text.strip(), re.ASCII
    ):
        raise expected('the ARN of a topic, such as "arn:aws:sns:eu-west-1:123456789012:bounces"', text)
    return text.strip()


def _database(text: str) -> str:
    """Check a SQLAlchemy URL. The message shows the scheme alone: the rest may hold a password."""
    scheme, found, rest = text.strip().partition("://")
    if not found or scheme not in DATABASES:
        hint = '; did you mean "postgresql"?' if scheme == "postgres" else nearest(scheme, DATABASES)
        raise Wrong(
            f'expected "sqlite:///FILE" or "postgresql://…", found {described(scheme + found + "…")}{hint}'
        )
    if scheme == "sqlite" and (not rest.startswith("/") or rest.split("?")[0].strip("/") in {"", ":memory:"}):
        raise Wrong(
            'expected a file, as in "sqlite:///postroom.db"; a ledger in memory forgets what was sent'
        )
    return text.strip()


def _hashtag(text: str) -> str:
    tag = text.strip().removeprefix("#")
    if not re.fullmatch(r"\w+", tag) or tag.isdigit():
        raise expected("a hashtag of letters and digits without blanks", text)
    return tag


def _list_id(text: str) -> str:
    """Check an identifier (RFC 2919 §2): words of atext with dots between them, at most 255 characters."""
    if len(text) > 255 or not re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w-]+)+", text, re.ASCII):
        raise expected('an identifier such as "newsletter.example.org"', text)
    return text


def _names(value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list) else [value]
    for index, each in enumerate(given):
        if not isinstance(each, str) or not each.strip():
            raise Wrong(
                f"expected a name or a list of names, found {described(each)}", (index,) * (given is value)
            )
    return tuple(given)


def _variant(value: object) -> Variant:
    """Read `hook` or `{takeaways: 2 days later}`."""
    match value:
        case str():
            return Variant(value)
        case dict() if len(value) == 1:
            ((name, after),) = value.items()
            return Variant(name, _after(name, after))
        case _:
            raise expected("a variant such as `hook` or `{takeaways: 2 days later}`", value)


def _after(name: str, after: object) -> timedelta:
    try:
        return _read(words.duration, after)
    except Wrong as wrong:
        raise Wrong(str(wrong), at=(name,)) from wrong


def _notice_kind(text: str) -> NoticeKind:
    """Read what a notice may be about."""
    if text.strip() not in {*NoticeKind}:
        raise Wrong(f"{expected(listed(NoticeKind), text)}{nearest(text, NoticeKind)}")
    return NoticeKind(text.strip())


def _hook(text: str) -> Secret:
    """Check where to post to. The message shows nothing of it: whoever knows such an address may use it."""
    url = text.strip()
    if not (_IS_REFERENCE.match(url) or words.is_safe_hook(url)):
        raise Wrong(
            'expected a secret such as "${SLACK_WEBHOOK_URL}", or an address that begins with https://'
        )
    return Secret(url)


_IS_REFERENCE: Final = re.compile(r"\$\{\w+\}|file:")
_DURATION = r"(\d|[Aa]n? |[Oo]ne |P)"
Line = Annotated[str, _reads(_line), _shows()]
Lines = Annotated[str, _reads(_address_block), _shows()]
Name = Annotated[str, _reads(_name), _shows(f"^{NAME}$")]
Language = Annotated[str, _reads(words.language), _shows(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$", "en", "de-AT")]
Zone = Annotated[str, _reads(words.zone), _shows(None, "Europe/London", "America/New_York")]
Colour = Annotated[str, _reads(words.colour), _shows(r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", "#0a66c2")]
Font = Annotated[str, _reads(_font), _shows(None, "system", "Georgia, serif")]
Duration = Annotated[timedelta, _reads(words.duration), _shows(f"^{_DURATION}", "3 days", "90 minutes")]
DurationOrNever = Annotated[
    timedelta, _reads(words.duration_or_never), _shows(f"^({_DURATION}|[Nn]ever$)", "3 days", "never")
]
ClockTime = Annotated[time, _reads(words.clock_time), _shows(r"^\d{1,2}:\d{2}$", "09:00")]
Moment = Annotated[
    date | datetime,
    _reads(words.moment),
    _shows(r"^\d{4}-\d{2}-\d{2}", "2025-01-01", "2025-01-01 09:00 Europe/London"),
]
WebAddress = Annotated[str, _reads(words.web_address), _shows(None, "https://example.org")]
ArticleUrl = Annotated[str, _reads(_article_url), _shows(None, "{publication.url}/articles/{slug}")]
WayOut = Annotated[str, _reads(_way_out), _shows(None, "https://lists.example.org/leave?email={email}")]
Listen = Annotated[str, _reads(words.host_and_port), _shows(r":\d+$", "127.0.0.1:8080")]
Mailbox = Annotated[str, _reads(_mailbox), _shows("@", "The Learning Machine <news@learning.example>")]
MailAddress = Annotated[str, _reads(_address), _shows("@", "news@learning.example")]
ReturnPath = Annotated[str, _reads(_return_path), _shows("@", "bounces+{token}@learning.example")]
Only = Annotated[str, _reads(_only), _shows(None, 'tags has "lead"', 'language is "de" and not draft')]
Database = Annotated[
    str,
    _reads(_database),
    _shows(r"^(sqlite|postgresql(\+psycopg)?)://", "sqlite:///postroom.db", "postgresql://…"),
]
NoticeName = Annotated[
    NoticeKind, _reads(_notice_kind), WithJsonSchema({"type": "string", "enum": [*NoticeKind]})
]
Hook = Annotated[Secret, _reads(_hook), _shows(r"^(https?://|\$\{|file:)", "${SLACK_WEBHOOK_URL}")]
Hidden = Annotated[Secret, _reads(_hidden), _shows(None, "${PASSWORD}")]
Topic = Annotated[str, _reads(_topic), _shows(r"^arn:aws", "arn:aws:sns:eu-west-1:123456789012:bounces")]
Hashtag = Annotated[str, _reads(_hashtag), _shows(None, "MachineLearning")]
ListId = Annotated[str, _reads(_list_id), _shows(None, "newsletter.learning.example")]
Names = Annotated[
    tuple[str, ...],
    PlainValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
VariantItem = Annotated[
    Variant,
    PlainValidator(_variant),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "examples": ["hook", "takeaways", "question", "longform", "card"]},
            {
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {"type": "string", "examples": ["2 days later"]},
            },
        ]
    }),
]  # fmt: skip
