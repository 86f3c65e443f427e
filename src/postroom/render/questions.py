"""Draw the question that an article asks its readers, and what leads to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from postroom.lint.networks import LINKEDIN
from postroom.lint.sentences import is_question, joined
from postroom.render import wording
from postroom.render.drawing import SHORTEST, Drawing, Drawn
from postroom.render.passages import Kind

LED_BY = 300
"""Characters that may lead to a question: one short paragraph."""


def asked(drawing: Drawing, titles: Iterable[str]) -> Drawn | None:
    """Choose a question of the body, with the sentences that lead to it as its `before`; else one of the
    `titles` or headings. None if there is none that makes sense.
    """
    options = [option for each in _questions(drawing) if (option := _led_to(drawing, each))]
    best = max(options, key=lambda option: _urgency(drawing, option), default=None)
    if best:
        return best
    headings = [passage.text for passage in drawing.passages if passage.kind is Kind.HEADING]
    bare = [
        Drawn(text=text)
        for text in (*titles, *headings)
        if is_question(text) and drawing.stands_alone(text) and wording.width(text) >= SHORTEST // 2
    ]
    return max(bare, key=lambda question: _urgency(drawing, question), default=None)


def _questions(drawing: Drawing) -> Iterator[Drawn]:
    """Tell the questions of the body; those that follow each other are one."""
    for drawn in drawing.sentences:
        is_first = not (drawn.before and is_question(drawn.before[-1]))
        if is_question(drawn.text) and is_first:
            more = list(takewhile(is_question, drawn.after))
            if all(map(wording.is_drawable, more)):
                yield replace(drawn, text=joined([drawn.text, *more]), after=drawn.after[len(more) :])


def _led_to(drawing: Drawing, drawn: Drawn) -> Drawn | None:
    """Keep what leads to a question; None if it makes no sense on its own, nor with that.

    What leads to it stands before it in its paragraph, or is the paragraph before if it opens one.
    """
    leading = drawn.before or drawn.previous
    starts = range(max(0, len(leading) - 3), len(leading)) if drawn.before else range(min(1, len(leading)))
    for start in starts:
        before = leading[start:]
        is_short = len(joined(before)) <= LED_BY
        if is_short and all(map(wording.is_drawable, before)) and drawing.stands_alone(before[0]):
            return replace(drawn, before=before)
    is_enough = drawing.stands_alone(drawn.text) and wording.width(drawn.text) >= SHORTEST // 2
    return replace(drawn, before=()) if is_enough else None


def _urgency(drawing: Drawing, drawn: Drawn) -> float:
    """Weigh a question for readers to answer: addressed to them, introduced, and left open."""
    text = drawn.text
    urgency = 2.0 * drawing.stands_alone(text) + 1.0 * wording.addresses_the_reader(text)
    if drawn.before:
        urgency += 1.5 + 1.5 * (len(drawn.before[0]) <= LINKEDIN.hook_limit)
    urgency += 1.0 * (not drawn.after) + 1.0 * (drawn.place == len(drawing.prose) - 1)
    return urgency + min(1.0, 0.5 * len(wording.keywords(text) & drawing.keywords))
