"""A place in config.yaml for findings to point to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from postroom.deliverability.place import Place
from postroom.model import Finding


@pytest.fixture
def place() -> Place:
    """Where a channel names its sender."""
    return Place(file="config.yaml", setting="channels.newsletter.from", line=7)


@pytest.fixture
def rules() -> Callable[[Iterable[Finding]], list[str]]:
    """Name what was found: `rule severity`."""

    def name(findings: Iterable[Finding]) -> list[str]:
        return [f"{each.rule} {each.severity}" for each in findings]

    return name
