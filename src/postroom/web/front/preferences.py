"""What people choose, take with them, and have erased: their own pages, behind a link that only their mails hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom import links
from postroom.compose.unsubscribe import PREFERENCES
from postroom.outbox import choosing, dossier, erasing
from postroom.outbox.choosing import Chooser, Wish
from postroom.outbox.leaving import Act
from postroom.web.front.answers import Front, body_of, page
from postroom.web.front.leaving import source_of
from postroom.web.front.origins import refuse_foreign
from postroom.web.public import (
    LANGUAGE,
    LIST,
    PERSONAL,
    Choice,
    Doors,
    Notice,
    Person,
    Site,
    erase,
    erased,
    preferences,
)
from postroom.web.public.words import LANGUAGES

log = structlog.get_logger()

_FILE = {
    **PERSONAL,
    "Content-Type": "application/json; charset=utf-8",
    "Content-Disposition": 'attachment; filename="my-data.json"',
}
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Preferences:
    """The endpoints of `/preferences/{token}`."""

    front: Front

    def routes(self) -> list[Route]:
        """Tell which of them answers what."""
        here = "/preferences/{token}"
        return [
            Route(here, self.show, methods=["GET"]),
            Route(here, self.save, methods=["POST"]),
            Route(f"{here}/export", self.export, methods=["POST"]),
            Route(f"{here}/erase", self.ask, methods=["GET"]),
            Route(f"{here}/erase", self.erase, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what somebody gets. Looking changes nothing."""
        uuid = self._whose(request)
        return self._shown(request, await self._chooser(uuid), is_saved=False)

    async def save(self, request: Request) -> Response:
        """Do what the form says about the lists that it could offer, and about the language."""
        uuid, form = await self._sent(request)
        before = await self._chooser(uuid)
        if uuid is None or before is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        said = form.get(LANGUAGE, [""])[0]
        wish = Wish(
            offered=self._offered(before),
            ticked=form.get(LIST, []),
            language=said if said in LANGUAGES else None,
        )
        act, now = Act(how="preferences", source=source_of(request)), self.front.clock()
        after = await run_in_threadpool(self.front.ledger.write, choosing.choose, uuid, wish, act, now)
        log.info("preferences saved", subscriber=uuid)
        return self._shown(request, after, is_saved=True)

    async def export(self, request: Request) -> Response:
        """Hand out everything that is kept about somebody, as a file."""
        uuid, _ = await self._sent(request)
        if uuid is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        found = await run_in_threadpool(self.front.ledger.read, dossier.dossier, uuid)
        if found is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        log.info("data handed out", subscriber=uuid)
        return Response(json.dumps(found, ensure_ascii=False, indent=2), headers=_FILE)

    async def ask(self, request: Request) -> Response:
        """Ask once more before everything is erased. Looking changes nothing."""
        if self._whose(request) is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        doors = self._doors(request)
        return page(erase(self.front.site_for(request), doors.erase, doors.save), PERSONAL)

    async def erase(self, request: Request) -> Response:
        """Erase everything about somebody. Whoever is not known any more is answered alike: it is true of them."""
        uuid, _ = await self._sent(request)
        if uuid is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        now = self.front.clock()
        done = await run_in_threadpool(self.front.ledger.write, erasing.erase_by_link, uuid, now)
        if done is not None:
            log.info("a subscriber was erased", cancelled=done.cancelled)
        return page(erased(self.front.site_for(request)), PERSONAL)

    async def _sent(self, request: Request) -> tuple[str | None, dict[str, list[str]]]:
        """Read what was posted, and who posted it: None where we did not sign the link."""
        refuse_foreign(self.front, request)
        body = await body_of(request)
        try:
            form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise HTTPException(400) from error
        return self._whose(request), form

    async def _chooser(self, uuid: str | None) -> Chooser | None:
        if uuid is None:
            return None
        return await run_in_threadpool(self.front.ledger.read, choosing.chooser, uuid)

    def _whose(self, request: Request) -> str | None:
        """Read the token: the uuid of a subscriber; None where we did not sign it."""
        match links.read(self.front.keys, PREFERENCES, request.path_params["token"]):
            case (uuid,):
                return uuid
        return None

    def _offered(self, who: Chooser) -> list[str]:
        """List what somebody may tick: what they are on, and what anybody may ask for."""
        return list(dict.fromkeys((*who.lists, *self.front.web.sign_up)))

    def _shown(self, request: Request, who: Chooser | None, *, is_saved: bool) -> Response:
        if who is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        titles = self.front.web.titles
        person = Person(
            lists=[
                Choice(key=name, title=titles.get(name, name), is_chosen=name in who.lists)
                for name in self._offered(who)
            ],
            language=who.language or self.front.publication.language,
            address=_veiled(who.address),
        )
        site = self._site(request, who)
        return page(preferences(site, person, self._doors(request), is_saved=is_saved), PERSONAL)

    def _site(self, request: Request, who: Chooser) -> Site:
        """Speak the language that they chose, else their browser's."""
        site = self.front.site_for(request)
        return replace(site, reader=who.language) if who.language else site

    def _doors(self, request: Request) -> Doors:
        here = f"{self.front.base}/preferences/{request.path_params['token']}"
        return Doors(save=here, export=f"{here}/export", erase=f"{here}/erase")


def _veiled(address: str) -> str:
    """Show enough of an address for its owner to know it: mails are passed on, and with them the link."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if local else ""
