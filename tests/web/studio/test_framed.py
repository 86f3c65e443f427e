"""The copy of a mail that the studio frames."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.web.studio.framed import CHANGED, framed, marked, policy, remote_images

PREFIX = "https://mail.example/images"
DARK = "<style>@media (prefers-color-scheme: dark) { p { color: white } }</style>"


def seen(html: str, scheme: str = "light", images: str = "own") -> str:
    return framed(html, url_prefix=PREFIX, scheme=scheme, images=images)


@pytest.mark.parametrize(
    ("scheme", "rule"),
    [("light", "(max-width:0px)"), ("dark", "(min-width:0px)"), ("inverted", "(max-width:0px)")],
)
def test_the_authors_dark_rules_are_switched(scheme: str, rule: str) -> None:
    assert f"@media {rule} {{ p" in seen(DARK, scheme)


def test_rules_for_light_are_switched_the_other_way() -> None:
    html = "<style>@media screen and (prefers-color-scheme:light){p{color:red}}</style>"
    assert "@media screen and (max-width:0px){" in seen(html, "dark")
    assert "@media screen and (min-width:0px){" in seen(html, "light")


def test_a_dark_source_of_a_picture_is_switched_too() -> None:
    html = '<picture><source media="(prefers-color-scheme: dark)" srcset="d.png"></picture>'
    assert '<source media="(min-width:0px)"' in seen(html, "dark")


@pytest.mark.parametrize(("scheme", "told"), [("light", "light"), ("dark", "dark"), ("inverted", "light")])
def test_the_browsers_own_colours_follow(scheme: str, told: str) -> None:
    assert f":root{{color-scheme:{told}!important}}" in seen("<p>a", scheme)


def test_only_inversion_inverts() -> None:
    assert "invert(1)" in seen("<p>a", "inverted")
    assert "invert(1)" not in seen("<p>a", "dark")


def test_the_additions_stand_in_the_head() -> None:
    html = "<!DOCTYPE html>\n<html lang='en'>\n<head data-x>\n<title>a</title></head><body>b</body></html>"
    copy = seen(html)
    assert copy.startswith("<!DOCTYPE html>\n<html lang='en'>\n<head data-x><base ")
    assert copy.index("</style></head>") < copy.index("<body>")


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        (f'<img src="{PREFIX}/a.jpg">', '<img src="asset/a.jpg">'),
        (f"<img src='{PREFIX}/a.jpg'>", "<img src='asset/a.jpg'>"),
        (f'<td background="{PREFIX}/a.jpg">', '<td background="asset/a.jpg">'),
        (f'<td style="background:url({PREFIX}/a.jpg)">', '<td style="background:url(asset/a.jpg)">'),
        (
            f"<style>td{{background:url('{PREFIX}/a.jpg')}}</style>",
            "<style>td{background:url('asset/a.jpg')}</style>",
        ),
        (f'<a href="{PREFIX}/a.jpg">', f'<a href="{PREFIX}/a.jpg">'),
        (f'<code>src="{PREFIX}/a.jpg"</code>', f'<code>src="{PREFIX}/a.jpg"</code>'),
        (f'<img alt="2 > 1" src="{PREFIX}/a.jpg">', '<img alt="2 > 1" src="asset/a.jpg">'),
    ],
)
def test_own_images_come_from_the_studio(given_: str, shown: str) -> None:
    assert shown in seen(given_)


REMOTE = [
    '<img src="https://else.example/a.png" alt="A jar">',
    '<img src="//else.example/a.png" alt="A jar">',
    '<img srcset="https://else.example/a.png 2x" alt="A jar">',
    '<td style="background:url(&quot;https://else.example/a.png&quot;)">',
    "<style>td{background:url( 'https://else.example/a.png' )}</style>",
]


@pytest.mark.parametrize("html", REMOTE)
def test_remote_images_wait_until_they_are_asked_for(html: str) -> None:
    assert "else.example" not in seen(html, images="own")
    assert "else.example" not in seen(html, images="none")
    assert html in seen(html, images="all")
    assert remote_images(html, PREFIX) == 1


def test_an_image_that_is_left_out_leaves_its_words() -> None:
    assert '<img alt="A jar">' in seen(REMOTE[0])


def test_own_images_are_not_counted_as_remote() -> None:
    assert remote_images(f'<img src="{PREFIX}/a.jpg"><a href="https://else.example/a">', PREFIX) == 0


def test_without_images_none_is_left() -> None:
    html = f'<img src="{PREFIX}/a.jpg"><img src="data:image/png;base64,AA"><td style="background:url(a.png)">'
    copy = seen(html, images="none")
    assert "src=" not in copy
    assert "url(" not in copy


def test_a_project_without_images_has_nothing_to_rewrite() -> None:
    html = '<img src="/a.jpg">'
    assert html in framed(html, url_prefix="", scheme="light", images="own")


@pytest.mark.parametrize(
    ("images", "sources"), [("none", "'none'"), ("own", "'self' data:"), ("all", "'self' https: data:")]
)
def test_the_policy_lets_nothing_through_but_pictures_and_styles(images: str, sources: str) -> None:
    rules = dict(rule.split(" ", 1) for rule in policy(images).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == sources
    assert rules["style-src"] == "'unsafe-inline'"
    assert "script-src" not in rules
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<body><p>One<p>Two", "<body><p>One<p MARK>Twain"),
        ("<body><p>One</p>", "<body><p MARK>One</p><p>Two</p>"),
        ('<body><td class="a">x', '<body><td MARK class="b">x'),
        ("<body><p>One<!--[if mso]><p>a<![endif]-->", "<body><p MARK>One<!--[if mso]><p>b<![endif]-->"),
        ("<body><p>One<p>Two", "<body><p MARK>One<pre>Two"),
        ("<body><p>One<p>Two", "<body><p MARK>One"),
        ("<style>a</style><body><p>One", "<style>b</style><body><p>One"),
        ("<body><p>One", "<body><p>One"),
        ("", "<body><p>One"),
        ("<p>One", "<p>Two"),
    ],
)
def test_the_place_of_a_change_is_marked(before: str, after: str) -> None:
    assert marked(after.replace(" MARK", ""), before) == after.replace("MARK", f'id="{CHANGED}"')


@given(st.text(alphabet="<>\"'=abs rcurl(){}/\\&;!-"))
def test_any_text_can_be_framed(html: str) -> None:
    assert '<base target="_blank">' in seen(html)
