"""What anybody may read of a mail leads nobody to a reader's own page."""

from __future__ import annotations

from dataclasses import replace

from postroom.model import Email
from postroom.web.public.webview import web_view

DOT = '<span class="dot"> &nbsp;·&nbsp; </span>'
LINKS = (
    f'<p>You get this.<br><a href="https://x.example/a">Read</a>{DOT}'
    f'<a href="@@preferences_url@@" style="color:red">Choose what you get</a>{DOT}'
    '<a href="@@unsubscribe_url@@">Unsubscribe</a></p>'
)
EMAIL = Email(
    subject="s",
    preheader="",
    html=f"<html><body>{LINKS}</body></html>",
    text="",
    mjml="",
    language="en",
    fence="@@",
)


def test_the_link_to_choose_falls_away_with_its_dot(public) -> None:
    shown = web_view(public.site, EMAIL, "https://mail.x.example/subscribe").html
    assert "Choose" not in shown
    assert shown.count('class="dot"') == 1
    assert "https://mail.x.example/subscribe" in shown


def test_without_a_way_to_sign_up_nothing_is_left_of_either(public) -> None:
    shown = web_view(public.site, EMAIL, "").html
    assert '<br><a href="https://x.example/a">Read</a></p>' in shown


def test_another_link_is_left_alone(public) -> None:
    other = replace(EMAIL, html='<p><a href="https://x.example/preferences">Choose</a></p>')
    assert web_view(public.site, other, "").html == other.html
