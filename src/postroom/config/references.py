"""Fills in references to other settings: `{publication.url}/articles` takes the URL from `publication:`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from postroom.config.problem import BROKEN_REFERENCE, Problem, SettingPath
from postroom.config.tree import Tree
from postroom.config.words import nearest

_REFERENCE: Final = re.compile(r"(?<!\$)\{([A-Za-z_][\w-]*(?:\.[\w-]+)+)\}(/?)")
"""A dotted name in braces. `${NAME}` is a secret, and `{slug}` has no dot: both are left alone."""


def fill_in(tree: Tree) -> list[Problem]:
    """Replace references in the tree's texts, in place; tell those that lead nowhere.

    A reference may name a plain value only, never one with a reference in it: no circle, no growth.
    """
    texts = dict(_texts(tree.data, ()))
    known = {".".join(map(str, path)): text for path, text in texts.items() if not _REFERENCE.search(text)}
    problems: list[Problem] = []
    for path, text in texts.items():
        if found := _REFERENCE.search(text):
            problems += [
                _unknown(path, ref[1], texts, known)
                for ref in _REFERENCE.finditer(text)
                if ref[1] not in known
            ]
            _put(tree, path, _REFERENCE.sub(lambda ref: _filled(ref, known), found.string))
    return problems


def _filled(reference: re.Match[str], known: dict[str, str]) -> str:
    value, slash = known.get(reference[1]), reference[2]
    if value is None:
        return reference[0]
    return value.rstrip("/") + slash if slash else value


def _unknown(path: SettingPath, name: str, texts: dict[SettingPath, str], known: dict[str, str]) -> Problem:
    if tuple(name.split(".")) in texts:
        message = f"{{{name}}} holds a reference itself; write out what is meant"
    else:
        message = f"{{{name}}} names no setting with a text{nearest(name, known)}"
    return Problem(rule=BROKEN_REFERENCE, path=path, message=message)


def _texts(value: Any, path: SettingPath) -> Iterator[tuple[SettingPath, str]]:  # Any: values of YAML
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(each, (*path, step))


def _put(tree: Tree, path: SettingPath, text: str) -> None:
    group: Any = tree.at(path[:-1])  # Any: a dict or a list, whichever the last step leads into
    group[path[-1]] = text
