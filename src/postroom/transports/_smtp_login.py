"""Log in to an SMTP server, and keep what that takes out of whatever the server says.

Some servers quote a command that they do not understand, Sendmail among them: `535 Command unrecognized: "AUTH
PLAIN AHVz…"`. Replies go into the ledger, its backups, logs, notices and onto screens.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterator
from typing import Final

from postroom.transports._smtp_wire import Garbled, Wire

MECHANISMS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")
"""How we can log in, the first choice first."""

_GO_ON: Final = 334  # RFC 4954 §4
_FEW: Final = 4  # characters; a shorter secret is looked for between other signs alone, not within words
_CUT: Final = 8  # signs of base64, which hold six bytes: by so many a quotation is known that was cut off
_SIGN: Final = rb"[A-Za-z0-9+/]"


def log_in(wire: Wire, mechanism: str, username: str, password: str) -> tuple[int, bytes]:
    """Try one of `MECHANISMS` once, in UTF-8 (RFC 4616 §2 says so for PLAIN); return the server's answer.

    From here on `wire` hides the name, the password and what was made of them in every answer.
    """
    user, secret = username.encode(), password.encode()
    by = {"PLAIN": _by_plain, "LOGIN": _by_login, "CRAM-MD5": _by_cram}[mechanism]
    return by(wire, user, secret)


def _by_plain(wire: Wire, user: bytes, secret: bytes) -> tuple[int, bytes]:
    """Tell name and password at once (RFC 4616)."""
    initial = b"\0%s\0%s" % (user, secret)
    _hide(wire, user, secret, initial)
    return wire.docmd("AUTH", f"PLAIN {_base64(initial)}")


def _by_login(wire: Wire, user: bytes, secret: bytes) -> tuple[int, bytes]:
    """Tell the name, then the password, whatever words the server asks for them with."""
    _hide(wire, user, secret)
    code, text = wire.docmd("AUTH", "LOGIN")
    for each in (user, secret):
        if code != _GO_ON:
            break
        code, text = wire.docmd(_base64(each))
    return code, text


def _by_cram(wire: Wire, user: bytes, secret: bytes) -> tuple[int, bytes]:
    """Answer the challenge with its HMAC (RFC 2195 §2), which others could try passwords against."""
    code, text = wire.docmd("AUTH", "CRAM-MD5")
    if code != _GO_ON:
        return code, text
    try:
        challenge = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Garbled("a challenge that is not base64") from error
    digest = hmac.new(secret, challenge, "md5").hexdigest().encode()
    answer = b"%s %s" % (user, digest)
    _hide(wire, user, secret, digest, answer)
    return wire.docmd(_base64(answer))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _hide(wire: Wire, *secrets: bytes) -> None:
    """Let nothing of them be told: as they are, and in base64, there also cut off at either end."""
    known = [each for each in secrets if each]
    wire.hidden = re.compile(b"|".join(form for each in known for form in _forms(each)), re.IGNORECASE)
    marks = {form.lower() for each in known for form in (each, _signs(each)[:_CUT], _signs(each)[-_CUT:])}
    wire.marks = re.compile(b"|".join(map(re.escape, sorted(marks))))


def _signs(secret: bytes) -> bytes:
    return base64.b64encode(secret).rstrip(b"=")


def _forms(secret: bytes) -> Iterator[bytes]:
    signs = _signs(secret)
    yield b"%s%s*=*" % (re.escape(signs[:_CUT]), _SIGN)
    yield b"(?<!%s)%s*%s=*" % (_SIGN, _SIGN, re.escape(signs[-_CUT:]))
    is_short = len(secret) < _FEW
    yield (rb"(?<![\w.])%s(?!\w|\.\w)" if is_short else b"%s") % re.escape(secret)
