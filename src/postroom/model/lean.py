"""Nouns of which one is made for every message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def lean(cls: type[T]) -> type[T]:
    """Make a slotted, keyword-only dataclass that only the type checker keeps from being changed.

    One that Python itself keeps frozen takes four times as long to make: every field is set by a call.
    """
    return dataclass(slots=True, kw_only=True)(cls)
