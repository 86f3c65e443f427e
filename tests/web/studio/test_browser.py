"""The studio in a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Request, expect

from postroom.web.studio import app


@contextmanager
def served(source: Any, token: str, port: int = 0) -> Iterator[str]:
    """Serve a studio until the block ends."""
    studio = app(source, token=token, hosts=("127.0.0.1",))
    server = uvicorn.Server(uvicorn.Config(studio, port=port, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/{token}/"
    finally:
        studio.state.closing = server.should_exit = True
        thread.join()


@pytest.fixture
def address(source: Any, make: Any) -> Iterator[str]:
    with served(source, make.token) as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    """Open the studio; afterwards nothing may have gone wrong, and nothing have left this machine."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(10_000)
    asked: list[str] = []
    opened.on("response", lambda answer: asked.append(answer.url))
    opened.on("requestfailed", lambda request: asked.extend(_left(request)))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(address)
    yield opened
    opened.close()
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert complaints == []


def _left(request: Request) -> list[str]:
    """Tell where a failed request went, unless the browser itself refused to make it."""
    return [] if "CSP" in str(request.failure).upper() else [request.url]


def press(page: Page, key: str) -> None:
    """Press a key once the page listens."""
    page.wait_for_load_state("domcontentloaded")
    page.keyboard.press(key)


def frame_style(page: Page, selector: str, name: str) -> str:
    element = page.frame_locator("#frame").locator(selector).first
    return str(element.evaluate(f"(element) => getComputedStyle(element).{name}"))


def test_the_mail_is_shown_with_its_own_images(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Why sourdough keeps a clock")
    picture = page.frame_locator("#frame").get_by_alt_text("A loaf on a wooden board")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.naturalWidth") == 600


def test_keys_turn_the_switches(page: Page) -> None:
    assert frame_style(page, ".paper", "backgroundColor") == "rgb(255, 255, 255)"
    press(page, "d")
    expect(page.locator(".switch a[aria-current]", has_text="Dark")).to_be_visible()
    assert frame_style(page, ".paper", "backgroundColor") == "rgb(32, 31, 28)"
    press(page, "d")
    expect(page.locator(".switch a[aria-current]", has_text="Inverted")).to_be_visible()
    assert frame_style(page, ".paper", "backgroundColor") == "rgb(255, 255, 255)"
    assert frame_style(page, "html", "filter") == "invert(1) hue-rotate(180deg)"
    press(page, "p")
    expect(page.locator("#frame")).to_have_attribute("width", "375")
    assert frame_style(page, "h1", "fontSize") == "29px"
    press(page, "2")
    expect(page.locator(".prose")).to_contain_text("Hello Ada")


def test_j_and_k_go_through_what_the_filter_leaves(page: Page) -> None:
    press(page, "j")
    expect(page.locator(".told")).to_have_text("linkedin · hook")
    press(page, "k")
    expect(page.locator(".told")).to_have_text("newsletter · article")
    press(page, "/")
    page.keyboard.type("salt")
    expect(page.locator(".article:visible")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 article matches")
    press(page, "Escape")
    press(page, "j")
    expect(page.get_by_role("heading", level=1)).to_have_text("Salt, in four acts")
    expect(page.locator(".article:visible")).to_have_count(1)


def test_the_frame_can_be_dragged_and_keeps_its_width(page: Page) -> None:
    box = page.locator("#grip").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 45, box["y"] + 200)
    page.mouse.up()
    expect(page.locator("#frame")).to_have_attribute("width", "540")
    page.locator("#grip").press("ArrowRight")
    page.reload()
    expect(page.locator("#frame")).to_have_attribute("width", "550")
    press(page, "d")
    expect(page.locator("#frame")).to_have_attribute("width", "550")


def test_a_change_shows_by_itself_and_nothing_else_moves(page: Page, source: Any) -> None:
    press(page, "d")
    expect(page.locator("#frame")).to_have_attribute(
        "src", "mail?article=clock&channel=newsletter&variant=article&scheme=dark"
    )
    page.locator("#filter").fill("clock")
    page.evaluate("() => { window.marked = true; }")
    heading = page.frame_locator("#frame").locator("h2")
    expect(heading).not_to_be_in_viewport()
    sheet = source.sheets[0]
    source.sheets[0] = replace(sheet, html=sheet.html.replace("Reading the jar", "Reading the glass"))
    source.changes += 1
    expect(heading).to_have_text("Reading the glass")
    expect(heading).to_be_in_viewport()
    expect(page.locator("#filter")).to_have_value("clock")
    expect(page.locator("#filter")).to_be_focused()
    expect(page.locator(".switch a[aria-current]", has_text="Dark")).to_be_visible()
    assert page.evaluate("() => window.marked") is True


def test_a_change_elsewhere_does_not_reload(page: Page, source: Any, make: Any) -> None:
    page.evaluate("() => { window.marked = true; }")
    for _ in range(2):
        with page.expect_response(lambda answer: urlsplit(answer.url).path.endswith(f"/{make.token}/")):
            source.changes += 1
    assert page.evaluate("() => window.marked") is True


def test_a_restart_is_survived(browser: Browser, source: Any, make: Any) -> None:
    page = browser.new_page()
    with served(source, make.token) as address:
        page.goto(address)
        expect(page.locator("#live")).to_have_text("Live")
    expect(page.locator("#live")).to_have_text("Stopped; waiting for it")
    source.sheets[0] = replace(source.sheets[0], preheader="Another preheader")
    with served(source, make.token, port=urlsplit(address).port or 0):
        expect(page.locator(".preheader")).to_have_text("Another preheader", timeout=15_000)
        expect(page.locator("#live")).to_have_text("Live")
        page.close()


def test_a_mail_cannot_run_a_script(page: Page, source: Any, make: Any, complaints: list[str]) -> None:
    hostile = (
        "<p>Here.</p><script>top.document.title = 'taken'</script>"
        "<img src=x onerror=\"top.document.title='taken'\">"
        '<meta http-equiv="refresh" content="0;url=https://else.example/"><form action="https://else.example/">'
        '<button id="send">Send</button></form><iframe src="https://else.example/"></iframe>'
        '<a id="js" href="javascript:top.document.title=1">x</a><link rel="stylesheet" href="https://else.example/a.css">'
    )
    source.sheets = [make.mail(make.entry(), html=hostile)]
    source.changes += 1
    frame = page.frame_locator("#frame").first
    expect(frame.get_by_text("Here.")).to_be_visible()
    frame.locator("#send").click()
    frame.locator("#js").click()
    assert page.title() == "Why sourdough keeps a clock · Postroom"
    expect(frame.get_by_text("Here.")).to_be_visible()
    assert complaints, "the browser tells that it refused"
    complaints.clear()
