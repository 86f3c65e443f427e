from __future__ import annotations

import pytest

from postroom.lint.email import check
from postroom.model import Email, Severity

LEAVE = '<a href="@@unsubscribe_url@@">Leave</a>'


def rules(html: str = "", **changes: str) -> dict[str, Severity]:
    facts = {
        "subject": "A quiet subject",
        "preheader": "What it leaves open",
        "text": "Text\n\n@@unsubscribe_url@@",
        "mjml": "",
        "language": "en",
        "fence": "@@",
    }
    email = Email(html=f"<html><body>{html}{LEAVE}</body></html>", **{**facts, **changes})
    return {finding.rule: finding.severity for finding in check(email, "articles/a.md")}


def test_a_good_mail_has_no_findings() -> None:
    html = '<p>Hi @@first_name|there@@</p><img src="https://x.example/a.jpg?webp" alt="" width="600">'
    assert rules(html + "<code>{{ x }}</code><a href='#fn1'>1</a><a href='mailto:a@x.example'>a</a>") == {}


@pytest.mark.parametrize(
    ("html", "rule", "severity"),
    [
        ("x" * 81_000, "email-size", Severity.WARNING),
        ("x" * 103_000, "email-size", Severity.ERROR),
        (f"<style>{'a' * 16_001}</style>", "email-style-size", Severity.ERROR),
        ("<div>" * 201, "email-depth", Severity.ERROR),
        ("<p>{% if x %}</p>", "email-template-code", Severity.ERROR),
        ("<p>{{ site.title }}</p>", "email-template-code", Severity.ERROR),
        ("<p>*|FNAME|*</p>", "email-template-code", Severity.ERROR),
        ('<a href="https://x.example/%7B%7Burl%7D%7D">x</a>', "email-template-code", Severity.ERROR),
        ("<p>a @@ b</p>", "email-fence", Severity.ERROR),
        ("<p>Hi @@first_name@@</p>", "email-merge-default", Severity.WARNING),
        ('<img src="https://x.example/a.jpg" width="1">', "email-image-alt", Severity.ERROR),
        ('<img src="https://x.example/a.jpg" alt="">', "email-image-width", Severity.WARNING),
        ('<img src="https://x.example/a.jpg" alt="" width="100%">', "email-image-width", Severity.WARNING),
        ('<img src="https://x.example/a.webp" alt="" width="1">', "email-image-format", Severity.WARNING),
        ('<img src="https://x.example/a.avif?x=1" alt="" width="1">', "email-image-format", Severity.WARNING),
        ('<img src="https://x.example/a.svg" alt="" width="1">', "email-image-format", Severity.ERROR),
        ('<img src="data:image/png;base64,AA" alt="" width="1">', "email-image-format", Severity.ERROR),
        ('<a href="">x</a>', "email-link-empty", Severity.ERROR),
        ('<a href="#">x</a>', "email-link-empty", Severity.ERROR),
        ('<a href="http://x.example">x</a>', "email-link-http", Severity.WARNING),
        ('<a href="/about">x</a>', "email-link-relative", Severity.ERROR),
    ],
)
def test_html_is_checked(html: str, rule: str, severity: Severity) -> None:
    assert rules(html) == {rule: severity}


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"subject": ""}, "email-subject-missing", Severity.ERROR),
        ({"subject": "a" * 151}, "email-subject-long", Severity.WARNING),
        ({"subject": "BUY THIS NOW"}, "email-subject-capitals", Severity.WARNING),
        ({"subject": "Hi {{ name }}"}, "email-template-code", Severity.ERROR),
        ({"preheader": " "}, "email-preheader-missing", Severity.WARNING),
        ({"preheader": "a" * 151}, "email-preheader-long", Severity.WARNING),
        ({"preheader": "A QUIET subject"}, "email-preheader-repeats", Severity.WARNING),
        ({"text": "No way out"}, "email-unsubscribe", Severity.ERROR),
    ],
)
def test_the_rest_is_checked(changes: dict[str, str], rule: str, severity: Severity) -> None:
    assert rules(**changes) == {rule: severity}


def test_an_empty_text_half_is_an_error() -> None:
    assert rules(text=" \n") == {"email-text-empty": Severity.ERROR, "email-unsubscribe": Severity.ERROR}


def test_html_without_a_way_out_is_an_error() -> None:
    email = Email(
        subject="S",
        preheader="P",
        html="<p>x</p>",
        text="@@unsubscribe_url@@",
        mjml="",
        language="en",
        fence="@@",
    )
    assert [finding.rule for finding in check(email, "a.md")] == ["email-unsubscribe"]


@pytest.mark.parametrize(
    "subject", ["NASA", "日本語の題名はここにあります", "12345 67890", "@@first_name|THERE@@"]
)
def test_capitals_are_only_told_where_they_shout(subject: str) -> None:
    assert "email-subject-capitals" not in rules(subject=subject)


def test_a_finding_names_the_article_and_the_cure() -> None:
    email = Email(
        subject="", preheader="P", html=LEAVE, text="@@unsubscribe_url@@", mjml="", language="", fence="@@"
    )
    assert [str(finding) for finding in check(email, "articles/a.md")] == [
        "articles/a.md: the mail has no subject. Give the article a title"
    ]
