from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import html as lxml_html

from postroom.errors import ArticleError, TemplateError
from postroom.model import (
    Article,
    Asset,
    Brand,
    Channel,
    Email,
    ImageRef,
    Manuscript,
    Palette,
    Publication,
    Severity,
    Unsubscribe,
    VariantPlan,
)
from postroom.render import Templates, render_email
from postroom.slugs import slug_of

LIGHT = Palette(
    accent="#0b5cad", background="#f5f4f0", surface="#ffffff", text="#1d1d1b", muted="#5d5d58", line="#e3e1da"
)
DARK = Palette(
    accent="#8ec1ff", background="#121416", surface="#1b1e21", text="#ecebe7", muted="#a8aaad", line="#34383d"
)
HERO = ImageRef(src="hero.jpg", alt="A lighthouse")
IMAGES = {"hero.jpg": Asset(src="hero.jpg", url="https://m.example/hero.jpg", width=1200, height=675)}


def channel(**changes: object) -> Channel:
    facts: dict[str, object] = {
        "name": "The Beacon",
        "url": "https://beacon.example",
        "language": "en",
        "timezone": "Europe/London",
        "address": "1 Quay, Whitby",
        "links": {"linkedin": "https://www.linkedin.com/company/beacon", "x": "https://x.com/beacon"},
    }
    publication = Publication(**{**facts, **changes})  # type: ignore[arg-type]
    return Channel(
        name="newsletter",
        kind="email",
        publication=publication,
        brand=Brand(light=LIGHT, dark=DARK, font='"Segoe UI", Arial, sans-serif'),
        variants=(VariantPlan(name="article"),),
        transport="mail",
        transport_kind="folder",
        rehearsal=True,
    )


def test_a_mail_that_anybody_may_read_says_where() -> None:
    public = replace(channel(), web_view="https://mail.beacon.example/")
    text = manuscript()
    email = render_email(text, public, "article", Templates([], Path("/p"))).content
    assert isinstance(email, Email)
    where = f"https://mail.beacon.example/e/{slug_of('newsletter', 'article', text.article.id)}"
    assert f'href="@@web_url|{where}@@"' in email.html
    assert f"View in browser: @@web_url|{where}@@" in email.text
    private = render_email(text, channel(), "article", Templates([], Path("/p"))).content
    assert isinstance(private, Email)
    assert "View in browser" not in private.html + private.text


def manuscript(body: str = "The body.", **changes: object) -> Manuscript:
    facts: dict[str, object] = {
        "id": "light",
        "path": "light.md",
        "file": "articles/light.md",
        "source": Path("/articles/light.md"),
        "title": "Keeping the light",
        "subtitle": "A night on the rock",
        "description": "What a keeper does all night.",
        "authors": ("Grace Darling", "Ida Lewis"),
        "publish_at": datetime(2025, 6, 7, 23, 30, tzinfo=UTC),
        "read_time": 4,
        "image": HERO,
        "url": "https://beacon.example/articles/light",
        "body_line": 9,
        "body_hash": "",
        "source_hash": "",
    }
    return Manuscript(article=Article(**{**facts, **changes}), body=body, images=IMAGES)  # type: ignore[arg-type]


def render(body: str = "The body.", folder: Path | None = None, **changes: object) -> Email:
    templates = Templates([folder / "templates"] if folder else [], folder or Path("/project"))
    content = render_email(manuscript(body, **changes), channel(), "article", templates).content
    assert isinstance(content, Email)
    return content


