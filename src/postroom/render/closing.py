"""What a post ends with: the call to action, the link and the hashtags."""

from __future__ import annotations

from collections.abc import Iterable

import regex

from postroom.lint.networks import Network
from postroom.lint.post_case import URL
from postroom.lint.sentences import is_question, joined, split
from postroom.model import LinkCard, Manuscript
from postroom.render import wording
from postroom.render.material import Given, Material
from postroom.render.passages import plain

_FOLLOW = (
    r"follow|connect|join|find|like us|visit|folg|abonn|vernetz|suiv|rejoign|s[ií]gu|únete|segui|volg"
    r"|フォロー|つながり|关注|關注|팔로우|подпис"
)
_MAIL = regex.compile(
    r"\b(?:hit reply|reply to this|this (?:e-?mail|mail|letter|newsletter)|answer this (?:e-?mail|mail|letter)"
    r"|diese(?:r|n|s)? (?:e-?mail|mail|brief|newsletter)|cet e-?mail|cette lettre|este (?:correo|e-?mail))\b",
    regex.IGNORECASE,
)
_SEPARATORS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


def call_to_action(cta: str, network: Network, language: str) -> str:
    """Write the article's call to action for a network: without the sentences that ask to follow there.

    Nobody is asked on LinkedIn to follow on LinkedIn, or to reply to a mail that is not there. What
    remains is kept only if it stands on its own: it does not point back, and is more than the
    question that led to what was dropped.
    """
    sentences = split(plain(cta), language)
    kept = [
        each for each in sentences if not _asks_to_follow(each, network.label) and not _speaks_of_mail(each)
    ]
    if len(kept) < len(sentences):
        kept = [each for each in kept if wording.stands_alone(each, language)]
        kept = kept if any(not is_question(each) for each in kept) else []
    return joined(kept) if not URL.search(joined(kept)) else ""


def _asks_to_follow(sentence: str, label: str) -> bool:
    text = sentence.casefold()
    return label.casefold() in text and regex.search(_FOLLOW, text) is not None


def _speaks_of_mail(sentence: str) -> bool:
    return _MAIL.search(sentence) is not None


def hashtags(channel: Iterable[str], tags: Iterable[str], most: int) -> tuple[str, ...]:
    """Choose a post's hashtags without `#`: the channel's, then the article's tags in CamelCase.

    Letters and digits only, not digits alone, each once whatever its case.
    """
    chosen: dict[str, str] = {}
    for tag in (*channel, *tags):
        word = _camel_case(tag)
        if len(word) > 1 and not word.isdigit():
            chosen.setdefault(word.casefold(), word)
    return tuple(chosen.values())[:most]


def _camel_case(tag: str) -> str:
    words = [word for word in _SEPARATORS.split(plain(tag)) if word]
    return "".join(word[0].upper() + word[1:] if word.islower() else word for word in words)


def link_card(
    manuscript: Manuscript, material: Material, given: Given, network: Network, text: str
) -> LinkCard:
    """Make the card of the article; its description says something that `text` does not."""
    article = manuscript.article
    image = manuscript.images.get(article.image.src) if article.image else None
    return LinkCard(
        url=article.url or "",
        title=card_title(given.text("title") or material.title, network),
        description=_description(material, network, text),
        image=image,
        image_alt=plain(article.image.alt) if article.image and image else "",
    )


def card_title(title: str, network: Network) -> str:
    """Shorten a title that a card would cut: to what stands before its colon or dash."""
    if len(title) <= network.title_preferred:
        return title
    head = regex.split(r"[:：]\s|\s[–—|]\s", title, maxsplit=1)[0].strip()
    if 15 <= len(head) <= network.title_preferred:
        return head
    return shortened(title, network.title_limit)


def shortened(text: str, max_chars: int) -> str:
    """Cut a text between words, with an ellipsis, if it is longer than `max_chars`."""
    if len(text) <= max_chars:
        return text
    cut = text[: max_chars - 1]
    at_word = cut if text[max_chars - 1].isspace() else cut.rpartition(" ")[0] or cut
    return at_word.rstrip(" ,;:–—-") + "…"


def _description(material: Material, network: Network, text: str) -> str:
    limit = network.description_preferred
    texts = [
        each
        for each in (material.subtitle, material.description, material.summary, joined(material.opening))
        if each
    ]
    for candidate in texts:
        told = ""
        for sentence in split(candidate, material.language):
            if len(joined([told, sentence]) if told else sentence) > limit:
                break
            told = joined([told, sentence]) if told else sentence
        if told and told not in text:
            return told
    return next((shortened(each, limit) for each in texts if shortened(each, limit) not in text), "")
