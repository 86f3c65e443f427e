"""The copy of a mail that the studio frames: the same mail, seen by one kind of client.

Only this copy differs from what goes out: the author's dark rules are switched on or off
(a browser cannot be told to prefer another scheme for one frame), images that are still on this
machine are read from the studio, and remote ones wait until the person asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_STYLE = r"<style\b.*?</style\s*>"
_TAG = r"""<[a-z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+>"""
_MARKUP = re.compile(f"{_STYLE}|{_TAG}", re.IGNORECASE | re.DOTALL)  # all but what people read

_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_LIGHT = re.compile(r"\(\s*prefers-color-scheme\s*:\s*light\s*\)", re.IGNORECASE)
_ALWAYS, _NEVER = "(min-width:0px)", "(max-width:0px)"

_SOURCE = r"""\s(?:src|srcset|background)\s*=\s*(["'])"""
_QUOTE = r"""(?:["']|&quot;)?"""
_ANY = re.compile(rf"{_SOURCE}.*?\1|url\([^)]*\)", re.IGNORECASE | re.DOTALL)
_REMOTE = re.compile(
    rf"{_SOURCE}\s*(?:https?:)?//.*?\1|url\(\s*{_QUOTE}(?:https?:)?//[^)]*\)", re.IGNORECASE | re.DOTALL
)

_HEAD = re.compile(r"<(?:head|html)\b[^>]*>(?:\s*<head\b[^>]*>)?", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)

_PLACE = re.compile(r"<!--.*?-->|<(p|h[1-6]|li|tr|td|th|div|img|pre|blockquote)\b", re.IGNORECASE | re.DOTALL)
CHANGED = "postroom-changed"  # the id of the place where a mail is not as it was

# What clients do that darken every mail: turn lightness around, leave pictures alone.
_INVERTED = (
    "html{background:#fff!important;filter:invert(1) hue-rotate(180deg)!important}"
    "img,video{filter:invert(1) hue-rotate(180deg)!important}"
)


def framed(html: str, *, url_prefix: str, scheme: str, images: str) -> str:
    """Make the copy. `scheme` and `images` are those of a `Look`."""
    shown = _each_markup(html, lambda markup: _seen_by(markup, url_prefix, scheme, images))
    rules = f":root{{color-scheme:{'dark' if scheme == 'dark' else 'light'}!important}}"
    rules += f"#{CHANGED}{{scroll-margin-top:30vh}}"
    if scheme == "inverted":
        rules += _INVERTED
    return _at_head_start(_at_head_end(shown, f"<style>{rules}</style>"), '<base target="_blank">')


def marked(html: str, before: str) -> str:
    """Give the place in the body where a mail is not as it was before an id, for the frame to go to."""
    shorter = min(len(html), len(before))
    same = next((at for at in range(shorter) if html[at] != before[at]), shorter)
    body = html.lower().find("<body")
    if body < 0 or html == before:
        return html
    places = [found.end(1) for found in _PLACE.finditer(html, body) if found[1] and found.end(1) <= same]
    return f'{html[: places[-1]]} id="{CHANGED}"{html[places[-1] :]}' if places else html


def remote_images(html: str, url_prefix: str) -> int:
    """Count the places where a mail loads an image from elsewhere."""
    return sum(len(_REMOTE.findall(_own_images(found[0], url_prefix))) for found in _MARKUP.finditer(html))


def policy(images: str) -> str:
    """Write the Content-Security-Policy of the framed copy.

    Its sandbox repeats the frame's, for whoever opens the copy on its own. Links may open a
    window, so that people can try them.
    """
    sources = {"none": "'none'", "own": "'self' data:", "all": "'self' https: data:"}[images]
    return (
        f"default-src 'none'; img-src {sources}; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )


def _each_markup(html: str, rewrite: Callable[[str], str]) -> str:
    return _MARKUP.sub(lambda found: rewrite(found[0]), html)


def _seen_by(markup: str, url_prefix: str, scheme: str, images: str) -> str:
    is_dark = scheme == "dark"
    markup = _DARK.sub(_ALWAYS if is_dark else _NEVER, markup)
    markup = _LIGHT.sub(_NEVER if is_dark else _ALWAYS, markup)
    markup = _own_images(markup, url_prefix)
    match images:
        case "all":
            return markup
        case "own":
            return _REMOTE.sub(_left_out, markup)
        case _:
            return _ANY.sub(_left_out, markup)


def _own_images(markup: str, url_prefix: str) -> str:
    """Point image addresses below `url_prefix` at the studio's own route; links stay."""
    if not url_prefix:
        return markup
    prefix = re.escape(url_prefix.rstrip("/") + "/")
    place = rf"({_SOURCE}|url\(\s*{_QUOTE})"
    return re.sub(place + prefix, r"\1asset/", markup, flags=re.IGNORECASE)


def _left_out(found: re.Match[str]) -> str:
    """Leave no address: the alternative text then stands in the image's place."""
    return "none" if found[0].lower().startswith("url(") else ""


def _at_head_start(html: str, addition: str) -> str:
    if match := _HEAD.search(html):
        return html[: match.end()] + addition + html[match.end() :]
    return addition + html


def _at_head_end(html: str, addition: str) -> str:
    match = _HEAD_END.search(html)
    return html[: match.start()] + addition + html[match.start() :] if match else addition + html
