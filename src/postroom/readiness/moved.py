"""Which files are articles that the ledger knows, under another path or id?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from postroom.model import Article, EditionState, History, KnownArticle


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Articles under the ids by which the ledger knows them, and those that only look new."""

    articles: tuple[Article, ...]
    suspicions: Mapping[str, str] = field(default_factory=dict)


def recognise(articles: Iterable[Article], history: History) -> Recognised:
    """Give moved files their old identity, and name those that only look like another article.

    A file that stands where the ledger last saw an article with the same title or body, or whose
    body equals that of an article whose file is gone, is that article. One that shares only
    title, date or image with a gone one, or its body with one that is still there, is suspicious
    until an edition of it was let go.
    """
    listed = tuple(articles)
    homes = _homes(listed, history)
    found = tuple(_under_known_id(article, homes, history) for article in listed)
    there = {article.id for article in found}
    gone = [known for known in history.articles.values() if known.id not in there]
    bodies = {known.body_hash: known for known in gone}
    found = tuple(_moved(article, bodies, history) for article in found)
    present = {article.id for article in found}
    return Recognised(
        articles=found,
        suspicions=dict(_suspicions(found, [known for known in gone if known.id not in present], history)),
    )


def _homes(articles: Sequence[Article], history: History) -> dict[str, KnownArticle]:
    """Map the paths that still hold the article which the ledger last saw there."""
    known = {each.path: each for each in history.articles.values()}
    return {
        article.path: known[article.path]
        for article in articles
        if article.path in known and _is_still(article, known[article.path])
    }


def _is_still(article: Article, known: KnownArticle) -> bool:
    return article.id == known.id or article.title == known.title or article.body_hash == known.body_hash


def _under_known_id(article: Article, homes: Mapping[str, KnownArticle], history: History) -> Article:
    home = homes.get(article.path)
    if home is not None:
        return replace(article, id=home.id) if home.id != article.id else article
    known = history.articles.get(article.id)
    if known is not None and known.path != article.path and known.path in homes:
        return replace(article, id=f"{article.id}~2")  # the old path of a moved article, taken by a new one
    return article


def _moved(article: Article, bodies: Mapping[str, KnownArticle], history: History) -> Article:
    old = bodies.get(article.body_hash)
    if old is None or article.id in history.articles:
        return article
    return replace(article, id=old.id)


def _suspicions(
    articles: Sequence[Article], gone: Sequence[KnownArticle], history: History
) -> Iterator[tuple[str, str]]:
    released = {past.article for past in history.editions.values() if past.state is not EditionState.HELD}
    first_with = _first_bodies(articles, history)
    for article in articles:
        if article.id in history.articles or article.id in released:
            continue
        suspicion = _twin(article, first_with[article.body_hash]) or _lookalike(article, gone)
        if suspicion:
            yield article.id, suspicion


def _first_bodies(articles: Sequence[Article], history: History) -> dict[str, Article]:
    """Map each body to the article with the better claim to it: a known one, else the first by path."""
    first: dict[str, Article] = {}
    for article in sorted(articles, key=lambda each: (each.id not in history.articles, each.path)):
        first.setdefault(article.body_hash, article)
    return first


def _twin(article: Article, other: Article) -> str:
    if other.id == article.id:
        return ""
    return f"its text is that of {other.file}; if it is a different article, approve it, else delete one"


def _lookalike(article: Article, gone: Sequence[KnownArticle]) -> str:
    for known in gone:
        shared = _shared(article, known)
        if shared:
            return (
                f"it has the same {shared} as {known.path}, which is gone: if it is that article, give it "
                f"`id: {known.id}` in its front matter; if it is new, approve it"
            )
    return ""


def _shared(article: Article, known: KnownArticle) -> str:
    if article.title == known.title:
        return "title"
    if article.image is not None and article.image.src == known.image:
        return "image"
    if article.publish_at is not None and article.publish_at == known.publish_at:
        return "date"
    return ""
