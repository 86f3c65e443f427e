"""Draw from an article what a post may say: its own sentences, never others, and whole.

Front matter comes first: what `social` gives for the channel, else for the network, is not drawn.
Each property is drawn when a template asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from postroom.lint.networks import LINKEDIN
from postroom.lint.sentences import is_question, joined, split
from postroom.model import Article
from postroom.render import wording
from postroom.render.digest import digest
from postroom.render.drawing import SHORTEST, Drawing, Drawn
from postroom.render.markdown import Document
from postroom.render.passages import Kind, passages_of, plain
from postroom.render.points import takeaways
from postroom.render.questions import asked

SUMMARY_LENGTH = 300
"""Characters of a summary: one paragraph on a phone."""

LEAD_LENGTH = 90
"""Characters of a line over a list, so that the first point still shows before the fold."""


class Given(dict[str, str | tuple[str, ...]]):
    """What the front matter gives, by name; empty text for what it does not."""

    def __missing__(self, key: str) -> str:
        return ""

    def text(self, key: str) -> str:
        """Give it as text: several texts become paragraphs."""
        value = self[key]
        return value if isinstance(value, str) else "\n\n".join(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give it as several texts: one text is taken by its lines."""
        value = self[key]
        lines = value.splitlines() if isinstance(value, str) else value
        return tuple(line.strip().lstrip("•-* ").strip() for line in lines if line.strip())


def given_for(article: Article, channel: str, kind: str) -> Given:
    """Gather what the front matter's `social` gives: the channel's own over the network's."""
    return Given({**article.social.get(kind, {}), **article.social.get(channel, {})})


