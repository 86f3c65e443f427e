"""Lay out a post's text: short paragraphs, a first glance that is whole, and never over the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

from postroom.lint import linkedin
from postroom.lint.characters import clean
from postroom.lint.networks import Network
from postroom.lint.post_text import PARAGRAPH_LIMIT, PARAGRAPH_SENTENCES
from postroom.lint.sentences import joined, split

_LINE_ENDS = regex.compile(r"[^\S\n]+(?=\n|$)")
_BLANK_LINES = regex.compile(r"\n{3,}")


def lay_out(text: str, closing: Sequence[str], *, network: Network, language: str) -> str:
    """Tidy what a template gave, put the `closing` blocks under it (a link, the hashtags), and fit it in.

    What is too long loses whole sentences, from the end of the middle: the first and the last
    paragraph stay longest, the closing always.
    """
    blocks = [each for block in tidy(text).split("\n\n") for each in short_paragraphs(block, language)]
    blocks = _open_early(blocks, network, language)
    room = network.text_limit - sum(_cost(block) + 2 for block in closing)
    return "\n\n".join([*fit(blocks, room, language), *closing])


def tidy(text: str) -> str:
    """Clean the characters, the ends of lines and runs of blank lines."""
    return _BLANK_LINES.sub("\n\n", _LINE_ENDS.sub("", clean(text))).strip()


def short_paragraphs(block: str, language: str) -> list[str]:
    """Split a long paragraph at the ends of sentences. A block of several lines stays as it is."""
    sentences = split(block, language)
    if "\n" in block or (len(block) <= PARAGRAPH_LIMIT and len(sentences) <= PARAGRAPH_SENTENCES):
        return [block] if block else []
    count = max(-(-len(block) // PARAGRAPH_LIMIT), -(-len(sentences) // PARAGRAPH_SENTENCES))
    target = len(block) / count
    paragraphs: list[list[str]] = [[]]
    for sentence in sentences:
        length = len(joined([*paragraphs[-1], sentence]))
        is_full = len(paragraphs[-1]) == PARAGRAPH_SENTENCES or length > PARAGRAPH_LIMIT
        is_even = length - target > target - len(joined(paragraphs[-1]))
        if paragraphs[-1] and (is_full or is_even):
            paragraphs.append([])
        paragraphs[-1].append(sentence)
    return [joined(each) for each in paragraphs]


def fit(blocks: Sequence[str], room: int, language: str) -> list[str]:
    """Leave out whole sentences until the blocks fit into `room`; see `lay_out` for which.

    A block of several lines loses lines. The first sentence of all stays, whatever its length.
    """
    units = [block.split("\n") if "\n" in block else list(split(block, language)) for block in blocks]
    excess = sum(_cost(block) + 2 for block in blocks) - 2 - room
    for index in [*range(len(units) - 2, 0, -1), len(units) - 1]:
        while excess > 0 and index > 0 and units[index]:
            excess -= _cost(units[index].pop()) + (0 if units[index] else 2)
    kept = [_glue(block)(each) for block, each in zip(blocks, units, strict=True) if each]
    return [_shortened(kept[0], excess, language), *kept[1:]] if kept else []


def _shortened(block: str, excess: int, language: str) -> str:
    """Take lines, then sentences, from the end of the last block that is left."""
    if excess <= 0:
        return block
    lines, excess = _popped(block.split("\n"), excess)
    if len(lines) > 1:
        return "\n".join(lines)
    return joined(_popped(list(split(lines[0], language)), excess)[0])


def _popped(units: list[str], excess: int) -> tuple[list[str], int]:
    while excess > 0 and len(units) > 1:
        excess -= _cost(units.pop())
    return units, excess


def _glue(block: str) -> Callable[[list[str]], str]:
    return "\n".join if "\n" in block else joined


def _cost(text: str) -> int:
    """Count as strictly as anyone does: UTF-16 units of the escaped text."""
    return linkedin.utf16_length(linkedin.commentary(text))


def _open_early(blocks: list[str], network: Network, language: str) -> list[str]:
    """Give the first sentence a line of its own where the first glance would be cut otherwise.

    The first paragraph parts if it is longer than a phone shows, then the second if that lets its
    first sentence show whole above the fold.
    """
    if blocks and len(blocks[0]) > network.hook_limit:
        blocks = [*_parted(blocks[0], language), *blocks[1:]]
    if len(blocks) < 2:
        return blocks
    room = network.fold_limit - len(blocks[0]) - 2
    head, *rest = _parted(blocks[1], language)
    return [blocks[0], head, *rest, *blocks[2:]] if len(head) <= room < len(blocks[1]) else blocks


def _parted(block: str, language: str) -> list[str]:
    """Part a paragraph after its first sentence."""
    sentences = () if "\n" in block else split(block, language)
    return [sentences[0], joined(sentences[1:])] if len(sentences) > 1 else [block]
