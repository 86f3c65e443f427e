"""Put pictures where a web server finds them, under the names that mails refer to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from postroom.assets.files import write_atomically
from postroom.errors import AssetError
from postroom.model import Asset
from postroom.plainfiles import read_plain

_NAME_CHARACTERS: Final = 32
"""Of a SHA-256's 64: 128 bits tell any number of pictures apart, and addresses stay short."""


def public_name(digest: str, file: str) -> str:
    """Name a picture for the web: the first half of its hash, and its extension."""
    return digest[:_NAME_CHARACTERS] + Path(file).suffix


def publish(images: Iterable[Asset], folder: Path) -> int:
    """Copy the pictures that `folder` lacks; return how many those were.

    Remote images are passed over. Raises AssetError when the folder cannot be written.
    """
    return sum(_copy(image, folder) for image in images)


def _copy(image: Asset, folder: Path) -> bool:
    if image.file is None or image.digest is None:
        return False
    target = folder / public_name(image.digest, image.file.name)
    try:
        if target.is_file() and target.stat().st_size == image.size_bytes:
            return False
        write_atomically(target, read_plain(image.file))
    except OSError as error:
        raise AssetError(
            f"{error.filename or folder}: the image cannot be copied ({error.strerror}); "
            "check `folder:` under `images:` in config.yaml, and its permissions"
        ) from error
    return True
