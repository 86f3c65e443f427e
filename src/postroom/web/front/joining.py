"""The way in: a form, a mail, and the page on which its reader confirms.

    GET  /subscribe         shows the form         changes nothing
    POST /subscribe         asks to be on lists    says the same whatever the address is to us
    GET  /confirm/{token}   shows what was asked   changes nothing
    POST /confirm/{token}   confirms it            twice is once

Programs send forms as well. One that fills in a field that nobody sees is answered like a person, and ignored. One
that sends a form as soon as it was made, or without ever asking for it, is asked to press the button once more.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom import links
from postroom.address import normalise
from postroom.compose.unsubscribe import CONFIRM
from postroom.errors import AddressError
from postroom.model import Recipient
from postroom.outbox import joining
from postroom.outbox.joining import Wish
from postroom.outbox.leaving import Act
from postroom.web.front.answers import Front, body_of, page
from postroom.web.front.leaving import source_of
from postroom.web.front.limits import Limiter, domain_of, mailbox_of, network_of
from postroom.web.public import (
    EMAIL,
    HEADERS,
    LIST,
    NAME,
    PERSONAL,
    STAMP,
    TRAP,
    Choice,
    Fault,
    Notice,
    SignUp,
    Site,
    confirm,
    confirmed,
    sign_up,
    sign_up_sent,
    snippet,
)

log = structlog.get_logger()

_STAMP = "stamp"
_SOONEST = 2
_LATEST = 24 * 3600
"""Nobody reads a form and fills it in within two seconds; what was made yesterday may be somebody else's copy."""

_ANSWER_SECONDS = 0.25
"""How long every answer to a form in order takes, at least. The ledger needs some milliseconds more for a stranger
than for a reader, and would tell them apart.
"""

