"""Mail addresses: read once at the edge, safe to write to the wire ever after.

The grammar is narrower than RFC 5322's on purpose: one addr-spec, no comments, no quoted local
part, no address literal, no list, and no control character anywhere. An SMTP client that meets a
CRLF inside an address either injects a command or cuts the address and mails somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from postroom.errors import AddressError

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

MAX_CHARACTERS: Final = 254
"""Longest address that fits a RCPT TO path (RFC 5321 §4.5.3.1.3; RFC 3696 erratum 1690)."""

_BLANKS: Final = " \t\u00a0"
_UNWRITABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})

# RFC 5322 §3.2.3 dot-atom before the @, letters-digits-hyphens after it. Whether the domain is one
# that mail can go to is email_validator's to say; this only finds what needs no Unicode rules.
_PLAIN: Final = re.compile(
    r"(?P<local>[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@(?P<domain>[a-z0-9.-]+)",
    re.IGNORECASE | re.ASCII,
)
_NAMED: Final = re.compile(r"(?P<name>.*?)\s*<(?P<spec>[^<>]*)>", re.DOTALL)
_SOMEONES: Final = re.compile(
    r"""(://)?(?:"(?:[^"\\\n]|\\.)*"|[^\s<>()\[\],;:"'@][^\s<>()\[\],;:"@]*)@(?=[\w-]|\[)"""
)
_ESCAPED: Final = re.compile(r"[\w.+'-]+(?=%40[\w-])")
_QUOTED: Final = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One mail address.

    `address` is as it is written to the wire: ASCII, IDNA domain in small letters, local part as
    given. `identity` makes two spellings the same person: it is `address` casefolded (which,
    the address being ASCII, is its NFKC form as well). `domain` is the part after the @.
    """

    address: str
    identity: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address with the display name that goes before it; `name` is empty where none was given."""

    name: str
    address: Address


def normalise(text: str) -> Address:
    """Read one bare address; blanks around it are ignored.

    Raises AddressError, whose message is the reason as a clause without the address:
    `there is no @`.
    """
    spec = text.strip(_BLANKS)
    plain = _PLAIN.fullmatch(spec)
    if plain is None or len(spec) > MAX_CHARACTERS or "xn--" in spec.lower():
        return _careful(spec)
    domain = _deliverable(plain["domain"].lower())
    address = f"{plain['local']}@{domain}"
    return Address(address=address, identity=address.casefold(), domain=domain)


def parse_mailbox(text: str) -> Mailbox:
    """Read `Name <address>`, `"Name, quoted" <address>` or a bare address.

    Raises AddressError, as `normalise` does, also for a name that cannot stand in a header.
    """
    _refuse_unwritable(text)
    text = text.strip(_BLANKS)
    named = _NAMED.fullmatch(text)
    if named is None:
        return Mailbox(name="", address=normalise(text))
    return Mailbox(name=_display_name(named["name"].strip(_BLANKS)), address=normalise(named["spec"]))


def masked(text: str) -> str:
    """Hide who it is in every address in a text: `550 <ada@example.org>` becomes `550 <…@example.org>`.

    The name in the address of a server is hidden too, and the rest of it left: `postgresql://…@db.example`.
    """
    hidden = _SOMEONES.sub(r"\1…@", text) if "@" in text else text
    return _ESCAPED.sub("…", hidden) if "%40" in hidden else hidden


def _careful(spec: str) -> Address:
    """Read an address that is not plain ASCII, or find out what is wrong with it."""
    _refuse_unwritable(spec)
    _refuse_the_obvious(spec)
    checked = _validated(spec)
    domain = str(checked.ascii_domain)
    address = f"{spec.rpartition('@')[0]}@{domain}"
    return Address(address=address, identity=address.casefold(), domain=domain)


@lru_cache(maxsize=16_384)
def _deliverable(domain: str) -> str:
    """Return the domain in its wire form if mail may go there. Few domains serve many people."""
    _refuse_dotless(domain)
    return str(_validated(f"x@{domain}").ascii_domain)


def _validated(spec: str) -> ValidatedEmail:
    """Hand a single addr-spec to email_validator; no look-up, `.test` and `.example` are allowed."""
    from email_validator import EmailNotValidError, validate_email  # 50 ms that --help need not wait for

    try:
        return validate_email(spec, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise AddressError(_clause(str(error))) from error


def _refuse_unwritable(text: str) -> None:
    for character in text:
        if unicodedata.category(character) in _UNWRITABLE:
            raise AddressError(f"it holds the control character U+{ord(character):04X}")


def _refuse_the_obvious(spec: str) -> None:
    """Say the frequent mistakes in our own words, before the library says them in its."""
    local, _, domain = spec.rpartition("@")
    if not spec:
        raise AddressError("it is empty")
    if "@" not in spec:
        raise AddressError("there is no @")
    if spec.count("@") > 1:
        raise AddressError("there is more than one @; write one address")
    if not local or not domain:
        raise AddressError(f"there is nothing {'after' if local else 'before'} the @")
    if not local.isascii():
        raise AddressError("letters outside ASCII before the @ cannot be mailed to by every server")
    if len(spec) > MAX_CHARACTERS:
        raise AddressError(f"it has {len(spec)} characters; {MAX_CHARACTERS} are allowed")
    _refuse_dotless(domain)


def _refuse_dotless(domain: str) -> None:
    if "." not in domain and domain.isascii():
        raise AddressError("the domain has no dot")


def _clause(sentence: str) -> str:
    """Turn the library's `The part … .` into a clause that can follow a colon."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _display_name(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted["text"])
    found = next((character for character in text if character in ',;<>@"'), None)
    if found is not None:
        raise AddressError(f"the name before < > holds {found}; put the name in quotation marks")
    return text
