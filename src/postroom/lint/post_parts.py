"""Rules about the parts that make a post: hook, fold, hashtags, link, card, images, call to action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import regex

from postroom.lint.post_case import URL, Case
from postroom.lint.sentences import ends_sentence, is_question
from postroom.model import Finding, LinkCard

BULLETS = (3, 7)
BULLET_LIMIT = 120
# Variants whose first line must be a sentence of its own and not the title once more.
SPOKEN = frozenset({"hook", "question"})

_BULLET_LINE = regex.compile(r"^([•\-–→▸✓]|\d{1,2}[.)])\s+(.*)$", regex.MULTILINE)
_DISTRACTION = regex.compile(r"https?://|(?<!\w)#\w|(?<!\w)@\w")
_WORD = regex.compile(r"[^\W_]")


def hook_is_short(case: Case) -> Iterator[Finding]:
    """W06: the first line shows whole on a phone (Network.hook_limit)."""
    limit, first = case.network.hook_limit, case.lines[0]
    if len(first) > limit:
        yield case.warning(
            "hook-too-long", f"its first line has {len(first)} characters; up to {limit} show; {case.cure}"
        )


def hook_is_a_sentence(case: Case) -> Iterator[Finding]:
    """W06: the first line says one whole thing, free of links, hashtags, mentions and lone emoji."""
    first = case.lines[0]
    is_heading = case.variant not in SPOKEN and _same(
        first.rstrip(":："), case.article.title, case.article.subtitle
    )
    if not (ends_sentence(first) or is_heading or case.given(case.variant)):
        yield case.warning(
            "hook-unfinished", f"its first line “{first[:60]}” does not end a sentence; {case.cure}"
        )
    if _DISTRACTION.search(first) or (first and not _WORD.search(first)):
        yield case.warning(
            "hook-distracts", f"its first line holds a link, hashtag, mention or emoji only; {case.cure}"
        )


def hook_is_not_the_title(case: Case) -> Iterator[Finding]:
    """W06: a hook or question does not open with the title, which the card shows anyway."""
    if case.variant in SPOKEN and _same(case.lines[0], case.article.title):
        yield case.warning("hook-is-title", f"it opens with the article's title; {case.cure}")


def shows_before_the_fold(case: Case) -> Iterator[Finding]:
    """W07: the first lines, blank ones too, fit above "see more" (Network.fold_limit)."""
    network = case.network
    above = "\n".join(case.lines[: network.fold_lines])
    if len(above) > network.fold_limit:
        yield case.warning(
            "fold-too-long",
            f"its first {network.fold_lines} lines have {len(above)} characters; "
            f"{network.fold_limit} show before “see more”; {case.cure}",
        )


def hashtags_are_few(case: Case) -> Iterator[Finding]:
    """W10: as many hashtags as Network.hashtags says (practice of the trade)."""
    fewest, most = case.network.hashtags
    count = len(case.post.hashtags)
    if not fewest <= count <= most:
        cure = (
            "add `tags` to the front matter or `hashtags` to the channel"
            if count < fewest
            else "leave some out"
        )
        yield case.warning(
            "hashtag-count", f"{count} hashtags; {fewest} to {most} find readers; {cure}", "tags"
        )


def hashtags_are_well_formed(case: Case) -> Iterator[Finding]:
    """W10: letters and digits, not digits alone, each once; `_` and `-` would break them off."""
    seen: set[str] = set()
    for tag in case.post.hashtags:
        if not tag.isalnum() or tag.isdigit():
            yield case.warning("hashtag-form", f"#{tag} must be letters and digits, not digits alone", "tags")
        if tag.casefold() in seen:
            yield case.warning("hashtag-repeated", f"#{tag} stands there twice", "tags")
        seen.add(tag.casefold())


def hashtags_close_the_post(case: Case) -> Iterator[Finding]:
    """W10: hashtags stand at the end, on a line of their own."""
    line = " ".join(f"#{tag}" for tag in case.post.hashtags)
    if line and case.lines[-1] != line:
        yield case.warning(
            "hashtag-place", f"its last line is “{case.lines[-1][:60]}”, not the hashtags “{line}”"
        )


def link_has_one_place(case: Case) -> Iterator[Finding]:
    """E12: the link stands in the card, at the end of the text or in the first comment, or nowhere."""
    urls = URL.findall(case.text)
    comment = case.post.first_comment
    places = [bool(urls), case.post.card is not None, comment is not None]
    if sum(places) > 1 or len(urls) > 1:
        yield case.error(
            "link-twice", "the link must stand once: in the card, in the text, or in the first comment"
        )
    elif urls and not case.body.endswith(urls[0]):
        yield case.error("link-inside", f"{urls[0]} must close the text, before the hashtags")
    if comment is not None and not URL.search(comment):
        yield case.error("comment-without-link", "the first comment holds no link", "url")
    if comment is not None and len(comment) > case.network.comment_limit:
        yield case.error(
            "comment-too-long", f"the first comment may have {case.network.comment_limit:,} characters"
        )


def card_is_complete(case: Case) -> Iterator[Finding]:
    """E13: the card has a title and an absolute https address (the network fetches nothing itself)."""
    card = case.post.card
    if card is None:
        return
    if not card.title.strip():
        yield case.error("card-title", "the link card has no title; add `title` to the front matter", "title")
    address = urlsplit(card.url)
    if address.scheme != "https" or not address.hostname:
        yield case.error(
            "card-url",
            f"the link card leads to “{card.url}”, which is no https address; "
            "set `articles.url` in config.yaml, or `url` in the front matter",
            "url",
        )
    yield from _card_lengths(case, card)


def _card_lengths(case: Case, card: LinkCard) -> Iterator[Finding]:
    network = case.network
    length = len(card.title)
    if length > network.title_limit:
        yield case.error(
            "card-title",
            f"the card's title has {length} characters; {network.title_limit} are allowed",
            "title",
        )
    elif length > network.title_preferred:
        cure = f"add `social.{network.kind}.title`"
        yield case.warning(
            "card-title",
            f"the card's title has {length} characters; {network.title_preferred} show; {cure}",
            "title",
        )
    if len(card.description) > network.description_preferred:
        yield case.warning(
            "card-description",
            f"the card's description has {len(card.description)} characters; "
            f"{network.description_preferred} show",
            "subtitle",
            "description",
        )


def images_can_be_taken(case: Case) -> Iterator[Finding]:
    """E13: pictures are of a type and size that the network takes (Network.thumb_types, thumb_pixels)."""
    card = case.post.card
    assets = [image.asset for image in case.post.images] + ([card.image] if card and card.image else [])
    for asset in assets:
        if asset.media_type and asset.media_type not in case.network.thumb_types:
            yield case.error(
                "image-type", f"{asset.src} is {asset.media_type}; use JPEG, PNG or GIF", "image"
            )
        if (asset.width or 0) * (asset.height or 0) > case.network.thumb_pixels:
            yield case.error(
                "image-size", f"{asset.src} has more than {case.network.thumb_pixels:,} pixels", "image"
            )


def images_are_described(case: Case) -> Iterator[Finding]:
    """E13: an image that goes up with a post has an alternative text of fitting length."""
    network = case.network
    for image in case.post.images:
        length = len(image.alt.strip())
        if not length or length > network.alt_limit:
            yield case.error(
                "image-alt",
                f"{image.asset.src} needs an alternative text of 1 to {network.alt_limit:,} characters; "
                "add it to `image`",
                "image",
            )
        elif length > network.alt_preferred:
            yield case.warning(
                "image-alt",
                f"{image.asset.src}: its alternative text has {length} characters; "
                f"{network.alt_preferred} do",
                "image",
            )


def calls_to_action_once(case: Case) -> Iterator[Finding]:
    """E15: the article's call to action is not repeated."""
    cta = case.article.cta.strip()
    if cta and case.text.count(cta) > 1:
        yield case.error("cta-repeated", "the call to action stands there twice; mend the template", "cta")


