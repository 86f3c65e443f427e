"""Each trap that premailer's defaults lay."""

from __future__ import annotations

from postroom.render.inliner import inlined

HEAD = "<!doctype html><html><head>%s</head><body>%s</body></html>"


def test_rules_become_style_attributes_and_classes_stay() -> None:
    html = inlined(HEAD % ("", '<p class="a">x</p>'), ".a { color: #123456; margin: 0 0 1px }")
    assert '<p class="a" style="color:#123456;margin:0 0 1px">' in html.replace("; ", ";")


def test_an_elements_own_style_wins() -> None:
    html = inlined(HEAD % ("", '<p style="color:blue">x</p>'), "p { color: red; margin: 0 }")
    assert "color:blue" in html
    assert "color:red" not in html


def test_the_doctype_is_kept() -> None:
    assert inlined(HEAD % ("", ""), "").startswith("<!DOCTYPE html>")


def test_style_blocks_are_left_as_they_are() -> None:
    css = (
        "@media (prefers-color-scheme: dark) { .a { color: #fff !important; } } "
        "[data-ogsc] .a { color: #fff !important; } u + .body .a { color: red; } "
        "@supports (display: grid) { .a { display: grid; } } * { margin: 0; }"
    )
    html = inlined(HEAD % (f'<style type="text/css">{css}</style>', '<p class="a">x</p>'), "")
    assert css in html
    assert '<p class="a">x</p>' in html
    assert "data-premailer" not in html


def test_style_blocks_with_media_are_kept_too() -> None:
    block = '<style media="screen and (min-width:480px)">.a { width:100% !important; }</style>'
    assert ".a { width:100% !important; }" in inlined(HEAD % (block, ""), "")


def test_comments_for_outlook_are_kept_byte_for_byte() -> None:
    comment = (
        '<!--[if mso]><style>.a { width:100% !important; }</style><table width="600"><tr><td><![endif]-->'
    )
    assert comment in inlined(HEAD % ("", comment + "<p>x</p>"), "td { color: red }")


def test_widths_are_not_overwritten() -> None:
    html = inlined(HEAD % ("", '<img src="a" width="550" height="20">'), "img { width: 100%; height: auto }")
    assert 'width="550"' in html
    assert 'height="20"' in html


def test_no_attribute_is_made_of_a_style() -> None:
    html = inlined(
        HEAD % ("", "<table><tr><td>x</td></tr></table>"), "td { background-color: #fff; text-align: left }"
    )
    assert "bgcolor" not in html
    assert " align=" not in html


def test_hover_rules_go_to_the_head_and_keep_their_importance() -> None:
    html = inlined(HEAD % ("", "<a href='#'>x</a>"), "a:hover { color: red !important }")
    assert "a:hover" in html.split("</head>")[0]
    assert "!important" in html


def test_merge_fields_pass() -> None:
    html = inlined(HEAD % ("", '<a href="@@unsubscribe_url@@">@@name|a &amp; b@@</a>'), "a { color: red }")
    assert 'href="@@unsubscribe_url@@"' in html
    assert "@@name|a &amp; b@@" in html


def test_broken_style_is_no_crash() -> None:
    assert "<p>x</p>" in inlined(HEAD % ("", "<p>x</p>"), "p{{ color: #ggg } [a=b{")


def test_imports_are_removed_before_anything_is_parsed() -> None:
    html = inlined(
        HEAD % ("", "<p>x</p>"), "@import url(http://127.0.0.1:9/a);\n@IMPORT 'b';\np { color: red }"
    )
    assert "import" not in html.lower()
    assert "color:red" in html
