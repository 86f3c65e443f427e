"""The rules that `postroom check` names in brackets, and that `checks:` may grade."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
    article-changed audience audience-encoding audience-row audience-tracked bad-address bad-date bad-id bad-language
    body-too-long card-description card-title card-url clock-change comment-too-long comment-without-link
    control-character cta-repeated description-repeated dkim-key dkim-key-missing duplicate-id email-depth
    email-fence email-image-alt email-image-format email-image-width email-link-empty email-link-http
    email-link-relative email-merge-default email-preheader email-preheader-long email-preheader-missing
    email-preheader-repeats email-size email-style-size email-subject email-subject-capitals
    email-subject-long email-subject-missing email-template-code email-text-empty email-unsubscribe
    emoji-in-word empty-body example-host fold-too-long front-matter front-matter-channels
    front-matter-name front-matter-repaired front-matter-status front-matter-type front-matter-unknown
    hashtag-count hashtag-form hashtag-place hashtag-repeated hook-distracts hook-is-title hook-too-long
    hook-unfinished html-not-shown image-address image-alt image-cache image-count image-format
    image-missing image-outside image-shown image-size image-too-large image-type image-unreadable
    image-without-alt link-inside link-missing link-outside link-twice list-bullets list-length list-point
    long-token merge-field nested-too-deep no-way-out not-mailable not-shown not-text not-utf-8
    open-brackets paragraph-too-long placeholder post-characters post-cut-short post-empty post-leftover
    post-markdown post-near-limit post-shouts post-spacing post-too-long posts-identical posts-similar
    question-missing refusal-text segment-name styled-letters template template-code title-missing
    title-repeated-in-body too-large too-many-emoji unreadable variant-unfed
"""

RULES: Final = frozenset(_NAMES.split())
"""Every rule of a finding in an article, in what it becomes, and in what is sent along with it."""
