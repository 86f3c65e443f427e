"""Tell a long article shortly: the first sentences of its paragraphs, none of them changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

from postroom.lint.sentences import is_question, joined
from postroom.render import wording
from postroom.render.passages import Kind, Passage

ALL = 99

DENSITIES = ((ALL, ALL), (ALL, 3), (1, 4), (1, 3), (ALL, 2), (1, 2), (ALL, 1), (1, 1))
"""How much is kept, from most to least: paragraphs of a top section, sentences of a paragraph."""

CLOSING_LENGTH = 500
"""Characters up to which the closing paragraph is kept whole."""

LIST_ITEMS = 7
ITEM_LENGTH = 160

_GAP = 2  # line ends between two blocks


def digest(
    passages: Sequence[Passage], max_chars: int, *, language: str, told: frozenset[str]
) -> tuple[str, ...]:
    """Choose the paragraphs and lists of a digest of at most `max_chars`, blank lines counted.

    The densest that fits is taken. If even one sentence from each section is too much, the last
    sections go, but not the closing one.
    """
    blocks: tuple[str, ...] = ()
    for paragraphs, sentences in DENSITIES:
        blocks = tuple(_blocks(passages, paragraphs, sentences, language, told))
        if _length(blocks) <= max_chars:
            return blocks
    *body, last = blocks
    length = _length(blocks)
    while body and length > max_chars:
        length -= len(body.pop()) + _GAP
    return (*body, last) if length <= max_chars else ()


def _length(blocks: Sequence[str]) -> int:
    return sum(map(len, blocks)) + _GAP * max(0, len(blocks) - 1)


def _blocks(
    passages: Sequence[Passage], paragraphs: int, depth: int, language: str, told: frozenset[str]
) -> Iterator[str]:
    """Tell each top section in as many `paragraphs`, each of up to `depth` sentences.

    One that points back is told only right after what it points at, an answer after its question.
    """
    prose = [index for index, passage in enumerate(passages) if passage.kind is Kind.PARAGRAPH]
    used: Counter[int] = Counter()
    told_up_to = 0
    for index in prose:
        passage, is_closing = passages[index], index == prose[-1]
        if used[passage.section] >= paragraphs and not is_closing:
            continue
        is_short = is_closing and len(passage.text) <= CLOSING_LENGTH
        block, end = _block(passages, index, ALL if is_short else depth, told)
        question = _question_before(passages, index)
        if block and (
            question or told_up_to == index or wording.stands_alone(passage.sentences[0], language)
        ):
            used[passage.section] += 1
            told_up_to = end
            yield from (each for each in (question, block) if each)


def _question_before(passages: Sequence[Passage], index: int) -> str:
    """Tell the heading of a paragraph that answers it, as in an interview."""
    before = passages[index - 1] if index else None
    is_question_heading = before is not None and before.kind is Kind.HEADING and is_question(before.text)
    return before.text if before and is_question_heading and wording.is_drawable(before.text) else ""


def _block(passages: Sequence[Passage], index: int, depth: int, told: frozenset[str]) -> tuple[str, int]:
    """Cut one paragraph; keep the list that it leads to if all else is kept.

    Tell with it the index of the passage that comes right after, or 0 if something was left out.
    """
    sentences = list(passages[index].sentences)
    items = _list_after(passages, index) if sentences[-1].endswith((":", "：")) else ()
    lead_in = [sentences.pop()] if items else []
    kept = list(takewhile(lambda each: each not in told and wording.is_drawable(each), sentences[:depth]))
    if len(kept) < len(sentences):
        return joined(kept), 0
    return "\n".join([joined([*kept, *lead_in]), *items]), index + 1 + len(items)


def _list_after(passages: Sequence[Passage], index: int) -> tuple[str, ...]:
    """Write the list that a paragraph leads to; nothing if there is none, or it is too long for a post."""
    items: list[str] = []
    for passage in passages[index + 1 :]:
        if passage.kind is not Kind.ITEM:
            break
        items.append(passage.text)
    fits = len(items) <= LIST_ITEMS and all(len(item) <= ITEM_LENGTH and _is_clean(item) for item in items)
    return tuple(f"• {item}" for item in items) if fits else ()


def _is_clean(item: str) -> bool:
    return wording.is_drawable(item.rstrip(" .,;:") + ".")
