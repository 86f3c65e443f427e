"""A real browser for the tests: the system's Chromium, without a window."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from postgresql_server import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """An open browser; skips where there is none, unless POSTROOM_REQUIRE_TOOLS is set."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=[*_QUIET])
        yield opened
        opened.close()
