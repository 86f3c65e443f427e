"""What was published, as the archive and the feeds tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One edition that anybody may read, at `url`.

    `id` is an absolute IRI that stays the same whatever changes, the place included (`tag_of` makes one).
    Moments are aware; `updated_at` is None where nothing was changed since. `html` is the whole text for
    feeds, None to give the subtitle alone. `language` is a BCP 47 tag where it is not the publication's.
    """

    id: str
    title: str
    url: str
    published_at: datetime
    subtitle: str = ""
    updated_at: datetime | None = None
    html: str | None = None
    language: str = ""

    @property
    def changed_at(self) -> datetime:
        """When it last changed."""
        return self.updated_at or self.published_at
