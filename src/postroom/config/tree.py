"""Reads YAML 1.2 into plain values and remembers where each one stands.

Only the parser of ruamel.yaml is used, event by event: what a scalar means is decided here, by the
core schema of YAML 1.2.2 §10.3.2, so `on`, `no` and `10:30` are text. No tag makes an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

from postroom.config.syntax import explain
from postroom.errors import ConfigError
from postroom.model import Finding, Severity

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Path: TypeAlias = tuple[str | int, ...]

MAX_VALUES = 10_000
"""Values after aliases are followed: thousands of channels fit, a "billion laughs" does not."""
MAX_DEPTH = 30
"""Levels of settings: the deepest known setting stands on the fifth."""

_TOO_DEEP = f"more than {MAX_DEPTH} levels inside each other"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_COMMENTED = re.compile(r"[^:]*:\s*(#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3}))\b")
"""A name whose value is a colour without quotes: to YAML it is a comment."""
_CONSTANTS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: value
    for word, value in (("true", True), ("false", False))
    for spelling in (word, word.title(), word.upper())
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of a file and the places of their names and of themselves, by path.

    `texts` says of one-line texts how far after their place they begin: 1 after a quote, else 0.
    `repeats` are names set twice: (path, line of the first). `commented` are paths whose value was
    meant, but begins with a `#` and so became a comment.
    """

    file: str
    data: dict[str, Value]
    names: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    texts: dict[Path, int] = field(default_factory=dict)
    repeats: list[tuple[Path, Place, int]] = field(default_factory=list)
    commented: list[tuple[Path, str]] = field(default_factory=list)

    def name_place(self, path: Path) -> Place:
        """Find where a setting's name stands, or the nearest group around it that is there."""
        while path and path not in self.names:
            path = path[:-1]
        return self.names.get(path) or self.values[()]

    def value_place(self, path: Path, offset: int | None = None) -> Place:
        """Find where a setting's value stands, else its name or the group around it.

        `offset` counts characters into a text; it is left out of account where lines are folded.
        """
        place = self.values.get(path) or self.name_place(path)
        if offset is None or path not in self.texts:
            return place
        return Place(place.line, place.column + self.texts[path] + offset)

    def at(self, path: Path) -> Value:
        """Get the value at a path; None when there is nothing."""
        found: Value = self.data
        for step in path:
            if isinstance(found, dict):
                found = found.get(str(step))
            elif isinstance(found, list) and isinstance(step, int):
                found = found[step]
            else:
                return None
        return found

    def group(self, *path: str) -> dict[str, Value]:
        """Get the settings at a path; none when there is no group."""
        found = self.at(path)
        return found if isinstance(found, dict) else {}


def read_tree(text: str, file: str) -> Tree:
    """Read a whole file. Raises ConfigError with one finding where it is no YAML, empty, or no settings."""
    try:
        return _Builder(text, file).build()
    except YAMLError as error:
        message, line, column = explain(error, text)
        raise _unusable(file, "config-yaml", message, Place(line, column)) from error


def _unusable(file: str, rule: str, message: str, place: Place) -> ConfigError:
    found = Finding(
        rule=rule, severity=Severity.ERROR, file=file, message=message, line=place.line, column=place.column
    )
    return ConfigError([found])


@dataclass(slots=True)
class _Node:
    """A value and all that stands in it, aliases followed: `size` counts them, `height` their levels."""

    place: Place
    value: Value = None
    items: list[_Node] = field(default_factory=list)
    entries: dict[str, tuple[Place, _Node]] = field(default_factory=dict)
    repeats: list[tuple[str, Place]] = field(default_factory=list)
    commented: dict[str, str] = field(default_factory=dict)
    begins: int | None = None
    size: int = 1
    height: int = 0

    def hold(self, inner: _Node) -> _Node:
        """Count a value that stands in this one."""
        self.size += inner.size
        self.height = max(self.height, inner.height + 1)
        return inner


