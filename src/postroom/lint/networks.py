"""What each network allows, as data with its source. To teach a rule about a network, add a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The limits of one network. Lengths count Unicode code points unless said otherwise.

    `title_limit` … `alt_limit` and `thumb_pixels` are hard; the `…_preferred` ones, the fold
    and `hashtags` (fewest, most) are good practice. `source` is the page or evidence, `read`
    the ISO date on which it was looked at.
    """

    kind: str
    label: str
    text_limit: int
    comment_limit: int
    title_limit: int
    title_preferred: int
    description_preferred: int
    alt_limit: int
    alt_preferred: int
    thumb_pixels: int
    thumb_types: frozenset[str]
    hook_limit: int
    fold_lines: int
    fold_limit: int
    hashtags: tuple[int, int]
    source: str
    read: str


LINKEDIN = Network(
    kind="linkedin",
    label="LinkedIn",
    # The Posts API names the error FIELD_LENGTH_TOO_LONG but no number; 3,000 is what its
    # predecessor documented and the composer enforces.
    text_limit=3_000,
    comment_limit=1_250,  # told by several clients, not by the vendor
    title_limit=400,  # likewise
    title_preferred=70,  # longer titles are cut in the card
    description_preferred=160,
    alt_limit=4_086,
    alt_preferred=120,
    thumb_pixels=36_152_320,  # Images API
    thumb_types=frozenset({"image/jpeg", "image/png", "image/gif"}),  # Images API
    # The fold is not documented. Measured by others: some 140 characters on a phone, 210 on a
    # desktop, and every line break counts.
    hook_limit=140,
    fold_lines=3,
    fold_limit=210,
    hashtags=(3, 5),
    source="https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api",
    read="2026-11-22",
)

NETWORKS: Mapping[str, Network] = {LINKEDIN.kind: LINKEDIN}
