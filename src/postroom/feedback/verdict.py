"""What an answer says about a mailbox: that it is bad, that it is not, or neither.

Only what says that the mailbox or its domain does not exist is a bounce. To lose a reader over a full mailbox, a
filter or a list that our server stands on costs more than to write once more to an address that is gone.

Codes are those of RFC 3463. They are believed against the words where they are exact: 5.1.1, 5.1.2, 5.1.3, 5.1.6
and 5.1.10 (RFC 7505 §4.2) are bad mailboxes, unless the words say otherwise and nothing else; 5.7.x, 5.2.2, 5.3.x and
4.x.x never are. Where a code says nothing (5.0.0, 5.1.0, 5.2.1, 5.4.x, 5.5.x) or is missing, the words decide.
5.4.1 is `no answer from host` (§3.5), and Exchange Online writes it for people it does not know as well as for senders
it does not want, with the same words: so it is no proof.
"""

from __future__ import annotations

import re
from typing import Final

from postroom.model import FeedbackKind

BAD_MAILBOX: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""Codes that say that an address leads nowhere: RFC 3463 §3.2, and 5.1.10 of RFC 7505 (null MX)."""

_MAX_TEXT: Final = 4_000
_CODE: Final = re.compile(r"(?<![\w.])([45])\.(\d{1,3})\.(\d{1,3})(?![\w]|\.\d)")
_REPLY: Final = re.compile(r"(?<![\w.:-])([45])\d\d(?=[ -]|$)")

_VAGUE: Final = re.compile(r"5\.(?:0\.\d+|1\.0|1\.[4789]|2\.[01]|4\.\d+|5\.\d+)")
"""Codes that say neither: other or undefined, an address of ours, routing, protocol (RFC 3463 §3)."""

_WHO: Final = (
    r"(?:e-?mail(?:\ address|\ account)?|user(?:\ ?name|\ account|\ ?id)?|mail\ ?box|mail\ account|rcpt"
    r"|recipients?(?:'s)?(?:\ address|\ mailbox|\ account|\ name)?|addressee|address|account|person|alias"
    r"|local[- ]part|destination\ address)"
)
_GONE: Final = re.compile(
    rf"""
    \bunknown\ (?:or\ (?:illegal|invalid)\ )?(?:{_WHO}|host|domain)\b
    | \b(?:{_WHO}|host|domain):?\ (?:is\ )?(?:unknown|not\ (?:known|recogni[sz]ed))\b
    | \bno\ such\ (?:{_WHO}|mail\ drop|local\ user|domain|host)\b
    | \bno\ {_WHO}\ (?:here\ )?by\ th(?:at|is)\ name
    | \b{_WHO}(?:\ \S{{1,80}})?(?:\ \w+){{0,6}}\ (?:does\ not|doesn.?t|did\ not|don.?t|do\ not)\ exist
    | \b{_WHO}(?:\ \w+){{0,3}}\ (?:was\ |is\ |could\ |can\ )?not\ (?:be\ )?found\b | recipient ?not ?found
    | \b{_WHO}(?:\ \w+){{0,3}}\ no\ longer\ (?:exists?|valid|in\ use|available|works?|active|accepts|on\ server)
    | \binvalid\ (?:final\ delivery\ )?(?:{_WHO}|domain)\b | \bbad[ _]recipient
    | \bnot\ an?\ (?:valid|known|active)\ {_WHO} | \bis\ not\ a\ (?:local\ )?user\b
    | \b(?:user|recipient|account|mail\ ?box|address)\ invalid\b
    | \bbad\ destination\ (?:mailbox|system|email)\ address
    | \bunroute?able\ (?:mail\ domain|address) | \bunknown\ local[- ]?part | \bnot\ our\ customer
    | \bnot\ listed\ in\ (?:the\ )?(?:public\ |domino\ |local\ )?(?:name|directory|domino)
    | \b(?:does\ not|doesn.?t)\ have\ (?:an?\ )?\S{{0,40}}\ ?(?:account|mail\ ?box)
    | \b(?:does\ not|doesn.?t)\ have\ a\ final\ (?:e-?mail\ )?delivery\ point
    | \bhas\ no\ mail\ ?box | \bno\ mail\ ?box\b | \bno\ local\ mailbox
    | \bno\ (?:valid\ )?(?:user|account|recipient|address)\ (?:here|found|with)
    | \bdisabled\ or\ discontinued\b | \b(?:has\ been|was|is)\ (?:discontinued|deleted|closed|terminated)\b
    | \bdeleted\ user | \bnot\ known\ (?:at|here|to) | \bunknown\ (?:to|at)\ (?:this|our) | \bno\ longer\ with\b
    | \bnon-?existent\ (?:host|domain|user|mailbox)\b | \bnxdomain\b | \bnull\ ?mx\b | \bname\ or\ service\ not\ known
    | \b(?:host|domain(?:\ name)?)\ (?:was\ |is\ )?not\ found\b | couldn.?t\ find\ any\ host
    | \b(?:host|domain)(?:\ \S{{1,80}})?\ (?:does\ not|doesn.?t)\ exist
    | \bdid\ not\ (?:exactly\ )?match\ an?\ | \bno\ matches\ to\b
    | \bn.existe\ pas\b | \bexistiert\ nicht\b | \bno\ existe\b | \bnon\ esiste\b | \bnie\ istnieje\b
    """,
    re.VERBOSE,
)
_PASSING: Final = re.compile(
    r"""
    \b(?:mail\ ?box|mail\ ?folder|inbox|mail\ ?drop|account|folder)(?:\ \S+){0,4}\ (?:too\ |almost\ )?full\b |
    \bfull\ mail\ ?box | quota | \bexceed(?:s|ed|ing)? | \bover\ (?:its\ |the\ |their\
    )?(?:storage|disk|limit|size) | out\ of\ (?:disk|storage|space) | \binsufficient\
    (?:disk|system|storage|memory) | \bdisk\ (?:is\ )?full | \bno\ (?:disk\ )?space | not\ enough\
    (?:disk|space|storage) | \btoo\ (?:large|big|long|many|much|busy) | \b(?:size|message)\ limit |
    \bmax(?:imum)?\ (?:message\ )?size | \b(?:spam|junk\ mail|unsolicited|uce|bulk\ mail)\b |
    \b(?:black|block|deny|bad)[- ]?list | \bblock(?:ed|ing)\b | \brbl\b | dnsbl | spamhaus | spamcop | barracuda
    | reputation | \bpolic(?:y|ies)\b | \bdmarc\b | \bspf\b | \bdkim\b | authenticat | \bbanned\b |
    gr[ae]y-?list | \btry\ (?:again|later)\b | \btempor(?:ary|arily) | \bthrottl | \brate\ limit | \brelaying\b
    | \brelay\ (?:access\ )?(?:not|denied|prohib) | \bto\ relay\b | \bvirus | \binfected\b | \bcontent\
    (?:rejected|filter|restrict) | \bprohibited\b | \bforbidden\b | \bnot\ (?:allowed|permitted)\b | \bnot\
    authori[sz]ed | \baccess\ denied | \btimed?[- ]?out\b | \bconnection\ (?:refused|reset|timed|dropped|lost) |
    \bunreachable\b | \bloop(?:s|ing)?\b | \bhop\ count | \bsuspended\b | \bmailbox\ (?:is\ )?(?:busy|locked) |
    \brestricted\b
    """,
    re.VERBOSE,
)


def judge(status: str, said: str) -> FeedbackKind | None:
    """Say what a failure means: `bounced`, `deferred`, or None where neither its code nor its words tell.

    `status` is the code of the report, "" if it has none; `said` is the answer of the other side, or the part of a
    letter that is about this recipient.
    """
    words = " ".join(said[:_MAX_TEXT].lower().split())
    code = exact(status, said)
    if code.startswith("4") or (not _says(code) and _is_passing_reply(words)):
        return FeedbackKind.DEFERRED
    gone, passing = _GONE.search(words) is not None, _PASSING.search(words) is not None
    if code in BAD_MAILBOX:
        return FeedbackKind.DEFERRED if passing and not gone else FeedbackKind.BOUNCED
    if _says(code) or passing:
        return FeedbackKind.DEFERRED
    return FeedbackKind.BOUNCED if gone else None


def exact(status: str, said: str) -> str:
    """Give the code that says most: the report's, or that of the other side where the report's says nothing.

    A code of policy or of a full mailbox (5.7.x, 5.2.2) in what was said outweighs the report's, for a server that
    hands on a refusal may translate it badly.
    """
    reported = _codes(status)[:1]
    heard = _codes(said[:_MAX_TEXT])
    against = [code for code in heard if code.startswith(("5.7.", "5.2.2"))]
    telling = [code for code in (*against, *reported, *heard) if _says(code)]
    return next(iter((*telling, *reported, *heard)), "")


def _codes(text: str) -> list[str]:
    return [".".join(str(int(number)) for number in found.groups()) for found in _CODE.finditer(text)]


def _says(code: str) -> bool:
    return bool(code) and _VAGUE.fullmatch(code) is None


def _is_passing_reply(words: str) -> bool:
    reply = _REPLY.search(words)
    return reply is not None and reply[1] == "4"
