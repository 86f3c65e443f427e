"""Settles a config without faults: defaults filled in, overrides merged, paths made absolute."""

from __future__ import annotations

import os.path
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from postroom import transports
from postroom.address import parse_mailbox
from postroom.config import feedback
from postroom.config.appearance import brand_of
from postroom.config.audience import AudienceSection
from postroom.config.config import ArticleSettings, Config, ImageSettings, WebSettings
from postroom.config.fields import Variant
from postroom.config.kinds import default_variant
from postroom.config.operation import settle
from postroom.config.sections import BrandSection, ChannelSection, PublicationSection
from postroom.config.tree import Tree
from postroom.config.validate import Sections, senders
from postroom.config.words import NEVER
from postroom.model import (
    EMAIL,
    Audience,
    Channel,
    Finding,
    LinkMode,
    Publication,
    Sender,
    Severity,
    Unsubscribe,
    VariantPlan,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the settings came from, and what was worth a warning in them."""

    path: Path
    text: str
    digest: str
    warnings: tuple[Finding, ...]


def resolve(sections: Sections, tree: Tree, source: Source) -> Config:
    """Make the Config. The sections must have been found without fault."""
    base = source.path.parent
    project, publication = _sound(sections.project), _publication(_sound(sections.publication))
    settled = _Settled(sections, tree, base, publication)
    return Config(
        path=source.path,
        base=base,
        text=source.text,
        digest=source.digest,
        publication=publication,
        articles=settled.articles(),
        images=settled.images(),
        web=settled.web(),
        channels={name: settled.channel(name, _sound(each)) for name, each in sections.channels.items()},
        audiences={name: settled.audience(name) for name in sections.audiences},
        transports={name: _sound(each) for name, each in sections.transports.items()},
        database=database_url(_sound(sections.outbox).database, base),
        feedback=feedback.settle(_sound(sections.feedback), base),
        listen=_sound(sections.operation).listen,
        notify=settle([_sound(each) for each in sections.notify], senders(sections)),
        checks={rule: None if grade == "off" else Severity(grade) for rule, grade in project.checks.items()},
        warnings=source.warnings,
        templates=absolute(base, project.templates),
    )


def absolute(base: Path, text: str) -> Path:
    """Make a path of the config absolute, without `..` in it."""
    return Path(os.path.normpath(base / text))


def database_url(url: str, base: Path) -> str:
    """Make the file of an SQLite URL absolute; other URLs stay as they are."""
    scheme, _, rest = url.partition(":///")
    if scheme != "sqlite":
        return url
    file, mark, options = rest.partition("?")
    return f"sqlite:///{absolute(base, file).as_posix()}{mark}{options}"


def _sound(section: T | None) -> T:
    """Take a section that was found without fault."""
    if section is None:
        raise AssertionError("a broken section has a finding, so it never comes here")
    return section


def _publication(section: PublicationSection) -> Publication:
    return Publication(
        name=section.name,
        url=section.url,
        language=section.language,
        timezone=section.timezone,
        address=section.address,
        links=section.links,
    )


def _or_none(length: timedelta) -> timedelta | None:
    return None if length == NEVER else length


@dataclass(frozen=True, slots=True)
class _Settled:
    """The sections, and what all parts of the Config need of them."""

    sections: Sections
    tree: Tree
    base: Path
    publication: Publication

    def articles(self) -> ArticleSettings:
        section, folder = _sound(self.sections.articles), ("articles", "folder")
        return ArticleSettings(
            folder=absolute(self.base, section.folder),
            url=section.url or f"{self.publication.url}/articles/{{slug}}",
            publish_time=section.publish_time,
            hold_if_late=_or_none(section.hold_if_late),
            aliases=section.aliases,
            settle=section.settle,
            folder_line=self.tree.name_place(folder).line if self.tree.at(folder) is not None else None,
        )

    def images(self) -> ImageSettings:
        section, web = _sound(self.sections.images), _sound(self.sections.web)
        url = section.url or f"{web.url or self.publication.url}/images"
        return ImageSettings(folder=absolute(self.base, section.folder), url=url)

    def web(self) -> WebSettings | None:
        section = _sound(self.sections.web)
        if not self.tree.data.get("web"):
            return None
        brand = brand_of(_sound(self.sections.brand), BrandSection(), self.base)
        return WebSettings(
            url=section.url,
            listen=section.listen,
            brand=brand,
            in_daemon=section.in_daemon,
            archive=self._archive(),
            sign_up=tuple(self._list(name) for name in section.sign_up),
            titles=self._titles(),
        )

    def _archive(self) -> tuple[str, ...]:
        """List the channels whose mail anybody may read, under their former names, too."""
        channels = {name: each for name, each in self.sections.channels.items() if self._is_public(name)}
        return tuple(name for own, each in channels.items() for name in (own, each and each.was) if name)

    def _is_public(self, name: str) -> bool:
        section, chosen = _sound(self.sections.channels[name]), _sound(self.sections.web).archive
        return section.kind == EMAIL and (chosen is None or name in chosen)

    def _list(self, audience: str) -> str:
        return _sound(self.sections.audiences[audience]).list_ or f"@{audience}"

    def _titles(self) -> Mapping[str, str]:
        """Name what readers get for each list as its first email channel does; two that share a name bear the
        audience's as well.
        """
        channels = [_sound(each) for each in self.sections.channels.values()]
        named = {
            each.audience: each.name or self.publication.name
            for each in reversed(channels)
            if each.kind == EMAIL and each.audience is not None
        }
        shared = {title for title, number in Counter(named.values()).items() if number > 1}
        return {
            self._list(audience): f"{title}: {audience}" if title in shared else title
            for audience, title in named.items()
        }

    def channel(self, name: str, section: ChannelSection) -> Channel:
        """Settle a channel; what it does not say is taken from the project."""
        transport = _sound(self.sections.transports[section.transport])
        late = (
            _sound(self.sections.articles).hold_if_late
            if section.hold_if_late is None
            else section.hold_if_late
        )
        on_uncertain = section.on_uncertain or ("retry" if section.kind == EMAIL else "hold")
        return Channel(
            name=name,
            kind=section.kind,
            publication=self._channel_publication(section),
            brand=brand_of(_sound(self.sections.brand), section.brand, self.base),
            variants=self._variants(name, section),
            transport=transport.name,
            transport_kind=transport.kind,
            rehearsal=transports.find(transport.kind).rehearsal,
            ignore_before=self._moment(section.ignore_before),
            hold_if_late=_or_none(late),
            only=section.only,
            was=section.was,
            approval=section.approval == "required",
            hold_when_uncertain=on_uncertain == "hold",
            audience=self.audience(section.audience) if section.audience is not None else None,
            sender=self._sender(name, section),
            unsubscribe=self._unsubscribe(section),
            hashtags=tuple(section.hashtags),
            link=LinkMode(section.link),
            web_view=_sound(self.sections.web).url if self._is_public(name) else None,
            file=self.tree.file,
            lines=self._lines(name),
        )

    def _channel_publication(self, section: ChannelSection) -> Publication:
        common = self.publication
        return Publication(
            name=section.name or common.name,
            url=common.url,
            language=section.language or common.language,
            timezone=common.timezone,
            address=common.address if section.address is None else section.address,
            links={**common.links, **section.links},
        )

    def _variants(self, name: str, section: ChannelSection) -> tuple[VariantPlan, ...]:
        variants = section.variants or [Variant(default_variant(section.kind))]
        return tuple(
            VariantPlan(
                name=variant.name,
                after=variant.after,
                line=self.tree.value_place(("channels", name, "variants", item)).line
                if section.variants
                else None,
            )
            for item, variant in enumerate(variants)
        )

    def _moment(self, given: date | datetime | None) -> datetime | None:
        """Read a date as its first moment, in the publication's zone where it names none."""
        if given is None:
            return None
        at = given if isinstance(given, datetime) else datetime.combine(given, time())
        return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(self.publication.timezone))

    def audience(self, name: str) -> Audience:
        section: AudienceSection = _sound(self.sections.audiences[name])
        return Audience(
            name=name,
            file=absolute(self.base, section.file) if section.file else None,
            shown=section.file or "",
            list=section.list_,
            only=section.only,
            max=section.max,
            line=self.tree.name_place(("audiences", name)).line,
            only_line=self.tree.name_place(("audiences", name, "only")).line if section.only else None,
        )

    def _sender(self, name: str, section: ChannelSection) -> Sender | None:
        if section.from_ is None:
            return None
        domain = parse_mailbox(section.from_).address.domain
        return Sender(
            from_=section.from_,
            list_id=section.list_id or f"{re.sub('_', '-', name.lower())}.{domain}",
            list_name=section.name or self.publication.name,
            reply_to=section.reply_to,
            return_path=section.return_path,
            sender=section.sender,
        )

    def _unsubscribe(self, section: ChannelSection) -> Unsubscribe | None:
        way = section.unsubscribe
        if way is None:
            return None
        web = _sound(self.sections.web).url if way.web else None
        return Unsubscribe(web=web, url=way.url, mailto=way.mailto)

    def _lines(self, name: str) -> Mapping[str, int]:
        """Note the line of each setting that was given, of the channel, and of what it inherits."""
        path = ("channels", name)
        given = [setting for setting, value in self.tree.group(*path).items() if value is not None]
        lines = {setting: self.tree.name_place((*path, setting)).line for setting in given}
        inherited = ("articles", "hold_if_late")
        if "hold_if_late" not in lines and self.tree.at(inherited) is not None:
            lines["articles.hold_if_late"] = self.tree.name_place(inherited).line
        return {"channel": self.tree.name_place(path).line, **lines}
