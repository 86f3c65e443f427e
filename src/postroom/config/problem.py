"""A fault in config.yaml before its place is known, and the list of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from postroom.config.tree import Place, Tree
from postroom.model import Finding, Severity

SettingPath: TypeAlias = tuple[str | int, ...]

BROKEN_REFERENCE = "config-unknown-reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault of the setting at `path`.

    `message` goes on where the path ends. `at_name`: the setting's name is at fault rather than its
    value. `offset` is how many characters into its text the fault lies. `place` overrides both.
    """

    rule: str
    path: SettingPath
    message: str
    at_name: bool = False
    offset: int | None = None
    place: Place | None = None
    severity: Severity = Severity.ERROR


def finding(problem: Problem, tree: Tree) -> Finding:
    """Give a problem its place in the file."""
    path = problem.path
    at_name, at_value = tree.name_place(path), tree.value_place(path, problem.offset)
    place = problem.place or (at_name if problem.at_name else at_value)
    return Finding(
        rule=problem.rule,
        severity=problem.severity,
        file=tree.file,
        message=f"{shown(path)}: {problem.message}" if path else problem.message,
        line=place.line,
        column=place.column,
    )


def findings_of(problems: Iterable[Problem], tree: Tree) -> tuple[Finding, ...]:
    """Give all problems their places, in file order. A text with a broken reference has no other fault."""
    problems = tuple(problems)
    unsettled = {each.path for each in problems if each.rule == BROKEN_REFERENCE}
    findings = (
        finding(each, tree)
        for each in problems
        if each.rule == BROKEN_REFERENCE or each.path not in unsettled
    )
    return tuple(sorted(dict.fromkeys(findings), key=lambda each: (each.line or 0, each.column or 0)))


def shown(path: SettingPath) -> str:
    """Write a path as an editor reads it: `channels.linkedin.variants, item 2`."""
    text = ""
    for step in path:
        text += f", item {step + 1}" if isinstance(step, int) else f".{step}" if text else step
    return text
