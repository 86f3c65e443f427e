"""A table in plain text: aligned columns where they fit, else one small list a row."""

from __future__ import annotations

from collections.abc import Sequence

from postroom.render.wrap import columns, wrapped

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]], right: Sequence[bool], width: int, fence: str) -> list[str]:
    """Set rows, the first of which is the head. `right` tells which columns end flush."""
    sizes = [max(columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    if sum(sizes) + len(_GAP) * (len(sizes) - 1) > width:
        return _listed(rows, width, fence)
    lines = [_line(row, sizes, right) for row in rows]
    return [lines[0], _GAP.join("-" * size for size in sizes), *lines[1:]]


def _line(row: Sequence[str], sizes: Sequence[int], right: Sequence[bool]) -> str:
    return _GAP.join(map(_padded, row, sizes, right)).rstrip()


def _padded(cell: str, size: int, flush: bool) -> str:
    blank = " " * (size - columns(cell))
    return blank + cell if flush else cell + blank


def _listed(rows: Sequence[Sequence[str]], width: int, fence: str) -> list[str]:
    head, *body = rows
    lines: list[str] = []
    for row in body:
        lines += [""] if lines else []
        for name, cell in zip(head, row, strict=True):
            lines += wrapped(f"{name}: {cell}" if name else cell, width, fence)
    return lines
