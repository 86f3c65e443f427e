"""Draw the takeaways of an article: from its sections, else from a list of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import regex

from postroom.lint.post_parts import BULLET_LIMIT, BULLETS
from postroom.lint.sentences import ends_sentence, is_question
from postroom.render import wording
from postroom.render.drawing import SHORTEST, Drawing, Drawn
from postroom.render.passages import Kind

PREFERRED = 5
"""Points of sections that are kept; lists are the author's and may have all seven."""

_NUMBERING = regex.compile(r"^\W*\d{1,2}[.):]\s+")

TOPIC = 2.5
"""What it adds to a sentence to open its paragraph: there authors say what the section is about."""


def takeaways(drawing: Drawing) -> tuple[str, ...]:
    """Draw three to seven points; none if the article holds fewer.

    Headings that say something by themselves are points, with a sentence of their section where
    both fit. Otherwise what paragraphs begin with in bold; otherwise each section's best sentence;
    otherwise the items of a list.
    """
    for points in (_stated(drawing), _stressed(drawing), _spoken(drawing), *_listed(drawing)):
        if len(points) >= BULLETS[0]:
            return points
    return ()


def _stated(drawing: Drawing) -> tuple[str, ...]:
    points = [
        _headed(title, _best(drawing, sentences, BULLET_LIMIT - len(title) - 2))
        for heading, sentences in _sections(drawing)
        if _is_said(drawing, title := _unnumbered(heading).rstrip(":."))
    ]
    return tuple(points) if len(points) <= BULLETS[1] else ()


def _headed(title: str, point: Drawn | None) -> str:
    return f"{title}: {point.text}" if point and ":" not in title else title


def _stressed(drawing: Drawing) -> tuple[str, ...]:
    texts = [_unnumbered(passage.stress).rstrip(":") for passage in drawing.prose if passage.stress]
    return tuple(dict.fromkeys(text for text in texts if _is_said(drawing, text)))[: BULLETS[1]]


def _unnumbered(text: str) -> str:
    return _NUMBERING.sub("", text)


def _is_said(drawing: Drawing, text: str) -> bool:
    """Whether a heading or bold beginning is a point by itself."""
    whole = text if ends_sentence(text) else text + "."
    is_whole = ends_sentence(text) or wording.is_statement(text)
    return len(text) <= BULLET_LIMIT and is_whole and not is_question(text) and drawing.stands_alone(whole)


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
