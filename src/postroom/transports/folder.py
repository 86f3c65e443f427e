"""Write messages into a folder instead of sending them: a rehearsal that reaches nobody.

A mail becomes `NAME.eml`, a part of a post `NAME.json` (all of it) and `NAME.txt` (what people
would read). A file appears whole or not at all, and a repeat overwrites itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict

from postroom.model import Deferred, Email, Mail, Message, Outcome, Part, Post, Prepared, Refused, Scope, Sent
from postroom.transports.fields import AnchoredPath
from postroom.transports.protocol import TransportSettings

_MAX_NAME_BYTES = 200  # NAME_MAX is 255 (POSIX, Linux, macOS); room for a dot in front and the suffixes
_FOR_THE_OWNER, _FOR_ALL = 0o600, 0o644  # mail holds addresses; a post is meant for the public


class Transport:
    """A folder. It is made when the first message comes."""

    kind: ClassVar[str] = "folder"
    accepts: ClassVar[frozenset[type[Email] | type[Post]]] = frozenset({Email, Post})
    rehearsal: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True
    prepares: ClassVar[bool] = False
    limits: ClassVar[Mapping[str, int]] = {}

    class Settings(TransportSettings):
        """`path` is the folder to write into."""

        model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "folder", "path": "out/mail"}]})

        kind: Literal["folder"] = "folder"
        path: AnchoredPath

    def __init__(self, settings: Settings, secrets: Callable[[str], str]) -> None:
        self._folder = settings.path

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared | Deferred:
        """Do nothing: there is nothing to prepare."""
        return Prepared(progress=progress)

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Write each message; it is on the disk, with its name, before it is called sent."""
        return map(self._write, messages)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _write(self, message: Message) -> Outcome:
        if not _is_safe(message.name):
            return Refused(reason=f"{message.name!r} cannot be the name of a file")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            match message.content:
                case Mail(data=data):
                    outcome = self._write_mail(message.name, data)
                case Part() as part:
                    outcome = self._write_part(message.name, part)
            _sync_folder(self._folder)
        except OSError as error:
            return self._trouble(error)
        return outcome

    def _write_mail(self, name: str, data: bytes) -> Sent:
        file = self._folder / f"{name}.eml"
        _write_whole(file, data, _FOR_THE_OWNER)
        return Sent(reply=f"written to {file}")

    def _write_part(self, name: str, part: Part) -> Sent:
        file = self._folder / f"{name}.json"
        text = f"{part.text}\n" + (_link_beside(part) if part.number == 0 else "")
        _write_whole(file.with_name(f"{name}.txt"), text.encode("utf-8", "replace"), _FOR_ALL)
        _write_whole(file, _as_json(part), _FOR_ALL)
        return Sent(reply=f"written to {file}", remote_id=name)

    def _trouble(self, error: OSError) -> Deferred:
        fault = f"cannot write into {self._folder}: {error.strerror or error}"
        cure = "make room, or set `path` to a folder that can be written to"
        return Deferred(reason=f"{fault}; {cure}", scope=Scope.TRANSPORT)


def _link_beside(part: Part) -> str:
    """Tell whoever publishes the post by hand which link goes with it."""
    card = part.post.card
    return f"\n---\n\n[link card]\n{card.title}\n{card.url}\n" if card is not None else ""


def _is_safe(name: str) -> bool:
    """Tell whether a name stays in its folder, on every system."""
    try:
        short = 0 < len(name.encode()) <= _MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False
    return short and name.isprintable() and not name.startswith(".") and not set('/\\:*?"<>|') & set(name)


def _as_json(part: Part) -> bytes:
    """Write everything a person needs to publish the part by hand."""
    post = part.post
    facts = {
        "network": post.network,
        "part": part.number,
        "text": part.text,
        "is_comment": part.is_comment,
        "parent_id": part.parent_id,
        "language": post.language,
        "card": asdict(post.card) if post.card else None,
        "images": [asdict(image) for image in post.images],
        "first_comment": post.first_comment,
        "hashtags": post.hashtags,
        "parts": post.parts,
    }
    return (json.dumps(facts, ensure_ascii=False, indent=2, default=str) + "\n").encode("utf-8", "replace")


def _write_whole(file: Path, data: bytes, mode: int) -> None:
    """Write a file so that a crash leaves the old one, the new one, or none.

    The unfinished copy has one name for each file: what a kill leaves behind, the repeat clears.
    """
    unfinished = file.with_name(f".{file.name}.part")
    try:
        _write_through(unfinished, data, mode)
        unfinished.replace(file)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _write_through(file: Path, data: bytes, mode: int) -> None:
    """Write a file of our own down to the disk; never through a link that somebody laid there."""
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the new names on the disk; a rename is not safe before (fsync(2), NOTES)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
