"""The studio's answers: what each page shows, and under which policy."""

import json
import re
from dataclasses import replace
from html import escape
from typing import Any

import pytest

from postroom.errors import PostroomError
from postroom.model import Email, Severity

HOSTILE = "\"><script>alert(1)</script>'<img src=x onerror=alert(2)>&lt;b&gt;{{7*7}}"


def rules(answer: Any) -> dict[str, str]:
    return dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))


def test_the_first_page_shows_the_first_entry(studio: Any) -> None:
    shown = studio.get().text
    assert "<h1>Why sourdough keeps a clock</h1>" in shown
    assert "<b>Ready</b><span>It goes out at the next tick, to 1,204 people.</span>" in shown
    assert 'src="mail?article=clock&amp;channel=newsletter&amp;variant=article"' in shown
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown


def test_the_inbox_line_says_who_what_and_when(studio: Any) -> None:
    shown = studio.get().text
    assert '<span class="from">The Slow Kitchen</span>' in shown
    assert '<span class="preheader">A jar of flour and water' in shown
    assert '<span class="date">24 Nov</span>' in shown


def test_without_the_last_slash_it_is_added(studio: Any, make: Any) -> None:
    answer = studio.get(f"http://127.0.0.1:8765/{make.token}")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"http://127.0.0.1:8765/{make.token}/"


@pytest.mark.parametrize(
    ("tab", "told"),
    [
        ("text", "Hello Ada, every starter has a rhythm. [1]"),
        ("headers", "List-Unsubscribe: &lt;https://mail.kitchen.example/u/abc&gt;"),
        ("html", "&lt;title&gt;Why sourdough keeps a clock"),
        ("mjml", "&lt;mj-section /&gt;"),
        ("json", "&quot;language&quot;: &quot;en&quot;"),
    ],
)
def test_each_tab_shows_its_source(studio: Any, tab: str, told: str) -> None:
    shown = studio.get(f"?tab={tab}").text
    assert told in shown
    assert "<iframe" not in shown


def test_a_post_has_fewer_tabs_and_falls_back_to_its_preview(studio: Any) -> None:
    shown = studio.get("?article=clock&channel=linkedin&variant=hook&tab=mjml").text
    assert "…see more" in shown
    assert ">MJML<" not in shown
    assert ">Scheme<" not in shown


def test_a_keys_next_position_is_told_by_its_link(studio: Any) -> None:
    shown = studio.get("?scheme=dark&width=375").text
    assert 'scheme=inverted" aria-keyshortcuts="d"' in shown
    assert 'aria-keyshortcuts="p" data-sets="width">Desktop<' in shown


def test_the_catalogue_shows_states_and_counts(studio: Any) -> None:
    shown = studio.get().text
    assert shown.count('class="chip ') == 7
    assert ", blocked</span>" in shown
    assert '<b class="found error">2<span class="unseen"> errors</span></b>' in shown
    assert shown.count('aria-current="page"') == 2  # one chip, one tab


def test_the_filter_narrows_the_catalogue(studio: Any) -> None:
    shown = studio.get("?q=SALT+held").text
    assert len(re.findall(r'<li class="article[^>]* hidden>', shown)) == 2
    assert "1 article matches" in shown
    assert "No articles match" in studio.get("?q=nothing").text


def test_a_long_catalogue_is_cut(source: Any, studio: Any, make: Any) -> None:
    source.sheets = [make.mail(make.entry(f"a{number}"), html="") for number in range(250)]
    shown = studio.get().text
    assert shown.count('<li class="article') == 200
    assert "200 of 250 articles" in shown
    assert studio.get("?q=a249").text.count('<li class="article') == 1


def test_an_article_with_errors_shows_them_in_its_place(studio: Any) -> None:
    shown = studio.get("?article=yeast").text
    assert "Nothing can be shown of it yet." in shown
    assert "`publish_time: tomorow` is no date" in shown
    assert "seeds/why-sourdough-keeps-a-clock.md:4" in shown
    assert shown.index("The body is empty.") < shown.index("It has no image.")


def test_a_mail_that_gmail_would_cut_is_told(source: Any, studio: Any, make: Any) -> None:
    assert "Gmail cuts off what is longer." in studio.get().text
    source.sheets = [make.mail(make.entry(), html="<p>" + "x" * 110_000)]
    source.changes += 1
    assert "Gmail will cut the end off." in studio.get().text


def test_an_empty_project_says_what_to_do(source: Any, studio: Any) -> None:
    source.sheets = []
    answer = studio.get()
    assert answer.status_code == 200
    assert "No articles yet" in answer.text


def test_an_unknown_article_is_told(studio: Any) -> None:
    assert "No article goes by this name." in studio.get("?article=nowhere").text
    assert studio.get("mail?article=nowhere").status_code == 404


def test_a_broken_project_shows_its_message_and_the_last_good_view(source: Any, studio: Any) -> None:
    studio.get()
    source.broken, source.changes = PostroomError('config.yaml:14:5: did you mean "<variants>"?'), 2
    answer = studio.get()
    assert answer.status_code == 200
    assert "did you mean &quot;&lt;variants&gt;&quot;?" in answer.text
    assert "not up to date" in answer.text
    assert "<iframe" in answer.text
    assert "Why sourdough" in studio.get("mail").text


def test_a_project_broken_from_the_start_shows_its_message(source: Any, studio: Any) -> None:
    source.broken = PostroomError("config.yaml:1: no such file")
    shown = studio.get().text
    assert "config.yaml:1: no such file" in shown
    assert "Nothing to show yet" in shown


