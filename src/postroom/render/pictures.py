"""How large a picture is shown."""

from __future__ import annotations

from postroom.model import Asset


def shown_size(asset: Asset, column: int) -> tuple[int, int | None]:
    """Tell width and height in CSS pixels: at most the column, a small picture at its own size.

    A remote picture of unknown size fills the column, since Outlook shows it as large as its file.
    """
    if not asset.width or not asset.height:
        return column, None
    width = min(column, asset.width)
    return width, max(1, round(asset.height * width / asset.width))
