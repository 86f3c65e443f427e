"""The public pages in a real browser: read, pressed, narrow, dark, printed, and full of awkward words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from postroom.web.public import HEADERS, TRAP, stylesheet

LOOKS = (Path(__file__).parent / "looks.js").read_text("utf-8")

WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunter"
AWKWARD = {
    "long word": WORD,
    "long title": ("A title that goes on and on, as titles do, " * 7)[:300],
    "arabic": "لماذا يحفظ العجين المخمر الوقت أفضل مما تظن؟",
    "japanese": "なぜサワードウは時計のように時を刻むのか、瓶の中の小麦粉と水が教えてくれること" * 3,
    "no break": "x" * 300,
}
COLOURS = {"brand": "#0b6b4f", "yellow": "#ffe500", "pale": "#fdfdfd", "black": "#000000", "grey": "#808080"}


@contextmanager
def shown(
    browser: Browser,
    public: Any,
    site: Any,
    found: dict[str, str],
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Page]:
    """Open a window on pages that are answered by name, with their headers. Nothing may be complained of."""
    complaints: list[str] = []
    page = browser.new_page(color_scheme=scheme)
    page.set_default_timeout(10_000)

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(public.origin).strip("/").split("?")[0]
        if name == "style.css":
            route.fulfill(body=stylesheet(site.brand), content_type="text/css", headers=dict(HEADERS))
        elif name in found:
            headers = {**HEADERS, "Content-Type": "text/html; charset=utf-8"}
            route.fulfill(body=found[name], headers=headers)
        else:
            route.fulfill(status=204)

    page.route("**/*", answer)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def faults(page: Page, public: Any, found: dict[str, str]) -> list[str]:
    """Look at every page in three widths; tell what is wrong."""
    wrong = []
    for name in found:
        page.goto(f"{public.origin}/{name}")
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wrong += [f"{name} at {width}: {each}" for each in page.evaluate(LOOKS)]
    return wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_good_to_read(
    browser: Browser, public: Any, language: str, scheme: Literal["light", "dark"]
) -> None:
    site = replace(public.site, language=language)
    found = public.pages(site, public.said())
    with shown(browser, public, site, found, scheme) as page:
        assert faults(page, public, found) == []


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_awkward_words_fit(browser: Browser, public: Any, text: str) -> None:
    site = replace(public.site, name=text, address=f"{text}\n{text}")
    found = public.pages(site, public.said.everywhere(text))
    with shown(browser, public, site, found) as page:
        assert faults(page, public, found) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("accent", COLOURS.values(), ids=COLOURS)
def test_every_accent_can_be_read(
    browser: Browser, public: Any, accent: str, scheme: Literal["light", "dark"]
) -> None:
    brand = public.brand
    odd = replace(brand.light, accent=accent), replace(brand.dark, accent=accent)
    site = replace(public.site, brand=replace(brand, light=odd[0], dark=odd[1]))
    found = public.pages(site, public.said())
    few = {name: found[name] for name in ("sign-up-wrong", "preferences-saved", "archive", "left")}
    with shown(browser, public, site, few, scheme) as page:
        assert faults(page, public, few) == []


def test_the_eye_finds_what_is_wrong(browser: Browser, public: Any) -> None:
    """The script that judges the pages is no check that accepts anything."""
    bad = (
        "<!DOCTYPE html><html lang=en><title>x</title><body><p style='color:#aaa'>pale</p><a href=x>tiny</a>"
        "<input aria-describedby=none><button style='border:0;min-width:90vw'></button>"
        "<div style='width:50px;overflow:hidden;white-space:nowrap'>a long line of words</div>"
        "<div style='width:9999px'>wide</div><img src='x'>"
    )
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.set_content(bad)
    found = "\n".join(page.evaluate(LOOKS))
    page.close()
    for complaint in (
        "wider than the window",
        "out of the window: div",
        "text over its edge: div",
        "contrast 2.32: p",
        "edge ",
        "small, ",
        "nameless: input",
        "nameless: button",
        "described by nothing: none",
        "an image without words",
    ):
        assert complaint in found


def test_the_tab_key_goes_through_a_page_as_it_is_read(browser: Browser, public: Any) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found) as page:
        for name in ("sign-up-wrong", "preferences", "leave-others", "archive", "erase"):
            page.goto(f"{public.origin}/{name}")
            wanted = page.evaluate(
                "() => [...document.querySelectorAll('a[href], button, input, select')]"
                ".filter((each) => each.tabIndex >= 0 && each.type !== 'hidden')"
                ".map((each, at) => each.dataset.at = String(at))"
            )
            seen = []
            for _ in wanted:
                page.keyboard.press("Tab")
                at, outline, width = page.evaluate(
                    "() => { const each = document.activeElement, style = getComputedStyle(each);"
                    " return [each.dataset.at, style.outlineStyle, parseFloat(style.outlineWidth)]; }"
                )
                assert (outline, width) == ("solid", 3), f"{name}: the focus on number {at} does not show"
                seen.append(at)
            assert seen == wanted, name


def test_a_form_sends_what_was_typed_from_a_page_that_is_known_to_send_it(
    browser: Browser, public: Any
) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found) as page:
        page.goto(f"{public.origin}/sign-up")
        page.get_by_label("E-mail address").fill("ada@example.org")
        page.get_by_label("Name").fill("Ada")
        page.get_by_label("Recipes").check()
        with page.expect_request(lambda request: request.method == "POST") as sent:
            page.get_by_role("button", name="Sign up").click()
        request: Request = sent.value
        assert request.post_data == f"email=ada%40example.org&name=Ada&list=7&list=8&{TRAP}=&stamp=st4mp"
        assert request.headers["origin"] == public.origin


def test_a_field_that_is_wrong_is_told_to_those_who_listen(browser: Browser, public: Any) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found) as page:
        page.goto(f"{public.origin}/sign-up-wrong")
        tree = page.locator("main").aria_snapshot()
        page.get_by_role("link", name="Please choose at least one.").click()
        assert page.evaluate("() => location.hash") == "#list"
    assert "- alert:" in tree
    assert '- group "What would you like to get?":' in tree
    assert "Leave this field empty" not in tree


def test_a_name_in_a_link_stands_apart_from_the_words_before_it(browser: Browser, public: Any) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found) as page:
        page.goto(f"{public.origin}/message-not-found")
        words, name = page.locator(".step").evaluate(
            "(link) => [...link.childNodes].map((each) => { const range = document.createRange();"
            " range.selectNode(each); return range.getBoundingClientRect(); }).map((box) => [box.left, box.right])"
        )
        assert name[0] - words[1] <= 0.5
        assert page.locator(".step").inner_text() == "Go to The Slow Kitchen"


def test_printed_pages_are_words_on_white(browser: Browser, public: Any) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found, "dark") as page:
        page.goto(f"{public.origin}/archive")
        page.emulate_media(media="print", color_scheme="light")
        assert page.evaluate("() => getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert page.locator("nav").first.is_hidden()
        assert page.locator(".editions").is_visible()


def test_nothing_moves_for_those_who_asked_for_that(browser: Browser, public: Any) -> None:
    found = public.pages(public.site, public.said())
    with shown(browser, public, public.site, found) as page:
        for wish, time in (("reduce", "0s"), ("no-preference", "0.12s")):
            page.emulate_media(reduced_motion="reduce" if wish == "reduce" else "no-preference")
            page.goto(f"{public.origin}/left")
            assert (
                page.evaluate("() => getComputedStyle(document.querySelector('a')).transitionDuration")
                == time
            )


def test_words_from_right_to_left_stand_on_their_own_side(browser: Browser, public: Any) -> None:
    said = public.said.everywhere(AWKWARD["arabic"])
    found = public.pages(public.site, said)
    with shown(browser, public, public.site, found) as page:
        page.goto(f"{public.origin}/archive")
        assert (
            page.evaluate("() => getComputedStyle(document.querySelector('.editions h2')).direction") == "rtl"
        )
        page.goto(f"{public.origin}/leave")
        assert page.evaluate("() => getComputedStyle(document.querySelector('h1')).direction") == "ltr"
        assert page.evaluate("() => getComputedStyle(document.querySelector('h1 bdi')).direction") == "rtl"
