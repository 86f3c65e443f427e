"""Whatever is sent to the public pages, in whatever shape, they do not break: thousands of requests, made from their
description by schemathesis.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import provider_requests as provider
import pytest
import yaml
from starlette.routing import Route

from postroom.feedback.webhooks import mailgun, postmark, ses
from postroom.web.front import Front, app
from postroom.web.front.limits import Rate, SignUpLimits
from postroom.web.front.serving import serve_beside

from .conftest import NOW, Stand

DESCRIPTION = Path(__file__).parents[3] / "docs/public-api.yaml"
ANY = Rate(burst=10**9, seconds=1)
NOBODY = "no certificate can be had here"


def described() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text("utf-8"))["paths"]
    return found


@pytest.fixture
def front(stand: Stand) -> Front:
    """The pages with all that they can have: sign-up, webhooks, pictures."""

    def no_certificate(url: str) -> bytes:
        raise OSError(NOBODY)

    trust = ses.Settings(topics=frozenset({provider.TOPIC}), certificates=no_certificate)
    known = postmark.Settings(username=provider.POSTMARK[0], password=provider.POSTMARK[1])
    signed = mailgun.Settings(signing_key=provider.MAILGUN_KEY)
    return replace(
        stand.front,
        web=replace(stand.front.web, sign_up=("weekly",), titles={"weekly": "The Weekly"}),
        limits=SignUpLimits(network=ANY, all=ANY, mailbox=ANY, domain=ANY),
        hooks={
            "ses": lambda body, headers, now: ses.read(body, headers, trust, NOW),
            "postmark": lambda body, headers, now: postmark.read(body, headers, known, NOW),
            "mailgun": lambda body, headers, now: mailgun.read(body, headers, signed, NOW),
        },
    )


def fuzz(front: Front, place: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let schemathesis do its worst, and keep what it keeps in `place`."""
    handle = serve_beside(front, "127.0.0.1:0")
    command = [Path(sys.executable).with_name("st"), "run", DESCRIPTION, "--url", handle.address]
    checks = ["--checks", "not_a_server_error", "--seed", "7", "--no-color", "--workers", "2", *options]
    try:
        return subprocess.run(
            [*command, *checks], cwd=place, capture_output=True, text=True, timeout=250, check=False
        )
    finally:
        handle.close()


def test_every_route_is_described_and_nothing_else(front: Front) -> None:
    served = {
        (re.sub(r"\{(\w+)(:\w+)?\}", r"{\1}", route.path), method.lower())
        for route in app(front).routes
        if isinstance(route, Route) and not route.path.endswith((".css", ".png"))
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {(path, method) for path, ways in described().items() for method in ways if method != "parameters"}
    assert served == told


@pytest.mark.timeout(280)
def test_no_request_that_can_be_made_of_it_breaks_a_page(stand: Stand, front: Front, tmp_path: Path) -> None:
    stand.publish("kilns")
    found = fuzz(front, tmp_path, "--max-examples", "30", "--phases", "coverage,fuzzing", "--max-time", "100")
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-2000:]
    cases = re.search(r"(\d[\d,]*) generated", found.stdout)
    assert cases, found.stdout[-2000:]
    assert int(cases[1].replace(",", "")) > 500


def test_it_would_tell_of_a_page_that_breaks(front: Front, tmp_path: Path) -> None:
    def broken(body: bytes, headers: object, now: object) -> Any:
        raise RuntimeError("as no page should")

    worse = replace(front, hooks={"postmark": broken})
    found = fuzz(worse, tmp_path, "--include-path", "/hooks/{source}", "--max-examples", "20")
    assert found.returncode == 1
    assert "Server error" in found.stdout, found.stdout[-3000:]
