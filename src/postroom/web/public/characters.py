"""Characters that a document may hold, whatever stands in a name, a title or an address."""

from __future__ import annotations

import re
from typing import Final

_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
"""What XML 1.0 §2.2 has no place for (a feed with one such character is no feed), and what HTML calls a parse
error besides (WHATWG HTML §13.2.3.5: surrogates, noncharacters, controls; read 2026-11-23).
"""


def legal(text: str) -> str:
    """Leave out what neither HTML nor XML may hold. What remains can be encoded as UTF-8."""
    return _FORBIDDEN.sub("", text)