_MOST_FIELDS = 50
_LONGEST_NAME = 100
_LONGEST_ADDRESS = 1000  # of what is shown again; `address` says what one may have
_NO_NAME = ("://", "www.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What was sent."""

    email: str
    name: str
    lists: tuple[str, ...]
    stamp: str
    trap: str


class Joining:
    """The endpoints of `/subscribe` and `/confirm/{token}`."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self._networks = Limiter(front.limits.network, time.monotonic)
        self._all = Limiter(front.limits.all, time.monotonic)
        self._mailboxes = Limiter(front.limits.mailbox, time.monotonic)
        self._domains = Limiter(front.limits.domain, time.monotonic)

    def routes(self) -> list[Route]:
        """Tell which of them answers what."""
        return [
            Route("/subscribe", self.show, methods=["GET"]),
            Route("/subscribe", self.sign_up, methods=["POST"]),
            Route("/confirm/{token}", self.ask, methods=["GET"]),
            Route("/confirm/{token}", self.confirm, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the form, where a list is open to strangers."""
        self._see_that_it_is_open()
        site, stamp = self.front.site_for(request), self._stamped()
        html = sign_up(site, choices(self.front), self._action, SignUp(stamp=stamp))
        return page(html, {**HEADERS, "Cache-Control": "no-store"})

    async def sign_up(self, request: Request) -> Response:
        """Note who asks for what, or show the form again, filled in, with what is wrong."""
        self._see_that_it_is_open()
        begun = time.monotonic()
        host = source_of(request)
        _refuse_for(self._networks.wait(network_of(host)))
        form, site = _form_of(await body_of(request)), self.front.site_for(request)
        faults = (*self._faults(form), *self._haste(form))
        if faults and not form.trap:
            return self._again(site, form, faults)
        if not form.trap:
            _refuse_for(self._all.wait(""))
            await self._note(form, Act(how="sign-up form", source=host), site.reader)
        await asyncio.sleep(max(begun + _ANSWER_SECONDS - time.monotonic(), 0))
        return page(sign_up_sent(site), PERSONAL)

    async def ask(self, request: Request) -> Response:
        """Show what a person has asked for, with the button that confirms it; or what they get already."""
        uuid = self._whose(request)
        place = await run_in_threadpool(self.front.ledger.read, joining.place, uuid)
        if place is None or not (place.asked or place.on):
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        site = self.front.site_for(request)
        if not place.asked:
            return page(confirmed(site, self._titles(place.on)), PERSONAL)
        action = f"{self.front.base}/confirm/{request.path_params['token']}"
        return page(confirm(site, self._titles(place.asked), action), PERSONAL)

    async def confirm(self, request: Request) -> Response:
        """Put a person on all that they asked for."""
        await body_of(request)
        uuid = self._whose(request)
        act = Act(how="confirmation link", source=source_of(request))
        confirm = partial(joining.confirm, uuid=uuid, act=act, now=self.front.clock())
        place = await self.front.together.write(confirm)
        if place is None or not place.on:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        if place.asked:
            log.info("confirmed", subscriber=uuid, lists=place.asked)
        return page(confirmed(self.front.site_for(request), self._titles(place.on)), PERSONAL)

    @property
    def _action(self) -> str:
        return f"{self.front.base}/subscribe"

    def _see_that_it_is_open(self) -> None:
        if not self.front.web.sign_up:
            raise HTTPException(404)

    def _stamped(self) -> str:
        return links.token(self.front.keys, _STAMP, str(int(self.front.clock().timestamp())))

    def _age(self, form: _Form) -> float | None:
        """Tell how many seconds ago a form was made; None where we did not make it."""
        match links.read(self.front.keys, _STAMP, form.stamp):
            case (made,):
                return self.front.clock().timestamp() - int(made)
        return None

    def _haste(self, form: _Form) -> tuple[Fault, ...]:
        age = self._age(form)
        return () if age is not None and _SOONEST <= age <= _LATEST else (Fault.ONCE_MORE,)

    def _faults(self, form: _Form) -> tuple[Fault, ...]:
        found = {
            Fault.NO_EMAIL: not form.email,
            Fault.BAD_EMAIL: bool(form.email) and _person(form) is None,
            Fault.NO_LIST: not self._chosen(form),
            Fault.LONG_NAME: len(form.name) > _LONGEST_NAME,
        }
        return tuple(fault for fault, is_wrong in found.items() if is_wrong)

    def _chosen(self, form: _Form) -> tuple[str, ...]:
        return tuple(each for each in self.front.web.sign_up if each in form.lists)

    def _again(self, site: Site, form: _Form, faults: tuple[Fault, ...]) -> Response:
        """Show the form once more. One that came too soon keeps its stamp: so the next press is late enough."""
        age = self._age(form)
        values = SignUp(
            stamp=form.stamp if age is not None and 0 <= age < _SOONEST else self._stamped(),
            email=form.email[:_LONGEST_ADDRESS],
            name=form.name[:_LONGEST_ADDRESS],
            faults=faults,
        )
        lists = choices(self.front, self._chosen(form))
        return page(sign_up(site, lists, self._action, values), PERSONAL)

    async def _note(self, form: _Form, act: Act, language: str) -> None:
        person = _person(form)
        assert person is not None
        domain, mailbox = domain_of(person.identity), mailbox_of(person.identity)
        if domain:
            _refuse_for(self._domains.wait(domain))
        if mailbox != person.identity and self._mailboxes.wait(mailbox):
            log.info("form sent", is_mailbox_full=True)
            return
        wish = Wish(person=person, lists=self._chosen(form), language=language[:35], act=act)
        ask = partial(joining.sign_up, wish=wish, now=self.front.clock())
        is_asked = await self.front.together.write(ask)
        log.info("form sent", lists=wish.lists, asks_to_confirm=is_asked)

    def _whose(self, request: Request) -> str:
        """Read the token; nobody's uuid where we did not sign it."""
        match links.read(self.front.keys, CONFIRM, request.path_params["token"]):
            case (uuid,):
                return uuid
        return ""

    def _titles(self, lists: Sequence[str]) -> list[str]:
        titles, name = self.front.web.titles, self.front.publication.name
        return list(dict.fromkeys(titles.get(each, name) for each in lists))


def choices(front: Front, chosen: Sequence[str] = ()) -> list[Choice]:
    """List what strangers may ask for. Nothing is ticked for them: that would be no consent (GDPR, recital 32)."""
    titles = front.web.titles
    return [Choice(key=each, title=titles[each], is_chosen=each in chosen) for each in front.web.sign_up]


def embedded(front: Front) -> str:
    """Write the form as HTML for a page of somebody's own."""
    return snippet(front.site, choices(front), f"{(front.web.url or '').rstrip('/')}/subscribe")


def _form_of(body: bytes) -> _Form:
    """Read a form. Raises HTTPException 400 for what no form of ours would send."""
    try:
        sent = parse_qs(
            body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError as error:
        raise HTTPException(400) from error

    def first(name: str) -> str:
        return sent.get(name, [""])[0].strip()

    return _Form(
        email=first(EMAIL),
        name=" ".join(first(NAME).split()),
        lists=tuple(sent.get(LIST, ())),
        stamp=first(STAMP),
        trap=first(TRAP),
    )


def _person(form: _Form) -> Recipient | None:
    """Read the address; None where it is none. A name that holds the address of a page is no name."""
    try:
        found = normalise(form.email)
    except AddressError:
        return None
    name = "" if any(each in form.name.lower() for each in _NO_NAME) else form.name
    printable = "".join(each if each.isprintable() else " " for each in name)
    return Recipient(
        address=found.address, identity=found.identity, domain=found.domain, name=printable.strip()
    )


def _refuse_for(seconds: float) -> None:
    """Raise HTTPException 429 where somebody has to wait."""
    if seconds > 0:
        raise HTTPException(429, headers={"Retry-After": str(math.ceil(seconds))})
