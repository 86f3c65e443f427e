"""The sentences of an article, each with what stands around it, and how strong it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import overload

from postroom.lint.sentences import is_question, joined
from postroom.render import wording
from postroom.render.passages import Kind, Passage

SHORTEST = 40
"""Columns below which a sentence says too little to open a post."""


@dataclass(frozen=True, slots=True)
class Stretch(Sequence[str]):
    """Sentences of a paragraph that follow each other, by their `places` in it.

    A copy for each sentence of what stands around it would be their number squared.
    """

    paragraph: tuple[str, ...]
    places: range

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Stretch: ...
    def __getitem__(self, at: int | slice) -> str | Stretch:
        if isinstance(at, slice):
            return Stretch(self.paragraph, self.places[at])
        return self.paragraph[self.places[at]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A sentence of the body. `before` and `after` are the sentences around it in its paragraph;
    `place` counts paragraphs; `previous` is the paragraph right before it in the same section.
    """

    text: str
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    previous: tuple[str, ...] = ()
    place: int = 0
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A body ready to be drawn from. `keywords` are the words of the article's subject."""

    passages: tuple[Passage, ...]
    language: str
    keywords: frozenset[str]

    @cached_property
    def prose(self) -> tuple[Passage, ...]:
        """The paragraphs, without lists, quotes and headings."""
        return tuple(passage for passage in self.passages if passage.kind is Kind.PARAGRAPH)

    @cached_property
    def sentences(self) -> tuple[Drawn, ...]:
        """Every sentence that may be shown, in order."""
        found: list[Drawn] = []
        place = 0
        for previous, passage in pairwise((None, *self.passages)):
            if passage is not None and passage.kind is Kind.PARAGRAPH:
                found.extend(_drawn(passage, place, previous))
                place += 1
        return tuple(drawn for drawn in found if wording.is_drawable(drawn.text) and not _only_answers(drawn))

    def stands_alone(self, text: str) -> bool:
        """Whether a sentence may be shown and makes sense to someone who has read nothing else."""
        return wording.is_drawable(text) and wording.stands_alone(text, self.language)

    def leading(self, sentences: Sequence[str], max_chars: int) -> tuple[str, ...]:
        """Keep the first sentences of a text, as long as they may be shown and fit into `max_chars`."""
        kept: list[str] = []
        for sentence in sentences:
            if not wording.is_drawable(sentence) or len(joined([*kept, sentence])) > max_chars:
                break
            kept.append(sentence)
        return tuple(kept)

    def strength(self, drawn: Drawn) -> float:
        """Weigh a sentence as an opening: an amount, a contrast, the subject, its place, its brevity.

        The weights were found by reading the results; only their order matters.
        """
        text = drawn.text
        shared = len(wording.keywords(text) & self.keywords)
        strength = 2.0 * wording.has_figure(text) + 0.5 * wording.has_number(text)
        strength += 1.5 * wording.contrasts(text, self.language) + 0.5 * wording.addresses_the_reader(text)
        strength += min(2.0, 0.5 + 0.5 * shared) if shared else 0.0
        strength += 1.0 * (not drawn.before) + 1.0 * (drawn.place in (0, len(self.prose) - 1))
        strength += 0.5 * (60 <= wording.width(text) <= 110) + 0.5 * bool(drawn.after)
        strength -= 2.0 * wording.points_back(text, self.language) + 2.0 * (
            not shared and wording.presumes(text)
        )
        return strength - 1.0 * ("(" in text or ";" in text) - 0.5 * text.endswith("!")


def _only_answers(drawn: Drawn) -> bool:
    """Whether it answers its heading's question and would not say to what without it, as "Twice." does."""
    opens = not drawn.before and not drawn.previous and is_question(drawn.heading)
    return opens and not wording.keywords(drawn.text) & wording.keywords(drawn.heading)


def _drawn(passage: Passage, place: int, previous: Passage | None) -> list[Drawn]:
    near = previous.sentences if previous and previous.kind is Kind.PARAGRAPH else ()
    whole = Stretch(passage.sentences, range(len(passage.sentences)))
    return [
        Drawn(
            text=text,
            before=whole[:index],
            after=whole[index + 1 :],
            previous=near,
            place=place,
            heading=passage.heading,
        )
        for index, text in enumerate(passage.sentences)
    ]
