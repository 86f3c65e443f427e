"""How often somebody may ask: a bucket of tokens for each, which fills again at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

_MOST = 10_000
"""How many are remembered; those that have waited longest are forgotten first, and may ask anew."""


@dataclass(slots=True)
class Buckets:
    """Lets each through `burst` times at once, and `a_second` times a second in the long run."""

    burst: int
    a_second: float
    _full_at: dict[str, datetime] = field(default_factory=dict)

    def take(self, whose: str, now: datetime) -> bool:
        """Take a token out of somebody's bucket; False where it is empty."""
        token = timedelta(seconds=1 / self.a_second)
        full_at = min(max(self._full_at.pop(whose, now), now), now + self.burst * token)
        is_there = full_at + token - now <= self.burst * token
        self._full_at[whose] = full_at + token if is_there else full_at
        if len(self._full_at) > _MOST:
            del self._full_at[next(iter(self._full_at))]
        return is_there
