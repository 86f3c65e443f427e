"""A post as it stands in a feed, drawn neutrally: text with its fold, images, link, first comment."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from postroom.model import Asset, LinkCard, Post, PostImage
from postroom.web.markup import Child, Html, join, tag
from postroom.web.studio.look import Look
from postroom.web.studio.source import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a network does with a text: `limit` in characters; where a feed folds it, by characters
    and by lines of about `columns` characters. None where it does nothing of the kind.
    """

    limit: int | None = None
    fold: int | None = None
    fold_on_phone: int | None = None
    fold_lines: int = 3
    columns: int = 70


# LinkedIn: 3,000 characters is what its API takes (Posts API, read 2026-11-22). The fold is not
# documented; 210 and 140 characters, or three lines, are what public previewers agree on.
_HABITS = {"linkedin": Habits(limit=3_000, fold=210, fold_on_phone=140)}

_SPECIAL = re.compile(r"(https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]|(?<!\w)[#@]\w[\w-]*)")


def feed(post: Post, sheet: Sheet, look: Look) -> Html:
    """Write a post and its replies, each with its counts, and the first comment."""
    habits = _HABITS.get(post.network, Habits())
    parts = [
        tag("li", _card(post, number, habits, sheet, look), _counts(text, habits))
        for number, text in enumerate(post.parts)
    ]
    comment = _comment(post.first_comment, sheet) if post.first_comment else None
    size = "phone" if look.is_phone else "desktop"
    return tag("div", tag("ol", parts, class_="thread"), comment, class_=f"stage feed {size}")


def folded(text: str, habits: Habits, *, is_phone: bool) -> tuple[str, str]:
    """Part a text where a feed cuts it: what is seen at once, and what lies behind "see more"."""
    most = habits.fold_on_phone if is_phone else habits.fold
    if most is None:
        return text, ""
    at = min(most, _end_of_lines(text, habits))
    if len(text) <= at:
        return text, ""
    head = text[:at]
    if not text[at].isspace() and " " in head:
        head = head[: head.rindex(" ")]
    head = head.rstrip()
    return head, text[len(head) :]


def _end_of_lines(text: str, habits: Habits) -> int:
    """Find where the last line before the fold ends; empty lines count, long ones count for several."""
    left, at = habits.fold_lines, 0
    for line in text.split("\n"):
        rows = max(1, -(-len(line) // habits.columns))
        if rows >= left:
            return at + min(len(line), left * habits.columns)
        left -= rows
        at += len(line) + 1
    return len(text)


def _card(post: Post, number: int, habits: Habits, sheet: Sheet, look: Look) -> Html:
    is_first = number == 0
    return tag(
        "article",
        _speaker(sheet, post.network),
        tag("div", _words(post.parts[number], habits, look), class_="words", lang=post.language),
        _images(post.images, look) if is_first else None,
        _link(post.card, look) if is_first and post.card else None,
        class_="card",
        aria_label="The post" if is_first else f"Reply {number}",
    )


def _speaker(sheet: Sheet, note: str) -> Html:
    name = sheet.sender or sheet.entry.channel
    initial = tag("span", name[:1].upper(), class_="avatar", aria_hidden="true")
    return tag(
        "header", initial, tag("span", tag("b", name), tag("span", note, class_="quiet")), class_="speaker"
    )


def _words(text: str, habits: Habits, look: Look) -> Html:
    head, tail = folded(text, habits, is_phone=look.is_phone)
    if not tail:
        return _rich(text)
    if look.unfolded:
        mark = tag("span", "until here before “see more”", class_="fold")
        less = tag("a", "see less", href=replace(look, unfolded=False).link(), class_="more")
        return join(_rich(head), mark, _rich(tail.lstrip("\n ")), " ", less)
    more = tag("a", "…see more", href=replace(look, unfolded=True).link(), class_="more")
    return join(_rich(head), " ", more)


def _rich(text: str) -> Html:
    """Escape a text; set off what a network makes a link of."""
    pieces: list[Child] = list(_SPECIAL.split(text))
    pieces[1::2] = [tag("span", str(piece), class_="linked") for piece in pieces[1::2]]
    return join(*pieces)


def _images(images: tuple[PostImage, ...], look: Look) -> Html | None:
    if not images:
        return None
    shown = [_picture(image.asset, image.alt, look) for image in images]
    return tag("div", shown, class_=f"images of-{min(len(shown), 4)}")


def _picture(asset: Asset, alt: str, look: Look) -> Html:
    """Show an image, or say in its place what stands for it."""
    if look.images == "none" or (asset.file is None and look.images != "all"):
        what = "Image off" if look.images == "none" else "Remote image, not loaded"
        return tag("p", tag("b", what), f" {alt or 'without alternative text'}", class_="no-image")
    return tag("img", src=_address(asset), alt=alt, width=asset.width, height=asset.height)


def _address(asset: Asset) -> str:
    return asset.url if asset.file is None else f"asset/{asset.url.rpartition('/')[2]}"


def _link(card: LinkCard, look: Look) -> Html:
    host = card.url.partition("://")[2].partition("/")[0]
    words = tag(
        "span",
        tag("b", card.title),
        tag("span", card.description, class_="description") if card.description else None,
        tag("span", host, class_="quiet"),
        class_="about",
    )
    picture = _picture(card.image, card.image_alt, look) if card.image else None
    return tag("a", picture, words, href=card.url, target="_blank", rel="noreferrer", class_="link")


def _comment(text: str, sheet: Sheet) -> Html:
    return tag(
        "section",
        tag("h2", "First comment"),
        _speaker(sheet, "author"),
        tag("div", _rich(text), class_="words"),
        class_="card comment",
    )


def _counts(text: str, habits: Habits) -> Html:
    """Count what networks limit. Hashtags are those that stand in the text."""
    length = f"{len(text):,} of {habits.limit:,} characters" if habits.limit else f"{len(text):,} characters"
    tags = len(re.findall(r"(?<!\w)#\w", text))
    meter = (
        tag("meter", min=0, max=habits.limit, value=len(text), aria_label=length) if habits.limit else None
    )
    lines = text.count("\n") + 1
    told = [tag("span", words) for words in (length, _counted(tags, "hashtag"), _counted(lines, "line"))]
    return tag("p", meter, told, class_="counts")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count:,} {what}s"
