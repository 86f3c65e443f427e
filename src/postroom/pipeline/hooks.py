"""Whose webhooks are believed, with their secrets opened, and the certificates of Amazon's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from postroom.config import WebhookSettings
from postroom.feedback.webhooks import Reading, mailgun, postmark, ses

Hook: TypeAlias = Callable[[bytes, Mapping[str, str], datetime], Reading]
"""Reads a request: its body as it came in, its headers, and when that was."""

_TIMEOUT_SECONDS: Final = 5
_MAX_BYTES: Final = 32 * 1024
"""The most that is read of a certificate: Amazon's have some 2 KB."""

_KEPT: Final = 16
_FETCHES_A_MINUTE: Final = 6
"""Names of certificates are in messages that nobody has verified yet: a forger must not make us ask without end."""


def hooks(settings: WebhookSettings, secrets: Callable[[str], str]) -> dict[str, Hook]:
    """Make the reader of each provider that is believed, by its name. Raises TransportError without a secret."""
    found: dict[str, Hook] = {}
    if settings.topics:
        trust = ses.Settings(topics=settings.topics, certificates=Certificates().get)
        found[ses.SOURCE] = lambda body, headers, now: ses.read(body, headers, trust, now)
    if settings.postmark is not None:
        user, password = (secrets(each.reference) for each in settings.postmark)
        known = postmark.Settings(username=user, password=password)
        found[postmark.SOURCE] = lambda body, headers, now: postmark.read(body, headers, known, now)
    if settings.mailgun is not None:
        signed = mailgun.Settings(signing_key=secrets(settings.mailgun.reference).encode())
        found[mailgun.SOURCE] = lambda body, headers, now: mailgun.read(body, headers, signed, now)
    return found


@dataclass(slots=True)
class Certificates:
    """Fetches certificates, keeps them, and asks for new ones a few times a minute at most."""

    fetch: Callable[[str], bytes] = field(default_factory=lambda: _fetched)
    monotonic: Callable[[], float] = time.monotonic
    _kept: dict[str, bytes] = field(default_factory=dict)
    _asked: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, url: str) -> bytes:
        """Return what stands at an address that is Amazon's. Raises OSError where it cannot be had now."""
        found = self._kept.get(url)
        if found is not None:
            return found
        with self._lock:
            if url not in self._kept:
                self._spend()
                certificate = self.fetch(url)
                while len(self._kept) >= _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[url] = certificate
            return self._kept[url]

    def _spend(self) -> None:
        now = self.monotonic()
        self._asked = [each for each in self._asked if now - each < 60]
        if len(self._asked) >= _FETCHES_A_MINUTE:
            raise OSError("certificates were asked for too often")
        self._asked.append(now)


def _fetched(url: str) -> bytes:
    import httpx

    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT_SECONDS, follow_redirects=False) as answer:
            if answer.status_code != httpx.codes.OK:
                raise OSError(f"it answers {answer.status_code}")
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _MAX_BYTES:
                    raise OSError("it is too long")
            return data
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(str(error)) from error
