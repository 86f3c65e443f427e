"""Bounces that are letters and no reports: sentences for people, as servers wrote them before RFC 3464.

Which addresses failed is told by flufl.bounce, which knows two dozen dialects; what that means, by the words about
each. A letter that answers for a person (away, moved, `prove that you are human`) is no bounce, whatever it says.
"""

from __future__ import annotations

import logging
import re
from importlib.util import find_spec
from typing import Final

from postroom.feedback import mime, verdict
from postroom.feedback.told import Told
from postroom.feedback.wording import address
from postroom.model import FeedbackKind

_MAX_ADDRESSES: Final = 100
_MAX_LINES: Final = 600
_LONGEST: Final = 240
"""Its seventy patterns try each line anew, some in time that grows with its square."""

_COPY: Final = re.compile(
    r"""^\W*(?:-+\s*)?(?:
    below\ this\ line | original\ message | returned\ message | message\ header | unsent\ message
    | undelivered\ message | this\ is\ a\ copy\ of\ (?:the|your) | a\ copy\ of\ the\ (?:original\ )?message
    | the\ header\ page | your\ message\ (?:follows|reads) | the\ original\ message | original\ headers?
    | the\ (?:first\ \d+\ lines|headers?|text)\ of\ (?:the|your)\ (?:original\ )?(?:message|mail)
    | start\ of\ returned\ message | message\ text\ follows | received:\ (?:from|by) | return-path:
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_REASON: Final = re.compile(r"\(reason: (.{1,1000}?)\)\s*$", re.DOTALL | re.MULTILINE)
"""Sendmail's own words for why; in the transcript below them it may call anything `User unknown`."""

_AWAY: Final = re.compile(
    r"""^(?:(?:re|aw):\s*)*(?:
    out[- ]of[- ](?:the[- ])?office | automatic\ reply | auto: | away\ from | (?:on\ )?vacation | i\ am\ (?:away|out)
    | auto(?:mated|matic)?[- ]?(?:re(?:ply|sponse|sponder)|antwort) | \[?auto[- ]?reply
    | abwesen | automatische\ antwort | r[ée]ponse\ automatique | absen | respuesta\ autom | risposta\ automatica
    | fuera\ de | afwezig | thank\ you\ for\ (?:your|contacting)
    ) | \bout\ of\ (?:the\ )?office\b | \bon\ (?:holiday|vacation)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_CHALLENGE: Final = re.compile(
    r"confirm (?:your|that you|this) |please (?:confirm|verify)|verification required|challenge|spam ?arrest|tmda"
    r"|whitelist|allow your",
    re.IGNORECASE,
)
_SERVERS: Final = re.compile(
    r"mailer|postmaster|mail ?(?:delivery|system|admin|server)|delivery|daemon|mmdf|administrator|admin@|bounce|smtp"
    r"|gateway|exchange|listserv|undeliver|failure|antispam|virus|<>",
    re.IGNORECASE,
)
_FAILED: Final = re.compile(
    r"undeliver|not deliver|returned|return(?:ing)? (?:mail|message|to sender)|failure|failed|fail |mail error"
    r"|delivery (?:status|report|problem|error|has)|could not|couldn.?t|unable to|non[- ]?deliver|message status"
    r"|unknown|bounce|error|warning|delayed|problem|unzustellbar",
    re.IGNORECASE,
)
_OF_PEOPLE: Final = ("re:", "aw:", "fwd:", "fw:")


def knows_dialects() -> bool:
    """Say whether flufl.bounce is installed; without it only reports, complaints and plain letters are read."""
    return find_spec("flufl") is not None and find_spec("flufl.bounce") is not None


def prose(mail: mime.Mail) -> str:
    """Return what a mail says to people, our own mail that follows included."""
    texts = (mime.text(part) for part in mime.parts(mail) if part.get_content_maintype() == "text")
    return "\n".join(text for text in texts if text)[:65_536]


def read(raw: bytes, mail: mime.Mail) -> list[Told]:
    """Read who failed and why; `mail` is `raw`, parsed. Nothing if it is no bounce."""
    if not _is_from_a_server(mail) or is_answer(mail):
        return []
    lines = _spoken(prose(mail))
    passing, failed = _addresses(raw)
    if not passing | failed:
        return _plain(lines)
    alone = len(passing | failed) == 1
    return [
        _told(whom, lines, alone=alone, is_passing=whom not in failed)
        for whom in sorted(passing | failed)[:_MAX_ADDRESSES]
    ]


def _told(whom: str, lines: list[str], *, alone: bool, is_passing: bool) -> Told:
    """Judge one address by the words about it; where there is but one, also by the rest of the letter."""
    about = _about(whom, lines)
    judged = verdict.judge("", about)
    if alone and judged is None:
        about = "\n".join(lines)[:4_000]
        judged = verdict.judge("", about)
    return Told(
        kind=FeedbackKind.DEFERRED if is_passing or judged is None else judged,
        address=address(whom),
        status=verdict.exact("", about),
        said=about,
    )


def _plain(lines: list[str]) -> list[Told]:
    """Read letters in no dialect that is known: lines that name an address and say that nobody is there."""
    named = ((_ADDRESS.findall(line), line) for line in lines)
    gone = [
        (found[0], line)
        for found, line in named
        if len(set(found)) == 1 and verdict.judge("", line) is FeedbackKind.BOUNCED
    ]
    return [
        Told(kind=FeedbackKind.BOUNCED, address=whom, status=verdict.exact("", line), said=line)
        for whom, line in ((address(found), line) for found, line in gone[:_MAX_ADDRESSES])
        if whom
    ]


def is_answer(mail: mime.Mail) -> bool:
    """Say whether a mail answers for a person, or asks for proof that we are one (RFC 3834 §5)."""
    subject = mime.header(mail, "Subject")
    if _AWAY.search(subject) or _CHALLENGE.search(subject):
        return True
    if any(name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-TMDA-Confirm")):
        return True
    replied = mime.header(mail, "Auto-Submitted").lower().startswith("auto-replied")
    return replied and not _SERVERS.search(mime.header(mail, "From"))


def _is_from_a_server(mail: mime.Mail) -> bool:
    """Say whether a mail looks like a server's: people who quote a bounce do not bounce."""
    subject, sender = mime.header(mail, "Subject"), mime.header(mail, "From")
    if not sender or "X-Failed-Recipients" in mail or mime.header(mail, "Return-Path") == "<>":
        return True
    if _SERVERS.search(sender):
        return True
    return _FAILED.search(subject) is not None and not subject.lower().startswith(_OF_PEOPLE)


def _addresses(raw: bytes) -> tuple[set[str], set[str]]:
    """Ask flufl.bounce who could not be reached for now, and who at all."""
    if not knows_dialects():
        return set(), set()
    from flufl.bounce import all_failures  # an extra, and 60 ms that --help need not wait for

    short = mime.parse(raw, _MAX_LINES, _LONGEST)
    if short is None:
        return set(), set()
    if "@" not in mime.header(
        short, "From"
    ):  # one of its detectors cannot do without, and the rest are not asked
        del short["From"]
        short["From"] = "mailer-daemon@unknown.invalid"
    logging.getLogger(
        "flufl.bounce"
    ).disabled = True  # it writes a traceback of whatever a stranger trips it with
    try:
        passing, failed = all_failures(short)
    except Exception:  # its patterns meet the bytes of strangers: what it cannot read is no bounce
        return set(), set()
    return {_lower(found) for found in passing}, {_lower(found) for found in failed}


def _lower(found: bytes | str) -> str:
    text = found.decode("ascii", "replace") if isinstance(found, bytes) else str(found)
    return text.strip().lower()


def _spoken(said: str) -> list[str]:
    """Return the lines of a letter before the copy of our mail begins."""
    lines = said.split("\n")[:_MAX_LINES]
    cut = next(
        (number for number, line in enumerate(lines) if number > 2 and _COPY.match(line[:200])), len(lines)
    )
    return [line[:1_000] for line in lines[:cut]]


def _about(whom: str, lines: list[str]) -> str:
    """Return what a letter says about one address: from where it is named to where another is."""
    about: list[str] = []
    is_theirs = False
    for line in lines:
        if "@" in line:
            is_theirs = whom in line.lower() or (is_theirs and "(expanded from" in line)
        if is_theirs:
            about.append(line)
    said = "\n".join(about)[:4_000]
    reason = _REASON.search(said)
    return reason[1] if reason else said