def question_is_asked(case: Case) -> Iterator[Finding]:
    """E15: a question post ends with its question, before link and hashtags."""
    if case.variant == "question" and not is_question(case.message):
        yield case.error("question-missing", f"it does not end with a question; {case.cure}")


def takeaways_are_a_list(case: Case) -> Iterator[Finding]:
    """E15: takeaways are three to seven points of up to 120 characters with one kind of bullet."""
    if case.variant != "takeaways":
        return
    bullets: list[tuple[str, str]] = _BULLET_LINE.findall(case.text)
    fewest, most = BULLETS
    if not fewest <= len(bullets) <= most:
        yield case.error("list-length", f"{len(bullets)} points, expected {fewest} to {most}; {case.cure}")
    for _, point in bullets:
        if len(point) > BULLET_LIMIT:
            yield case.error(
                "list-point",
                f"the point “{point[:40]}…” has {len(point)} characters, {BULLET_LIMIT} fit; {case.cure}",
            )
    if len(Counter("1." if glyph[0].isdigit() else glyph for glyph, _ in bullets)) > 1:
        yield case.error("list-bullets", "its points have different bullets; mend the template")


def _same(text: str, *others: str) -> bool:
    return any(text.strip().casefold() == other.strip().casefold() for other in others if other.strip())
