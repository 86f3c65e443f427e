"""Check posts before anyone sees them: each rule is one function with its source.

The practice behind the warnings is that of the trade; the errors are what networks refuse, cut
or show wrongly. See docs/add-a-variant.md for the list that editors read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import regex

from postroom.lint import post_parts, post_text
from postroom.lint.networks import Network
from postroom.lint.post_case import Case, Rule
from postroom.model import Article, Finding, Post, Severity

SIMILAR = 0.8

RULES: tuple[Rule, ...] = (
    post_text.says_something,
    post_text.has_no_leftovers,
    post_text.fits,
    post_text.reads_back,
    post_text.has_no_markdown,
    post_text.has_plain_characters,
    post_text.has_short_paragraphs,
    post_text.is_spaced_well,
    post_text.is_calm,
    post_parts.hook_is_short,
    post_parts.hook_is_a_sentence,
    post_parts.hook_is_not_the_title,
    post_parts.shows_before_the_fold,
    post_parts.hashtags_are_few,
    post_parts.hashtags_are_well_formed,
    post_parts.hashtags_close_the_post,
    post_parts.link_has_one_place,
    post_parts.card_is_complete,
    post_parts.images_can_be_taken,
    post_parts.images_are_described,
    post_parts.calls_to_action_once,
    post_parts.question_is_asked,
    post_parts.takeaways_are_a_list,
)


def check(post: Post, *, variant: str, article: Article, network: Network) -> Iterator[Finding]:
    """Find what is wrong with one post; each finding names the article's file and the cure.

    An empty post gets that finding alone.
    """
    case = Case(post=post, variant=variant, article=article, network=network)
    empty = list(post_text.says_something(case))
    if empty:
        yield from empty
        return
    for rule in RULES:
        yield from rule(case)


def compare(posts: Mapping[str, Post], *, article: Article) -> Iterator[Finding]:
    """Find variants of one article (variant → post, on one network) that say the same.

    E14: networks refuse a post whose text they have seen (LinkedIn answers 422 DUPLICATE_POST);
    readers tire of one that is nearly the same (Jaccard similarity of its words over 0.8).
    """
    told = [(variant, post) for variant, post in posts.items() if any(post.parts)]
    for (one, first), (other, second) in combinations(told, 2):
        similarity = _similarity(_words(first), _words(second))
        if first.parts == second.parts:
            yield _alike(
                article,
                second.network,
                other,
                f"is the same post as {one}; networks refuse it",
                Severity.ERROR,
            )
        elif similarity > SIMILAR:
            text = f"shares {similarity:.0%} of its words with {one}"
            yield _alike(article, second.network, other, text, Severity.WARNING)


def _alike(article: Article, network: str, variant: str, text: str, severity: Severity) -> Finding:
    key = f"social.{network}.{variant}"
    return Finding(
        rule="posts-identical" if severity is Severity.ERROR else "posts-similar",
        severity=severity,
        file=article.file,
        line=article.lines.get(key, article.lines.get("social")),
        message=f"{network} {variant}: it {text}; give it words of its own with `{key}` in the front matter",
    )


def _words(post: Post) -> frozenset[str]:
    text = "\n".join(post.parts)
    for tag in post.hashtags:
        text = text.replace(f"#{tag}", "")
    return frozenset(regex.findall(r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{N}]+", text.casefold()))


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0