def findings(body: str = "The body.", **changes: object) -> list[tuple[str, int | None]]:
    rendered = render_email(
        manuscript(body, **changes), channel(), "article", Templates([], Path("/project"))
    )
    return [(finding.rule, finding.line) for finding in rendered.findings]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("rendering must not reach for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def words(email: Email) -> str:
    return " ".join(lxml_html.fromstring(email.html).find("body").text_content().split())


def test_the_mail_tells_all_that_a_reader_expects() -> None:
    said = words(render("The **body**.", cta="Stay with us. Follow us on LinkedIn."))
    for part in (
        "The Beacon",
        "Keeping the light",
        "A night on the rock",
        "Grace Darling and Ida Lewis",
        "4 min read",
        "The body.",
        "Stay with us.",
        "Follow on LinkedIn",
        "1 Quay, Whitby",
        "You get this because",
        "Read on the web",
        "Unsubscribe",
    ):
        assert part in said


def test_the_text_half_tells_the_same() -> None:
    text = render("The **body**.", cta="Stay with us.").text
    for part in (
        "Keeping the light\n=================",
        "A night on the rock",
        "Grace Darling and Ida Lewis · 8 June 2025 · 4 min read",
        "The body.",
        "Read it on the web: https://beacon.example/articles/light",
        "\n-- \nThe Beacon\n1 Quay, Whitby\n",
        "Unsubscribe: @@unsubscribe_url@@\n",
    ):
        assert part in text


def test_a_mail_leads_to_the_page_to_choose_on_where_there_is_one() -> None:
    own = replace(channel(), unsubscribe=Unsubscribe(web="https://mail.beacon.example"))
    email = render_email(manuscript(), own, "article", Templates([], Path("/project"))).content
    assert isinstance(email, Email)
    assert 'href="@@preferences_url@@"' in email.html
    assert "Choose what you get: @@preferences_url@@\nUnsubscribe:" in email.text
    assert "preferences_url" not in render().html + render().text


def test_the_same_inputs_give_the_same_bytes() -> None:
    body = "A [link](https://x.example) and `code`.\n\n```python\nx = 1\n```\n"
    assert render(body) == render(body)


def test_the_date_is_that_of_the_publications_zone() -> None:
    assert "8 June 2025" in words(render())


def test_a_doctype_keeps_clients_out_of_quirks_mode() -> None:
    assert render().html.startswith("<!DOCTYPE html>")


def test_language_and_direction_are_always_set() -> None:
    assert '<html lang="en" dir="ltr"' in render().html
    hebrew = render(language="he")
    assert hebrew.language == "he"
    assert '<html lang="he" dir="rtl"' in hebrew.html


def test_soft_breaks_and_lines_of_code_survive_the_compiler() -> None:
    html = render("**b**\n*c*\n\n```python\nif x:\n    y\n```\n").html
    assert re.search(r"<strong>b</strong>\n<em>c</em>", html)
    code = lxml_html.fromstring(html).find(".//pre").text_content()
    assert code == "if x:\n    y"


@pytest.mark.parametrize(
    "body", ["a < b", "I <3 you", "<p>a<p>b", "x</p>", "<ul><li>a<li>b", "AT&T &nbsp; &copy=3"]
)
def test_html_that_breaks_the_compiler_never_reaches_it(body: str) -> None:
    assert "Unsubscribe" in words(render(body))


def test_pictures_keep_their_width_attribute_for_outlook() -> None:
    html = render().html
    assert re.search(
        r'<img class="hero-image" src="https://m.example/hero.jpg" alt="A lighthouse" width="600" height="338"',
        html,
    )


def test_important_and_dark_rules_survive_the_inliner() -> None:
    html = render().html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "[data-ogsc] .prose p" in html
    assert "background-color: #121416 !important" in html
    assert "@media only screen and (max-width: 480px)" in html
    assert "data-premailer" not in html


def test_conditional_comments_for_outlook_are_kept() -> None:
    html = render().html
    assert html.count("<!--[if") >= 10
    assert html.count("<!--[if") == html.count("<![endif]")


def test_no_web_font_and_no_import_is_asked_for() -> None:
    html = render().html
    assert "fonts.googleapis.com" not in html
    assert "@import" not in html


def test_an_import_in_a_style_sheet_is_not_followed(tmp_path: Path) -> None:
    sheet = tmp_path / "templates/email/article.css.j2"
    sheet.parent.mkdir(parents=True)
    sheet.write_text(
        '@import url("http://127.0.0.1:9/x.css");\n@import "file:///etc/passwd";\n.prose p { color: #123456; }'
    )
    html = render(folder=tmp_path).html
    assert "color:#123456" in html
    assert "@import" not in html


def test_typography_is_written_into_style_attributes() -> None:
    paragraph = lxml_html.fromstring(render().html).find_class("prose")[0].find(".//p")
    assert "line-height:1.6" in paragraph.get("style")
    assert "color:#1d1d1b" in paragraph.get("style")


def test_the_preheader_comes_first_and_is_hidden_without_white_or_tiny_type() -> None:
    html = render().html
    first = lxml_html.fromstring(html).find("body")[0]
    assert first.text == "What a keeper does all night."
    assert first.get("style") == "display:none;max-height:0;overflow:hidden;mso-hide:all;"


def test_there_is_one_h1_and_no_level_is_skipped() -> None:
    html = render("# Keeping the light\n\n### A\n\n###### B\n\n## C").html
    assert re.findall(r"<(h\d)", html) == ["h1", "h2", "h3", "h2"]


def test_a_repeated_title_and_description_are_told_once() -> None:
    said = words(render("# Keeping the light\n\nWhat a keeper does all night.\n\nBody.", subtitle=""))
    assert said.count("Keeping the light") == 1
    assert said.count("What a keeper does all night.") == 2  # the hidden preheader, and under the title


def test_a_first_paragraph_that_is_shown_nowhere_else_stays() -> None:
    assert "What a keeper does all night." in render("What a keeper does all night.\n\nBody.").text


def test_without_a_hero_there_is_no_empty_frame() -> None:
    html = render(image=None).html
    assert "<img" not in html
    assert 'class="brow-line"' in html
    assert "<img" not in render(image=ImageRef(src="gone.jpg")).html


def test_the_preheader_gives_way_to_the_subtitle_if_it_repeats_the_opening() -> None:
    body = "What a keeper does all night. And more."
    assert render(body).preheader == "A night on the rock"
    assert render(body, subtitle="").preheader == "What a keeper does all night."
    assert render(body, email={"preheader": "Mine"}).preheader == "Mine"


def test_a_long_preheader_is_cut_at_a_word() -> None:
    preheader = render(description="word " * 60).preheader
    assert len(preheader) <= 110
    assert preheader.endswith("word…")
    assert "{{" not in render(email={"preheader": "w" * 100 + " {{first_name|dear reader}}"}).preheader


def test_the_subject_is_the_front_matters_own_or_the_title() -> None:
    assert render().subject == "Keeping the light"
    assert render(email={"subject": "Read\n this"}).subject == "Read this"


@pytest.mark.parametrize(
    ("cta", "label", "url"),
    [
        ("Follow us on LinkedIn!", "Follow on LinkedIn", "https://www.linkedin.com/company/beacon"),
        ("Find us on X.", "Follow on X", "https://x.com/beacon"),
        ("Mark the x on the map.", "Read it on the web", "https://beacon.example/articles/light"),
        ("Follow us on Bluesky.", "Read it on the web", "https://beacon.example/articles/light"),
    ],
)
def test_a_call_to_action_leads_where_it_says(cta: str, label: str, url: str) -> None:
    links = {
        link.text_content().strip(): link.get("href")
        for link in lxml_html.fromstring(render(cta=cta).html).iter("a")
    }
    assert links[label] == url


def test_merge_fields_stand_between_fences_and_defaults_are_escaped() -> None:
    email = render("Dear {{first_name|friend & co}}, [leave]({{unsubscribe_url}}). `{{code}}`")
    assert email.fence == "@@"
    assert "@@first_name|friend &amp; co@@" in email.html
    assert 'href="@@unsubscribe_url@@"' in email.html
    assert "@@first_name|friend & co@@" in email.text
    assert "{{code}}" in email.html
    assert "[1] @@unsubscribe_url@@" in email.text


def test_merge_fields_work_in_front_matter() -> None:
    email = render(email={"subject": "{{ first_name | Hello }}, a light"})
    assert email.subject == "@@first_name|Hello@@, a light"


@pytest.mark.parametrize("body", ["An @@ in the text", "@@first_name@@", "{{first_name|a@}} x", "a *@*@ b"])
def test_a_text_that_holds_the_fence_gets_a_longer_one(body: str) -> None:
    email = render(body + " {{email}}")
    assert re.fullmatch(r"@@[0-9a-f]{12}@@", email.fence)
    assert f"{email.fence}email{email.fence}" in email.html
    assert f"{email.fence}unsubscribe_url{email.fence}" in email.text
    assert email.html.count(email.fence) % 2 == 0


def test_findings_name_the_line_that_cures_them() -> None:
    assert ("email-subject-capitals", 2) in findings(title="ALL THE LIGHTS", lines={"title": 2})
    assert ("email-link-relative", None) not in findings("[a](/b)")
    assert ("html-not-shown", 11) in findings("a\n\n<form>x</form>")
    assert ("email-template-code", None) in findings("Hello {{ site.name }}")


def test_a_clean_article_has_no_findings() -> None:
    assert findings() == []


def test_a_body_that_is_too_deep_is_an_error_and_no_crash() -> None:
    rendered = render_email(manuscript("<div>" * 20_000), channel(), "article", Templates([], Path("/p")))
    assert [f.rule for f in rendered.findings if f.severity is Severity.ERROR] == ["nested-too-deep"]


def broken(tmp_path: Path, name: str, text: str, variant: str = "article") -> str:
    path = tmp_path / "templates/email" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    with pytest.raises(TemplateError) as caught:
        render_email(manuscript(), channel(), variant, Templates([tmp_path / "templates"], tmp_path))
    return str(caught.value)


SHELL = """<mjml>
<mj-body>
<mj-section><mj-column>
<mj-text>{{ body }}</mj-text>
%s
</mj-column></mj-section></mj-body></mjml>"""


def test_mjml_that_does_not_compile_names_the_templates_line_and_the_excerpt(tmp_path: Path) -> None:
    said = broken(tmp_path, "card.mjml.j2", SHELL % "{{ title }}</mj-buton>", "card")
    assert said.startswith("templates/email/card.mjml.j2:5: ")
    assert "Keeping the light</mj-buton>" in said
    assert "line 5 of the MJML" in said


def test_mjml_without_a_position_is_located_by_reading_it(tmp_path: Path) -> None:
    said = broken(tmp_path, "card.mjml.j2", SHELL % "<mj-text color=red>x</mj-text>", "card")
    assert said.startswith("templates/email/card.mjml.j2:5: ")


def test_an_error_in_a_part_names_the_part(tmp_path: Path) -> None:
    said = broken(
        tmp_path,
        "parts/footer.mjml.j2",
        "\n<mj-section><mj-column><mj-text>a < b</mj-text></mj-column></mj-section>",
    )
    assert said.startswith("templates/email/parts/footer.mjml.j2:2: ")


def test_an_unknown_element_is_told_with_the_nearest(tmp_path: Path) -> None:
    said = broken(tmp_path, "card.mjml.j2", SHELL % "<mj-buton>x</mj-buton>", "card")
    assert said.startswith(
        "templates/email/card.mjml.j2:5: there is no MJML element <mj-buton>; did you mean <mj-button>?"
    )


def test_mj_include_is_refused(tmp_path: Path) -> None:
    assert "use Jinja's {% include %}" in broken(
        tmp_path, "card.mjml.j2", SHELL % '<mj-include path="x" />', "card"
    )


def test_a_template_must_print_the_body_once(tmp_path: Path) -> None:
    said = broken(tmp_path, "card.mjml.j2", SHELL.replace("{{ body }}", "") % "", "card")
    assert said.startswith("templates/email/card.mjml.j2: must print {{ body }} exactly once")


def test_a_template_error_names_its_line(tmp_path: Path) -> None:
    assert broken(tmp_path, "parts/byline.mjml.j2", "\n{{ autors }}") == (
        "templates/email/parts/byline.mjml.j2:2: 'autors' is undefined; did you mean 'authors'?"
    )


def test_a_new_variant_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "templates/email/card.mjml.j2"
    path.parent.mkdir(parents=True)
    path.write_text(SHELL % "<mj-text><a href=\"{{ merge('unsubscribe_url') }}\">Leave</a></mj-text>")
    templates = Templates([tmp_path / "templates"], tmp_path)
    content = render_email(manuscript(), channel(), "card", templates).content
    assert isinstance(content, Email)
    assert "The body." in content.html
    assert "The body." in content.text


def test_a_text_far_too_long_for_a_mail_is_refused_at_once() -> None:
    with pytest.raises(ArticleError, match="Gmail cuts a mail off at 102 KB"):
        render(body="```\n" * 40_000)
