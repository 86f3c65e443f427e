"""Checks what one section says against another: names that must exist, and settings that need company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from postroom import transports
from postroom.articles.names import KEYS, is_known
from postroom.config import feedback, operation
from postroom.config.fields import Variant
from postroom.config.kinds import known_variants
from postroom.config.palette import LIGHT, READABLE, contrast
from postroom.config.problem import Problem
from postroom.config.rules import RULES
from postroom.config.sections import BrandSection, ChannelSection
from postroom.config.tree import Tree
from postroom.config.validate import Sections, senders
from postroom.config.words import listed, nearest
from postroom.model import EMAIL, Email, Post, Severity

FOR_MAIL: Final = ("audience", "from", "reply_to", "return_path", "sender", "list_id", "unsubscribe")
FOR_POSTS: Final = ("hashtags", "link")


def check(sections: Sections, tree: Tree, base: Path) -> list[Problem]:
    """Find what is wrong between the sections; broken ones are left out, they have their own findings."""
    templates = base / (sections.project.templates if sections.project else "templates")
    scopes = [
        _Scope(name, channel, sections, tree, templates)
        for name, channel in sections.channels.items()
        if channel is not None
    ]
    return [
        *_repeats(tree),
        *_commented(tree),
        *_contrasts(sections),
        *_aliases(sections),
        *_grades(sections),
        *_archive(sections),
        *_sign_up(sections),
        *operation.check(sections.notify, sections.transports, senders(sections)),
        *feedback.check(sections.feedback, sections.web),
        *(problem for scope in scopes for look in _CHANNEL_CHECKS for problem in look(scope)),
    ]


@dataclass(frozen=True, slots=True)
class _Scope:
    """One channel and all that it may refer to."""

    name: str
    channel: ChannelSection
    sections: Sections
    tree: Tree
    templates: Path

    @property
    def is_email(self) -> bool:
        return self.channel.kind == EMAIL

    @property
    def reaches_people(self) -> bool:
        """Whether its transport is known to be no rehearsal."""
        transport = self.sections.transports.get(self.channel.transport)
        return transport is not None and not transports.find(transport.kind).rehearsal

    def wrong(
        self, setting: str, message: str, rule: str = "config-wrong-value", item: int | None = None
    ) -> Problem:
        path = ("channels", self.name, setting) if item is None else ("channels", self.name, setting, item)
        return Problem(rule=rule, path=path, message=message)

    def missing(self, setting: str, message: str) -> Iterator[Problem]:
        """Ask for a setting, unless it was given and is broken: then it has a finding."""
        path = ("channels", self.name, setting)
        if self.tree.at(path) is None:
            yield Problem(rule="config-missing", path=path, message=f"is missing; {message}", at_name=True)

    def warning(self, path: tuple[str, ...], message: str, rule: str) -> Problem:
        return Problem(rule=rule, path=path, message=message, at_name=True, severity=Severity.WARNING)


def _repeats(tree: Tree) -> Iterator[Problem]:
    for path, place, first in tree.repeats:
        message = f"is set twice, first in line {first}; keep one of them"
        yield Problem(rule="config-duplicate", path=path, message=message, place=place)


def _commented(tree: Tree) -> Iterator[Problem]:
    for path, colour in tree.commented:
        message = f'what follows # is a comment; put the colour in quotes: "{colour}"'
        yield Problem(rule="config-unquoted", path=path, message=message, at_name=True)


def _contrasts(sections: Sections) -> Iterator[Problem]:
    """Warn of colours that cannot be read on what is behind them."""
    brand = sections.brand or BrandSection()
    for name in ("accent", "text", "muted"):
        colour, surface = getattr(brand, name), brand.surface or LIGHT.surface
        if colour and contrast(colour, surface) < READABLE:
            ratio = f"contrast {contrast(colour, surface):.1f}, expected {READABLE}"
            message = f"{colour} on {surface} is hard to read: {ratio}"
            path = ("brand", name)
            yield Problem(rule="config-contrast", path=path, message=message, severity=Severity.WARNING)


def _grades(sections: Sections) -> Iterator[Problem]:
    for rule in sections.project.checks if sections.project else ():
        if rule not in RULES:
            hint = (
                nearest(rule, sorted(RULES)) or "; `postroom check` names the rule of a finding in brackets"
            )
            yield Problem(
                rule="config-unknown-rule",
                path=("checks", rule),
                message=f'no finding has the rule "{rule}"{hint}',
                at_name=True,
                severity=Severity.WARNING,
            )


def _aliases(sections: Sections) -> Iterator[Problem]:
    """Refuse further names for a front matter key that articles do not have."""
    for key in sections.articles.aliases if sections.articles else ():
        if not is_known(key):
            hint = nearest(key, KEYS) or f"; there are {listed(KEYS, 'and')}"
            path = ("articles", "aliases", key)
            message = f"articles have no such key{hint}"
            yield Problem(rule="config-unknown-name", path=path, message=message, at_name=True)


def _archive(sections: Sections) -> Iterator[Problem]:
    """Refuse to show the mail of channels that are not there, or send none."""
    for item, name in enumerate((sections.web and sections.web.archive) or ()):
        if name not in sections.channels:
            message, rule = _no_such("channel", name, [*sections.channels]), "config-unknown-name"
        elif (channel := sections.channels[name]) is not None and channel.kind != EMAIL:
            message, rule = (
                f'the channel "{name}" sends no mail that could be read there',
                "config-wrong-value",
            )
        else:
            continue
        yield Problem(rule=rule, path=("web", "archive", item), message=message)


def _sign_up(sections: Sections) -> Iterator[Problem]:
    """Refuse to open to strangers what is no list, is not there, or what nobody would be greeted from."""
    web, seen = sections.web, set[str]()
    for item, name in enumerate(web.sign_up if web else ()):
        if message := _closed(name, sections) or ("comes twice; keep one of them" if name in seen else ""):
            rule = "config-unknown-name" if name not in sections.audiences else "config-wrong-value"
            yield Problem(rule=rule, path=("web", "sign_up", item), message=message)
        seen.add(name)
    if web and web.sign_up and web.url is None:
        message = (
            "the mail that asks to confirm needs the address of Postroom's own pages; add `url:` beside it"
        )
        yield Problem(rule="config-wrong-value", path=("web", "sign_up"), message=message, at_name=True)


def _closed(name: str, sections: Sections) -> str:
    """Say why nobody can ask to be in an audience; empty where they can."""
    if name not in sections.audiences:
        return _no_such("audience", name, [*sections.audiences])
    audience = sections.audiences[name]
    if audience is not None and audience.list_ is None:
        return f'"{name}" is a file, which Postroom never changes; people can join a list of the ledger: `{{list: …}}`'
    if audience is not None and audience.only is not None:
        return f'"{name}" is a part of a list, chosen by `only:`; name an audience that is the whole of it'
    served = any(each and each.kind == EMAIL and each.audience == name for each in sections.channels.values())
    broken = None in sections.channels.values()
    return (
        "" if served or broken else f'no email channel has the audience "{name}", so nobody could be greeted'
    )


def _kind(scope: _Scope) -> Iterator[Problem]:
    """Refuse settings that mean nothing for this kind of channel, and ask for those it needs."""
    others, whose = (FOR_POSTS, "posts") if scope.is_email else (FOR_MAIL, "mail")
    for setting in scope.tree.group("channels", scope.name):
        if setting in others:
            message = f"is a setting of {whose}, and this channel is of kind {scope.channel.kind}; remove it"
            yield Problem(
                rule="config-other-kind",
                path=("channels", scope.name, setting),
                message=message,
                at_name=True,
            )
    if scope.is_email and scope.channel.from_ is None:
        yield from scope.missing("from", "for example `from: The Learning Machine <news@learning.example>`")


def _audience(scope: _Scope) -> Iterator[Problem]:
    audience, known = scope.channel.audience, scope.sections.audiences
    if not scope.is_email:
        return
    if audience is None:
        yield from scope.missing("audience", "it names one of `audiences:`")
    elif audience not in known:
        yield scope.wrong("audience", _no_such("audience", audience, [*known]), "config-unknown-name")


def _transport(scope: _Scope) -> Iterator[Problem]:
    name, known = scope.channel.transport, scope.sections.transports
    if name not in known:
        yield scope.wrong("transport", _no_such("transport", name, [*known]), "config-unknown-name")
        return
    transport, what = known[name], (Email if scope.is_email else Post)
    if transport and what not in transports.find(transport.kind).accepts:
        carried = "mail" if scope.is_email else "posts"
        message = f'"{name}" is of kind {transport.kind}, which does not carry {carried}'
        yield scope.wrong("transport", message, "config-wrong-transport")


def _variants(scope: _Scope) -> Iterator[Problem]:
    known = known_variants(scope.channel.kind, scope.templates)
    seen: set[str] = set()
    for item, variant in enumerate(scope.channel.variants or ()):
        if message := _variant_fault(variant, item, scope.channel.kind, known):
            yield scope.wrong(
                "variants",
                message,
                "config-unknown-variant" if "no such" in message else "config-wrong-value",
                item,
            )
        elif variant.name in seen:
            yield scope.wrong("variants", f'"{variant.name}" comes twice; keep one of them', item=item)
        seen.add(variant.name)


def _variant_fault(variant: Variant, item: int, kind: str, known: tuple[str, ...]) -> str:
    if variant.name == "digest":
        return "digests are not built yet: each article goes out as a mail of its own; remove this variant"
    if variant.name not in known:
        hint = nearest(variant.name, known) or f"; there is {listed(known, 'and')}"
        return f'no such variant "{variant.name}" for {kind}{hint}'
    if item == 0 and variant.after is not None:
        return f"the first variant goes out at once; write `{variant.name}` alone"
    if item > 0 and variant.after is None:
        return f"expected how long after the first it comes, as in `{{{variant.name}: 2 days later}}`"
    return ""


def _was(scope: _Scope) -> Iterator[Problem]:
    was = scope.channel.was
    if was == scope.name:
        yield scope.wrong("was", "names the channel itself; remove it")
    elif was in scope.sections.channels:
        yield scope.wrong(
            "was", f'"{was}" is a channel of its own in this file; it cannot be the former name of another'
        )
    elif was is not None and was in _former_names_before(scope):
        yield scope.wrong("was", f'another channel above was "{was}", too; only one can be its successor')


def _former_names_before(scope: _Scope) -> set[str | None]:
    names = [*scope.sections.channels]
    above = (scope.sections.channels[name] for name in names[: names.index(scope.name)])
    return {channel.was for channel in above if channel}


def _unsubscribe(scope: _Scope) -> Iterator[Problem]:
    """Ask for the address of our own pages where they are the way out. Whether it works is not asked here."""
    way, web = scope.channel.unsubscribe, scope.sections.web
    if way and way.web and web and web.url is None:
        message = "`web` needs the address of Postroom's own pages; add `url:` in the section `web:`"
        yield scope.wrong("unsubscribe", message)


def _postal_address(scope: _Scope) -> Iterator[Problem]:
    publication = scope.sections.publication
    has_one = scope.channel.address or (publication and publication.address)
    if scope.is_email and scope.reaches_people and publication and not has_one:
        message = "has no `address:`; many countries ask for a postal address in each newsletter"
        yield scope.warning(("publication",), message, "config-no-address")


def _no_such(what: str, name: str, known: list[str]) -> str:
    hint = nearest(name, known) or (f"; there is {listed(known, 'and')}" if known else "")
    return f'there is no {what} "{name}"{hint}'


_CHANNEL_CHECKS: Final = (_kind, _audience, _transport, _variants, _was, _unsubscribe, _postal_address)