class _Builder:
    """Builds the nodes from the parser's events, then the tree from the nodes."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file
        self._events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))
        self._anchors: dict[str, _Node] = {}

    def build(self) -> Tree:
        roots = [self._node(event, 0) for event in self._events if _begins_value(event)]
        if not roots or (roots[0].size == 1 and roots[0].value is None):
            self._stop("is empty; `postroom init` in a new folder writes one to start from", Place(1, 1))
        if len(roots) > 1:
            self._stop("holds a second document; remove the line `---` and what repeats", roots[1].place)
        if not isinstance(roots[0].value, dict):
            self._stop("expected settings such as `publication:`, found something else", roots[0].place)
        tree = Tree(self._file, {})
        tree.data.update(_expand(roots[0], (), tree))  # type: ignore[arg-type]  # a mapping, as checked above
        return tree

    def _stop(self, message: str, place: Place) -> NoReturn:
        raise _unusable(self._file, "config-yaml", message, place)

    def _node(self, event: Event, depth: int) -> _Node:
        place = _place(event)
        if isinstance(event, AliasEvent):
            return self._alias(event, place)
        if depth > MAX_DEPTH:
            self._stop(_TOO_DEEP, place)
        node = self._plain_node(event, place, depth)
        if node.height > MAX_DEPTH:
            self._stop(_TOO_DEEP, place)
        if node.size > MAX_VALUES:
            self._stop(f"stands for more than {MAX_VALUES} values; write fewer `*aliases`", place)
        if anchor := getattr(event, "anchor", None):
            self._anchors[anchor] = node
        return node

    def _plain_node(self, event: Any, place: Place, depth: int) -> _Node:  # Any: the events share no base
        tag = event.tag
        if tag not in {None, "!", "tag:yaml.org,2002:str"}:
            self._stop(f"the tag {tag} means nothing here; remove it", place)
        if isinstance(event, MappingStartEvent):
            return self._mapping(place, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(place, depth)
        plain = event.implicit[0] and not event.style
        value = resolve(event.value) if plain and tag is None else event.value
        return _Node(place, value, begins=self._begins(event.value, place))

    def _begins(self, text: str, place: Place) -> int | None:
        """Say how far after its place a text begins in its line; None where it is not there as it reads."""
        written = self._rest(place)
        return next((start for start in (0, 1) if written.startswith(text, start)), None)

    def _alias(self, event: AliasEvent, place: Place) -> _Node:
        if event.anchor not in self._anchors:
            self._stop(
                f"nothing before this line is named &{event.anchor}; quote text that begins with *", place
            )
        return self._anchors[event.anchor]

    def _sequence(self, place: Place, depth: int) -> _Node:
        node = _Node(place, [])
        while _begins_value(event := next(self._events)):
            node.items.append(node.hold(self._node(event, depth + 1)))
        return node

    def _mapping(self, place: Place, depth: int) -> _Node:
        node = _Node(place, {})
        while _begins_value(event := next(self._events)):
            if not isinstance(event, ScalarEvent):
                self._stop('expected a name; text with { }, [ ], * needs "quotes"', _place(event))
            name_place, entry = _place(event), node.hold(self._node(next(self._events), depth + 1))
            if event.value in node.entries:
                node.repeats.append((event.value, name_place))
            if entry.value is None and (colour := _COMMENTED.match(self._rest(name_place))):
                node.commented[event.value] = colour[1]
            node.entries.setdefault(event.value, (name_place, entry))
        return node

    def _rest(self, place: Place) -> str:
        """Get what follows a place in its line."""
        return self._lines[place.line - 1][place.column - 1 :] if place.line <= len(self._lines) else ""


def resolve(text: str) -> str | int | float | bool | None:
    """Say what an unquoted scalar means in YAML 1.2. A number too long to be one stays text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _begins_value(event: Event) -> bool:
    return isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent)


def _place(event: Event) -> Place:
    mark: Any = event.start_mark  # Any: typed as optional, and set on every event of the parser
    return Place(mark.line + 1, mark.column + 1)


def _expand(node: _Node, path: Path, tree: Tree) -> Value:
    """Write the node's values as plain data and note the places."""
    if node.value is not None:
        tree.values[path] = node.place
    if node.begins is not None:
        tree.texts[path] = node.begins
    tree.commented.extend(((*path, name), colour) for name, colour in node.commented.items())
    for name, place in node.repeats:
        tree.repeats.append(((*path, name), place, node.entries[name][0].line))
    for name, (place, _) in node.entries.items():
        tree.names[*path, name] = place
    if isinstance(node.value, dict):
        return {name: _expand(each, (*path, name), tree) for name, (_, each) in node.entries.items()}
    if isinstance(node.value, list):
        return [_expand(each, (*path, index), tree) for index, each in enumerate(node.items)]
    return node.value