def test_hostile_text_stays_text(source: Any, studio: Any, make: Any) -> None:
    entry = make.entry(HOSTILE, HOSTILE, HOSTILE, title=HOSTILE, file=HOSTILE, why=HOSTILE, state=HOSTILE)
    found = (replace(make.finding(Severity.ERROR, HOSTILE), file=HOSTILE, rule=HOSTILE),)
    headers = (
        ("From", HOSTILE),
        ("Subject", HOSTILE),
        ("Date", HOSTILE),
        ("To", HOSTILE),
        (HOSTILE, HOSTILE),
    )
    told = {"headers": headers, "findings": found, "json": HOSTILE, "text": HOSTILE, "preheader": HOSTILE}
    source.sheets = [make.mail(entry, html="<p>", **told, eml=HOSTILE.encode(), sender=HOSTILE)]
    for tab in ("preview", "text", "headers", "html", "mjml", "json"):
        shown = studio.get(f"?tab={tab}").text
        assert escape(HOSTILE) in shown
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


def test_the_framed_mail_has_a_policy_of_its_own(studio: Any) -> None:
    answer = studio.get("mail?scheme=dark")
    assert rules(answer)["default-src"] == "'none'"
    assert rules(answer)["img-src"] == "'self' data:"
    assert rules(answer)["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert 'src="asset/hero.jpg"' in answer.text
    assert "tracker" not in answer.text
    assert "tracker" in studio.get("mail?images=all").text


def test_a_page_runs_no_script_but_its_own(studio: Any) -> None:
    answer = studio.get()
    assert rules(answer)["default-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.text.count("<script") == answer.text.count('<script src="static/studio.js" defer>') == 1
    assert " style=" not in answer.text
    assert rules(studio.get("?images=all"))["img-src"] == "'self' https: data:"


def test_an_image_is_looked_up_by_its_name(studio: Any, source: Any) -> None:
    answer = studio.get("asset/hero.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.content == source.images["hero.jpg"][0]


@pytest.mark.parametrize(
    "name",
    ["nothing.jpg", "..%2Fconfig.yaml", "%2e%2e/%2e%2e/etc/passwd", "%2Fetc%2Fpasswd", "hero.jpg%00", ""],
)
def test_any_other_name_is_not_found(studio: Any, name: str) -> None:
    assert studio.get(f"asset/{name}").status_code == 404


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/javascript"])
def test_what_is_no_picture_is_not_served(studio: Any, source: Any, media_type: str) -> None:
    source.images["a"] = (b"<script>", media_type)
    assert studio.get("asset/a").status_code == 404


@pytest.mark.parametrize("name", ["routes.py", "..%2Froutes.py", "%2e%2e%2Fpage.py", "studio.css%2F..", ""])
def test_only_three_static_files_are_served(studio: Any, name: str) -> None:
    assert studio.get(f"static/{name}").status_code == 404
    assert studio.get("static/studio.css").headers["content-type"].startswith("text/css")


def test_a_sheet_can_be_taken_along(studio: Any, source: Any) -> None:
    sheet = source.sheets[0]
    assert isinstance(sheet.content, Email)
    made = {
        "eml": sheet.eml,
        "html": sheet.html,
        "txt": sheet.text,
        "mjml": sheet.content.mjml,
        "json": sheet.json,
    }
    for kind, data in made.items():
        answer = studio.get(f"file/{kind}?article=clock&channel=newsletter&variant=article")
        assert answer.content == (data if isinstance(data, bytes) else data.encode())
        assert (
            answer.headers["content-disposition"] == f'attachment; filename="clock-newsletter-article.{kind}"'
        )
        assert answer.headers["content-type"] == "application/octet-stream"
    assert studio.get("file/exe").status_code == 404


def test_no_name_breaks_the_header_of_a_download(source: Any, studio: Any, make: Any) -> None:
    source.sheets = [make.mail(make.entry('a"\r\nSet-Cookie: x/../é'), html="<p>")]
    answer = studio.get("file/html")
    assert answer.headers["content-disposition"] == (
        'attachment; filename="a---Set-Cookie--x------newsletter-article.html"'
    )


def test_a_change_is_told_at_once(studio: Any, source: Any) -> None:
    source.changes = 7
    assert studio.get("changes?since=6").json() == {"generation": 7}
    assert studio.get("changes").json() == {"generation": 7}


def test_who_waits_is_let_go_when_serving_ends(studio: Any) -> None:
    studio.app.state.closing = True
    assert studio.get("changes?since=1").json() == {"generation": 1}


def test_a_pages_tag_changes_with_what_it_shows_and_only_then(studio: Any, source: Any) -> None:
    first = studio.get().headers["etag"]
    source.changes += 1
    assert studio.get().headers["etag"] == first
    source.sheets[0] = replace(source.sheets[0], preheader="Another")
    source.changes += 1
    assert studio.get().headers["etag"] != first


def test_nothing_can_be_changed(studio: Any) -> None:
    answer = studio.request("POST", "", headers={"Origin": "http://127.0.0.1:8765"})
    assert answer.status_code == 405


def test_the_page_holds_no_address_of_another_site(studio: Any) -> None:
    shown = studio.get("?article=clock&channel=linkedin&variant=takeaways").text
    assert 'src="http' not in shown
    assert 'href="http' not in shown
    assert json.loads(studio.get("changes").text) == {"generation": 1}
