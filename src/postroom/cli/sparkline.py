"""Draw numbers as a line of small bars."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

BARS: Final = "▁▂▃▄▅▆▇█"


def sparkline(numbers: Sequence[float]) -> str:
    """Draw a bar for each number, from nought to the largest; nought alone has the lowest bar."""
    highest = max(numbers, default=0)
    if highest <= 0:
        return BARS[0] * len(numbers)
    return "".join(BARS[ceil(max(number, 0) / highest * (len(BARS) - 1))] for number in numbers)
