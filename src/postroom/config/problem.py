"""A fault in config.yaml before its place is known, and the list of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from postroom.config.tree import Tree
from postroom.model import Finding, Severity

SettingPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault of the setting at `path`.

    `message` goes on where the path ends. `at_name`: the setting's name is at fault rather than its
    value. `offset` is how many characters into the value the fault lies.
    """

    rule: str
    path: SettingPath
    message: str
    at_name: bool = False
    offset: int = 0
    severity: Severity = Severity.ERROR


def finding(problem: Problem, tree: Tree) -> Finding:
    """Give a problem its place in the file."""
    place = (
        tree.name_place(problem.path) if problem.at_name else tree.value_place(problem.path, problem.offset)
    )
    return Finding(
        rule=problem.rule,
        severity=problem.severity,
        file=tree.file,
        message=f"{shown(problem.path)}: {problem.message}" if problem.path else problem.message,
        line=place.line,
        column=place.column,
    )


def in_file_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by place, and leave out repeats."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.line or 0, each.column or 0)))


def shown(path: SettingPath) -> str:
    """Write a path as an editor reads it: `channels.linkedin.variants, item 2`."""
    text = ""
    for step in path:
        text += f", item {step + 1}" if isinstance(step, int) else f".{step}" if text else step
    return text
