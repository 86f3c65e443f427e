"""All images of one article → assets and findings. No image ever stops an article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from postroom.assets.cache import cached
from postroom.assets.publishing import public_name
from postroom.assets.references import Remote, locate, read_file
from postroom.assets.refusal import ImageRefused
from postroom.model import Asset, Finding, ImageRef, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What became of an article's images. `images` maps the `src` of each one that can be shown."""

    images: Mapping[str, Asset]
    findings: tuple[Finding, ...] = ()


def resolve(
    refs: Iterable[ImageRef], *, near: Path, root: Path, cache: Path, url: str, file: str
) -> Resolved:
    """Make local images ready, and keep remote ones where they are; fetch nothing.

    `near` is the article's folder, `root` the articles folder: nothing outside it is read. Made
    pictures are kept in `cache`; mails will find them under `url`. `file` is the article as shown
    in findings. An image that cannot be used is a warning and missing from `images`.
    """
    images: dict[str, Asset] = {}
    findings: list[Finding] = []
    for ref in _distinct(refs):
        try:
            images[ref.src], caution = _asset(ref.src, near=near, root=root, cache=cache, url=url)
        except ImageRefused as refused:
            findings.append(_warning(refused.rule, file, ref, f"is left out: {refused}"))
        except OSError as error:
            findings.append(_warning("image-cache", file, ref, f"is left out: {_unwritable(cache, error)}"))
        else:
            findings += [_warning("image-shown", file, ref, f"goes out, but {caution}")] if caution else []
    return Resolved(images=images, findings=tuple(findings))


def _distinct(refs: Iterable[ImageRef]) -> Iterable[ImageRef]:
    first: dict[str, ImageRef] = {}
    for ref in refs:
        first.setdefault(ref.src, ref)
    return first.values()


def _asset(src: str, *, near: Path, root: Path, cache: Path, url: str) -> tuple[Asset, str]:
    """Resolve one image; the text is what an editor should know about it, or empty."""
    place = locate(src, near, root)
    if isinstance(place, Remote):
        return Asset(src=src, url=place.url), place.caution
    picture = cached(read_file(place), cache)
    asset = Asset(
        src=src,
        url=f"{url.rstrip('/')}/{public_name(picture.digest, picture.file)}",
        file=cache / picture.file,
        digest=picture.digest,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size_bytes=picture.size_bytes,
    )
    return asset, picture.caution


def _warning(rule: str, file: str, ref: ImageRef, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.WARNING,
        file=file,
        line=ref.line,
        message=f'image "{_shortened(ref.src)}" {message}',
    )


def _shortened(src: str) -> str:
    short = src if len(src) <= 80 else f"{src[:79]}…"
    return "".join(character if character.isprintable() else "\ufffd" for character in short)


def _unwritable(cache: Path, error: OSError) -> str:
    return f"it cannot be kept in {cache} ({error.strerror}); make room there, or mend its permissions"
