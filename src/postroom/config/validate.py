"""Checks each section of config.yaml by itself, so that a fault in one hides none in another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from postroom import transports
from postroom.config.audience import AudienceSection, WebSection
from postroom.config.config import TransportSettings
from postroom.config.explain import explain, unknown
from postroom.config.feedback import FeedbackSection
from postroom.config.fields import NAME
from postroom.config.operation import NotifySection, OperationSection
from postroom.config.problem import Problem, SettingPath
from postroom.config.sections import (
    ArticlesSection,
    BrandSection,
    ChannelSection,
    ConfigFile,
    ImagesSection,
    OutboxSection,
    ProjectSection,
    PublicationSection,
)
from postroom.config.tree import Tree, Value
from postroom.config.words import described, listed, nearest
from postroom.errors import TransportError
from postroom.model import Severity
from postroom.transports.protocol import TransportSettings as KindSettings

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What each section says; None where it is broken. A section that is not there has its defaults."""

    publication: PublicationSection | None
    brand: BrandSection | None
    articles: ArticlesSection | None
    images: ImagesSection | None
    web: WebSection | None
    outbox: OutboxSection | None
    feedback: FeedbackSection | None
    operation: OperationSection | None
    notify: Sequence[NotifySection | None]
    project: ProjectSection | None
    audiences: Mapping[str, AudienceSection | None]
    channels: Mapping[str, ChannelSection | None]
    transports: Mapping[str, TransportSettings | None]


def validate(tree: Tree, base: Path, problems: list[Problem]) -> Sections:
    """Check all sections; adds what is wrong to `problems`. Relative transport paths start at `base`."""
    check = _Check(tree, problems)
    check.top()
    return Sections(
        publication=check.section(PublicationSection, "publication")
        if tree.data.get("publication")
        else None,
        brand=check.section(BrandSection, "brand"),
        articles=check.section(ArticlesSection, "articles"),
        images=check.section(ImagesSection, "images"),
        web=check.section(WebSection, "web"),
        outbox=check.section(OutboxSection, "outbox"),
        feedback=check.section(FeedbackSection, "feedback"),
        operation=check.section(OperationSection, "operation"),
        notify=check.places(),
        project=check.project(),
        audiences={
            name: check.section(AudienceSection, "audiences", name) for name in check.names("audiences")
        },
        channels={name: check.section(ChannelSection, "channels", name) for name in check.names("channels")},
        transports={name: check.transport(name, base) for name in check.names("transports")},
    )


def senders(sections: Sections) -> dict[str, str]:
    """Name the `from` of a mail channel for each transport that has one; the first of several."""
    channels = [each for each in sections.channels.values() if each is not None and each.from_ is not None]
    return {each.transport: each.from_ for each in reversed(channels) if each.from_ is not None}


