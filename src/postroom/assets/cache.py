"""Pictures already made, by the content of what they were made of.

    <cache>/<sha256 of the picture>.<ext>             the picture
    <cache>/index/<sha256 of its source>-<n>.json     what was made of a source by settings n

Both are written once and whole, so any number of processes may share the folder, and it may be
deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from postroom.assets.files import write_atomically
from postroom.assets.pictures import SETTINGS, Picture, convert


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A picture in the cache. `file` is its name there, `digest` the SHA-256 of its bytes."""

    file: str
    digest: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    caution: str = ""


def cached(source: bytes, cache: Path) -> Cached:
    """Find the picture made of `source`, or make it now.

    Raises ImageRefused if it is no picture, OSError if the cache cannot be written.
    """
    entry = cache / "index" / f"{hashlib.sha256(source).hexdigest()}-{SETTINGS}.json"
    known = _known(entry)
    if known is not None and _is_whole(cache / known.file, known.size_bytes):
        return known
    return _keep(convert(source), cache, entry)


def _known(entry: Path) -> Cached | None:
    try:
        return Cached(**json.loads(entry.read_bytes()))
    except (OSError, ValueError, TypeError):  # absent, or no longer what was written: made anew
        return None


def _is_whole(file: Path, size_bytes: int) -> bool:
    return file.is_file() and file.stat().st_size == size_bytes


def _keep(picture: Picture, cache: Path, entry: Path) -> Cached:
    digest = hashlib.sha256(picture.data).hexdigest()
    kept = Cached(
        file=f"{digest}.{picture.extension}",
        digest=digest,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size_bytes=len(picture.data),
        caution=picture.caution,
    )
    write_atomically(cache / kept.file, picture.data)
    write_atomically(entry, json.dumps(asdict(kept), ensure_ascii=False, indent=1).encode())
    return kept
