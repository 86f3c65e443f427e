"""What config.yaml says, settled: every default filled in, every path absolute, every name resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from postroom.config.feedback import FeedbackSettings
from postroom.model import Audience, Brand, Channel, Finding, NoticeKind, Publication, Severity

if TYPE_CHECKING:
    from postroom.transports import protocol
    from postroom.transports.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSettings:
    """Where articles are kept and how they are read.

    `url` is the page of an article, with `{slug}`, `{id}`, `{year}`, `{month}` and `{day}` to fill
    in. `publish_time` holds for a date without a time, in the publication's zone. `hold_if_late` is
    None for `never`. `aliases` maps a known front matter key to further names an editor gives it.
    A file is read once it has not changed for `settle`. `folder_line` is where config.yaml names the folder.
    """

    folder: Path
    url: str
    publish_time: time
    hold_if_late: timedelta | None
    aliases: Mapping[str, tuple[str, ...]]
    settle: timedelta
    folder_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """`folder` gets the images made ready for mail; `url` is where readers find that folder."""

    folder: Path
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Postroom's public pages: `url` as readers see them (None: not said), `listen` as `host:port`, their `brand`.

    `in_daemon` says whether the daemon serves them, too. `archive` are the channels, by all their names, whose mail
    anybody may read.
    `sign_up` are the lists that anybody may ask to join. `titles` maps every list that an email channel goes to, and
    that its readers can leave, to what readers call it.
    """

    url: str | None
    listen: str
    brand: Brand
    in_daemon: bool = True
    archive: tuple[str, ...] = ()
    sign_up: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """A named transport. `settings` is the `Settings` of its kind; secrets in it are still `${NAME}`.

    `line` is where it begins in config.yaml, `key_lines` where each of its DKIM keys is named.
    """

    name: str
    kind: str
    settings: protocol.TransportSettings
    line: int
    key_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyMail:
    """Tell `to` by mail from `sender`, through the transport of that name. `about` is empty for everything."""

    to: str
    sender: str
    transport: str
    about: frozenset[NoticeKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyHook:
    """Post to `url`, a reference such as `${NAME}` still. `about` is empty for everything."""

    kind: Literal["slack", "webhook"]
    url: Secret
    about: frozenset[NoticeKind] = frozenset()


NotifyPlace: TypeAlias = NotifyMail | NotifyHook


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One config.yaml without faults.

    `base` is its folder, where relative paths start. `digest` is the SHA-256 of `text`, in hex.
    `database` is an SQLAlchemy URL whose SQLite path is absolute. `checks` regrades findings by
    rule; None switches a rule off. `warnings` are worth telling, but stop nothing. `listen` is the
    `host:port` where monitoring is answered, None for nowhere; `notify` are the places that notices go to. `feedback`
    says where what comes back is read.
    """

    path: Path
    base: Path
    text: str
    digest: str
    publication: Publication
    articles: ArticleSettings
    images: ImageSettings
    channels: Mapping[str, Channel]
    audiences: Mapping[str, Audience]
    transports: Mapping[str, TransportSettings]
    database: str
    templates: Path
    web: WebSettings | None = None
    listen: str | None = None
    feedback: FeedbackSettings = field(default_factory=FeedbackSettings)
    notify: tuple[NotifyPlace, ...] = ()
    checks: Mapping[str, Severity | None] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()
