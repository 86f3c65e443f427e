"""Put the style sheet into style attributes, which is all that some mail clients read."""

from __future__ import annotations

import logging
import re

_DOCTYPE = re.compile(r"\A\s*<!doctype html>", re.IGNORECASE)
_IMPORT = re.compile(r"@import\b[^;]*;?", re.IGNORECASE)
_COMMENT = re.compile(r"(<!--.*?-->)", re.DOTALL)
_STYLE = re.compile(r"<style(?![^>]*\bmedia=)", re.IGNORECASE)
_MARKER = ' data-premailer="ignore"'


def inlined(html: str, css: str) -> str:
    """Write the rules of `css` into `html`, and leave the style blocks of its head as they are.

    Premailer's defaults harm a mail, so: the doctype goes in upper case (else it is dropped, and clients
    fall into quirks mode); style blocks are marked (else `!important`, `[data-ogsc]` and `@supports` go
    lost); basic attributes stay off (else `width="550"` becomes `width="100%"`, which Outlook shows at the
    file's size); `@import` is removed (cssutils fetches it whatever one forbids).
    """
    from premailer import Premailer

    premailer = Premailer(
        _marked(_DOCTYPE.sub("<!DOCTYPE html>", html, count=1)),
        css_text=[_IMPORT.sub("", css)],
        allow_network=False,
        allow_loading_external_files=False,
        keep_style_tags=False,
        strip_important=False,
        remove_classes=False,
        disable_validation=True,
        disable_link_rewrites=True,
        align_floating_images=False,
        include_star_selectors=False,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        cssutils_logging_level=logging.CRITICAL,
    )
    return str(premailer.transform(pretty_print=False)).replace(_MARKER, "")


def _marked(html: str) -> str:
    """Mark style blocks, except those with `media=`, which premailer skips, and those in comments."""
    parts = _COMMENT.split(html)
    return "".join(
        part if part.startswith("<!--") else _STYLE.sub("<style" + _MARKER, part) for part in parts
    )