class _Check:
    """The tree under examination, and the list that problems go to."""

    def __init__(self, tree: Tree, problems: list[Problem]) -> None:
        self._tree = tree
        self._problems = problems

    def top(self) -> None:
        """Find sections that do not exist, and those that must."""
        for name in self._tree.data:
            if name not in ConfigFile.model_fields:
                self._problems.append(unknown((name,), ConfigFile))
        for name in ("publication", "channels", "transports"):
            if self._tree.data.get(name) in (None, {}):
                state = "is empty" if name in self._tree.data else "is missing"
                needs = ConfigFile.model_fields[name].description or ""
                message = f"{state}; this section tells {needs[0].lower()}{needs[1:].rstrip('.')}"
                self._add("config-missing", message, name)

    def section(self, model: type[S], *path: str) -> S | None:
        """Check one section, or one entry of a section."""
        given = self._tree.at(path)
        return self._checked(model, {} if given is None and len(path) == 1 else given, path)

    def places(self) -> list[NotifySection | None]:
        """Check each item of `notify:`."""
        given = self._tree.at(("notify",))
        if given is not None and not isinstance(given, list):
            message = f"expected a list, each item beginning with `-`, found {described(given)}"
            self._add("config-wrong-type", message, "notify")
            return []
        return [self._checked(NotifySection, each, ("notify", item)) for item, each in enumerate(given or ())]

    def project(self) -> ProjectSection | None:
        """Check the settings that stand in no section."""
        given = {
            name: value for name, value in self._tree.data.items() if name in ProjectSection.model_fields
        }
        return self._checked(ProjectSection, given, ())

    def names(self, section: str) -> list[str]:
        """List the entries of a section and check their names."""
        entries = self._tree.at((section,))
        if entries is not None and not isinstance(entries, dict):
            self._add(
                "config-wrong-type", f"expected names and their settings, found {described(entries)}", section
            )
            return []
        for name in entries or {}:
            if not re.fullmatch(NAME, name):
                message = f'"{name}" cannot be a name; expected letters, digits, - and _, at most 64 of them'
                self._add("config-bad-name", message, section, name)
        return [*(entries or {})]

    def transport(self, name: str, base: Path) -> TransportSettings | None:
        """Check one transport by the settings of its kind."""
        path = ("transports", name)
        given = self._tree.at(path)
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(kind, str) or kind not in transports.kinds():
            self._no_kind(given, kind, path)
            return None
        model = self._settings(kind, path)
        known = {name: value for name, value in given.items() if value is not None}
        settings = self._checked(model, known, path, {"base": base}) if model else None
        if settings is None:
            return None
        self._warn_of_open_secrets(settings, path)
        keys = range(len(getattr(settings, "dkim", ())))
        return TransportSettings(
            name=name,
            kind=kind,
            settings=settings,
            line=self._tree.name_place(path).line,
            key_lines=tuple(self._tree.value_place((*path, "dkim", each, "key")).line for each in keys),
        )

    def _no_kind(self, given: Value, kind: Value, path: tuple[str, ...]) -> None:
        kinds = transports.kinds()
        if not isinstance(given, dict):
            self._add("config-wrong-type", f"expected a group of settings, found {described(given)}", *path)
        elif kind is None:
            self._add("config-missing", f"is missing; expected {listed(kinds)}", *path, "kind")
        else:
            message = f"expected {listed(kinds)}, found {described(kind)}{nearest(str(kind), kinds)}"
            self._add("config-unknown-kind", message, *path, "kind")

    def _settings(self, kind: str, path: tuple[str, ...]) -> type[KindSettings] | None:
        try:
            return transports.find(kind).Settings
        except TransportError as error:
            self._add("config-unknown-kind", str(error), *path, "kind")
            return None

    def _warn_of_open_secrets(self, settings: BaseModel, path: tuple[str, ...]) -> None:
        for name, value in settings:
            text = value.get_secret_value() if isinstance(value, SecretStr) and name != "username" else ""
            if text and "${" not in text and not text.startswith("file:"):
                message = f'holds the secret itself; write "${{{name.upper()}}}" and set that variable'
                problem = Problem(
                    rule="config-open-secret", path=(*path, name), message=message, severity=Severity.WARNING
                )
                self._problems.append(problem)

    def _checked(
        self, model: type[S], given: Any, path: SettingPath, context: dict[str, Path] | None = None
    ) -> S | None:  # Any: whatever the file holds
        """Check settings against their model; what is sound of them is still good for other checks."""
        try:
            return model.model_validate(given, context=context)
        except ValidationError as error:
            errors = error.errors(include_url=False)
        for each in errors:
            is_named = (*path, *each["loc"]) in self._tree.names
            self._problems.append(explain(each, model, path, is_named=is_named))
        faulty = {each["loc"][0] for each in errors if each["loc"]}
        sound = {name: value for name, value in given.items() if name not in faulty} if faulty else None
        try:
            return model.model_validate(sound, context=context)
        except ValidationError:
            return None

    def _add(self, rule: str, message: str, *path: str) -> None:
        at_name = rule in {"config-missing", "config-bad-name"}
        self._problems.append(Problem(rule=rule, path=path, message=message, at_name=at_name))
