"""What the studio needs to be told: a catalogue, one sheet at a time, images, a generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from postroom.model import Content, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One article told one way on one channel, as a line of the catalogue.

    `article` is the article's id, `file` its path as shown to people. `kind` is `email` or a
    network. `state` is `ready`, `waiting`, `held`, `blocked` or `published`; another word is
    shown as it is. `why` says in a sentence what will happen, as `plan` does. `errors` and
    `warnings` count findings. An article that goes to no channel has one entry whose `channel`
    and `variant` are empty, so that its findings can be seen.
    """

    article: str
    title: str
    file: str
    channel: str
    variant: str
    kind: str
    state: str
    why: str = ""
    errors: int = 0
    warnings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All there is to see of one entry.

    `content` is None when it cannot be rendered; `findings` then say why. `html`, `text`,
    `preheader` and `eml` are what a sample recipient gets (no merge tokens left); for a post they
    are empty. `headers` are names and decoded values in the order of the message: Subject, From,
    To, Date … are looked up in them. `json` is what `preview --out` writes. `sender` is who speaks,
    as readers see it: a display name for mail, the account for a post.
    """

    entry: Entry
    content: Content | None
    findings: tuple[Finding, ...] = ()
    html: str = ""
    text: str = ""
    preheader: str = ""
    eml: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    json: str = ""
    sender: str = ""

    def header(self, name: str) -> str:
        """Read the first header called `name` (any case); empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Source(Protocol):
    """Where the studio gets what it shows.

    Methods are called one at a time, from worker threads. Each may raise PostroomError: the
    studio then shows its message, and what it last saw well.
    """

    @property
    def url_prefix(self) -> str:
        """The address under which local images will be published; empty where none will."""

    def catalogue(self) -> Sequence[Entry]:
        """List every article on every channel in every variant; entries of one article together."""

    def sheet(self, article: str, channel: str, variant: str) -> Sheet:
        """Render one entry of the catalogue, named by the three words it is listed under."""

    def asset(self, name: str) -> tuple[bytes, str] | None:
        """Read the image that will be published as `url_prefix/name`: its bytes and media type.

        None for any name that is not one of the project's images: it is looked up, never joined
        to a path.
        """

    def generation(self) -> int:
        """Count how often files have changed. Cheap, and safe to call while another call runs."""
