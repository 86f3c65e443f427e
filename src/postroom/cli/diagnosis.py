"""What `postroom doctor` says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing looked at: `well`, `worth knowing` or `wrong`."""

    state: str
    what: str
    detail: str
