"""What readiness decides on: one article on one channel in one variant."""

from __future__ import annotations

from dataclasses import dataclass

from postroom.model import Article, Channel, Finding, VariantPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An article, a channel and one of its variants, with what the checks found in the article.

    `suspicion` is the sentence of `recognise` where the article only looks new.
    """

    article: Article
    channel: Channel
    variant: VariantPlan
    findings: tuple[Finding, ...] = ()
    suspicion: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """The key under which `History.editions` knows it."""
        return (self.channel.name, self.variant.name, self.article.id)
