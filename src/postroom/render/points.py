"""Draw the takeaways of an article: from its sections, else from a list of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from postroom.lint.post_parts import BULLET_LIMIT, BULLETS
from postroom.lint.sentences import ends_sentence, is_question
from postroom.render import wording
from postroom.render.drawing import SHORTEST, Drawing, Drawn
from postroom.render.passages import Kind

PREFERRED = 5
"""Points of sections that are kept; lists are the author's and may have all seven."""

TOPIC = 2.5
"""What it adds to a sentence to open its paragraph: there authors say what the section is about."""


def takeaways(drawing: Drawing) -> tuple[str, ...]:
    """Draw three to seven points; none if the article holds fewer.

    Headings that say something by themselves are points, with a sentence of their section where
    both fit. Otherwise each section's best sentence is one; otherwise the items of a list are.
    """
    for points in (_stated(drawing), _spoken(drawing), *_listed(drawing)):
        if len(points) >= BULLETS[0]:
            return points
    return ()


def _stated(drawing: Drawing) -> tuple[str, ...]:
    sections = [(heading, group) for heading, group in _sections(drawing) if wording.is_statement(heading)]
    if len(sections) > BULLETS[1]:
        return ()
    return tuple(
        _headed(heading, _best(drawing, sentences, BULLET_LIMIT - len(heading) - 2))
        for heading, sentences in sections
        if len(heading) <= BULLET_LIMIT
        and not is_question(heading)
        and wording.is_drawable(heading.rstrip(":.") + ".")
    )


def _headed(heading: str, point: Drawn | None) -> str:
    title = heading.rstrip(":.")
    return f"{title}: {point.text}" if point and ":" not in title else heading


def _spoken(drawing: Drawing) -> tuple[str, ...]:
    found = [_best(drawing, sentences, BULLET_LIMIT) for _, sentences in _sections(drawing)]
    points = [point for point in found if point]
    best = sorted(points, key=drawing.strength, reverse=True)[:PREFERRED]
    return tuple(dict.fromkeys(point.text for point in points if point in best))


def _listed(drawing: Drawing) -> Iterator[tuple[str, ...]]:
    """Tell the article's own lists that could serve, the longest first."""
    items = [passage for passage in drawing.passages if passage.kind is Kind.ITEM]
    lists = [[item.text for item in group] for _, group in groupby(items, lambda item: item.list_number)]
    fitting = [tuple(filter(_is_point, texts)) for texts in lists]
    yield from (points[: BULLETS[1]] for points in sorted(fitting, key=len, reverse=True))


def _sections(drawing: Drawing) -> list[tuple[str, list[Drawn]]]:
    """Part the sentences by heading; a heading without any is there too."""
    headings = [passage.text for passage in drawing.passages if passage.kind is Kind.HEADING]
    sections: dict[str, list[Drawn]] = {heading: [] for heading in ("", *headings)}
    for drawn in drawing.sentences:
        sections[drawn.heading].append(drawn)
    return list(sections.items())


def _best(drawing: Drawing, sentences: Sequence[Drawn], max_chars: int) -> Drawn | None:
    """Choose the sentence that says what a section is about."""
    fitting = [
        each
        for each in sentences
        if wording.width(each.text) >= SHORTEST // 2
        and len(each.text) <= max_chars
        and drawing.stands_alone(each.text)
        and not is_question(each.text)
    ]
    return max(fitting, key=lambda each: drawing.strength(each) + TOPIC * (not each.before), default=None)


def _is_point(text: str) -> bool:
    whole = text if ends_sentence(text) else text + "."
    return len(text) <= BULLET_LIMIT and wording.is_drawable(whole) and wording.width(text) >= SHORTEST // 4