@dataclass(frozen=True, kw_only=True)
class Material:
    """What templates may draw on. A text is empty, a tuple has no items, where the article has none."""

    article: Article
    drawing: Drawing
    given: Given = field(default_factory=Given)

    @property
    def language(self) -> str:
        """The article's language, a BCP 47 tag."""
        return self.drawing.language

    @cached_property
    def title(self) -> str:
        """The article's title, on one line."""
        return plain(self.article.title)

    @cached_property
    def subtitle(self) -> str:
        """The article's subtitle, on one line."""
        return plain(self.article.subtitle)

    @cached_property
    def description(self) -> str:
        """The article's description, on one line."""
        return plain(self.article.description)

    @cached_property
    def lead(self) -> str:
        """A line to stand over a list: the subtitle, else the title, else the hook."""
        return self._line(self.subtitle, LEAD_LENGTH) or self._line(self.title, LEAD_LENGTH) or self.hook

    @cached_property
    def summary(self) -> str:
        """The first sentences of the description, else of the body: as many as 300 characters hold."""
        drawable = {drawn.text for drawn in self.drawing.sentences if drawn.place == 0}
        opening = self.opening if drawable.issuperset(self.opening[:1]) else ()
        for sentences in (split(self.description, self.language), opening):
            if sentences and self.drawing.stands_alone(sentences[0]):
                return joined(self.drawing.leading(sentences, SUMMARY_LENGTH))
        return ""

    @cached_property
    def teaser(self) -> str:
        """The summary if its first sentence shows whole on a phone and is not the hook; else the subtitle."""
        sentences = split(self.summary, self.language)
        is_fresh = (
            bool(sentences) and len(sentences[0]) <= LINKEDIN.hook_limit and self.hook not in self.summary
        )
        if is_fresh:
            return self.summary
        subtitle = self._line(self.subtitle, LINKEDIN.hook_limit)
        return subtitle or next(iter(self.hooks[1:]), self.summary)

    @cached_property
    def paragraphs(self) -> tuple[str, ...]:
        """All paragraphs of the body, in plain text."""
        return tuple(passage.text for passage in self.drawing.prose)

    @cached_property
    def opening(self) -> tuple[str, ...]:
        """The sentences of the first paragraph."""
        return self.drawing.prose[0].sentences if self.drawing.prose else ()

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """Sentences that could open a post, the strongest first."""
        return tuple(drawn.text for drawn in self._ranked)

    @cached_property
    def hook(self) -> str:
        """The strongest sentence; the summary's first where no short one stands alone."""
        return self.given.text("hook") or next(iter((*self.hooks, *split(self.summary, self.language))), "")

    @cached_property
    def support(self) -> str:
        """What follows the hook in the article, up to two sentences; else the summary.

        A given hook of several lines needs none.
        """
        if "\n" in self.hook.strip():
            return ""
        following = self.drawing.leading(self._after(self.hook)[:2], SUMMARY_LENGTH)
        return joined(following) or self._summary_without(self.hook)

    @cached_property
    def takeaways(self) -> tuple[str, ...]:
        """Three to seven points of up to 120 characters."""
        return self.given.texts("takeaways") or takeaways(self.drawing)

    @cached_property
    def question(self) -> str:
        """A question that the article itself asks."""
        return self.given.text("question") or (self._asked.text if self._asked else "")

    @cached_property
    def before_question(self) -> str:
        """The sentences that lead to the question in the article; else its summary."""
        if self._asked and self.question == self._asked.text and self._asked.before:
            return joined(self._asked.before)
        return self._summary_without(self.question) or joined(self.hooks[:1])

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """All questions that stand alone."""
        return tuple(text for text in self._alone if is_question(text))

    @cached_property
    def quotations(self) -> tuple[str, ...]:
        """What the article quotes as a block."""
        quotes = [passage for passage in self.drawing.passages if passage.kind is Kind.QUOTE]
        return tuple(quote.text for quote in quotes if all(map(wording.is_drawable, quote.sentences)))

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Sentences that stand alone and give an amount, a share or a span of time."""
        return tuple(text for text in self._alone if wording.has_figure(text))

    def digest(self, max_chars: int, *without: str) -> tuple[str, ...]:
        """Tell the whole article in at most `max_chars`, paragraph by paragraph, each shorter than it was.

        A paragraph stops before a sentence that is in `without`, because it was told already.
        """
        return digest(self.drawing.passages, max_chars, language=self.language, told=frozenset(without))

    @cached_property
    def _alone(self) -> tuple[str, ...]:
        return tuple(drawn.text for drawn in self.drawing.sentences if self.drawing.stands_alone(drawn.text))

    @cached_property
    def _asked(self) -> Drawn | None:
        return asked(self.drawing, (self.title, self.subtitle))

    @cached_property
    def _ranked(self) -> tuple[Drawn, ...]:
        """Sort what could open a post; what leads to the question only where there is nothing else."""
        told = self._asked.before if self._asked else ()
        alone = [
            drawn
            for drawn in self.drawing.sentences
            if wording.width(drawn.text) >= SHORTEST
            and len(drawn.text) <= LINKEDIN.hook_limit
            and self.drawing.stands_alone(drawn.text)
            and not is_question(drawn.text)
        ]
        fresh = [drawn for drawn in alone if drawn.text not in told] or alone
        return tuple(sorted(fresh, key=self.drawing.strength, reverse=True))

    def _line(self, text: str, max_chars: int) -> str:
        """Give a title if it is short and makes sense without what stands over it."""
        is_alone = wording.stands_alone(text, self.language) if text else False
        return text if is_alone and len(text) <= max_chars else ""

    def _after(self, text: str) -> Sequence[str]:
        return next((drawn.after for drawn in self._ranked if drawn.text == text), ())

    def _summary_without(self, told: str) -> str:
        sentences: Sequence[str] = split(self.summary, self.language)
        return joined([sentence for sentence in sentences if sentence not in told])


def draw(
    article: Article, document: Document, *, language: str, given: Mapping[str, str | tuple[str, ...]]
) -> Material:
    """Read an article's body as material for posts in `language` (BCP 47)."""
    passages = passages_of(document.root, title=article.title, language=language)
    keywords = wording.keywords(f"{article.title} {article.subtitle}")
    drawing = Drawing(passages=passages, language=language, keywords=keywords)
    return Material(article=article, drawing=drawing, given=Given(given))
