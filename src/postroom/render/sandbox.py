"""The Jinja2 environment of templates: sandboxed, strict about names, and unable to run for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from pathlib import PurePath
from typing import Any  # templates handle values of any type

from jinja2 import BaseLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

MAX_STEPS = 200_000
"""Rounds of loops, calls and includes in one rendering. The shipped templates take fewer than 1,000."""

MAX_PRODUCT = 1_000_000
"""The longest text or list that `*` may make, and the largest number that `**` may."""

_steps: ContextVar[list[int] | None] = ContextVar("steps", default=None)


class EndlessTemplateError(Exception):
    """A template took more steps than any real one needs."""


@contextmanager
def counted_steps() -> Iterator[None]:
    """Give the rendering inside a fresh allowance of steps."""
    token = _steps.set([MAX_STEPS])
    try:
        yield
    finally:
        _steps.reset(token)


def _step() -> None:
    left = _steps.get()
    if left is None:
        return
    left[0] -= 1
    if left[0] < 0:
        raise EndlessTemplateError


class _CountingGenerator(CodeGenerator):
    """Compiles every loop so that its rounds count."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        counted = nodes.EnvironmentAttribute("counted")
        node.iter = nodes.Call(counted, [node.iter], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)


class _NamedUndefined(StrictUndefined):
    """Says which names there are instead, when a template asks a value for one it does not have."""

    @property
    def _undefined_message(self) -> str:
        message = str(super()._undefined_message)
        owner = self._undefined_obj
        if self._undefined_hint or owner is missing or not isinstance(self._undefined_name, str):
            return message
        known = (
            list(owner) if isinstance(owner, Mapping) else [n for n in dir(owner) if not n.startswith("_")]
        )
        return f"there is no {self._undefined_name!r} here{suggestion(self._undefined_name, known)}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Tell the nearest valid name as the end of a sentence, or nothing."""
    close = get_close_matches(name, [str(each) for each in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates read values and make text. They reach no file, no private attribute and no code."""

    code_generator_class = _CountingGenerator
    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, loader: BaseLoader, autoescape: Callable[[str | None], bool]) -> None:
        super().__init__(
            loader=loader,
            autoescape=autoescape,
            undefined=_NamedUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    @staticmethod
    def counted(values: Iterable[Any]) -> Iterator[Any]:
        """Pass the values of a loop on, counting its rounds."""
        for value in values:
            _step()
            yield value

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse private attributes, and a path's methods: they open files."""
        if isinstance(obj, PurePath):
            return attr in ("name", "stem", "suffix")
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call, and count."""
        _step()
        return super().call(context, obj, *args, **kwargs)

    def join_path(self, template: str, parent: str) -> str:
        """Find an include by its full name, and count it."""
        _step()
        return super().join_path(template, parent)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse products that would fill the memory."""
        if operator == "**" and not _is_small_power(left, right):
            raise SecurityError("this power is too large")
        if operator == "*" and _length(left) * _length(right) > MAX_PRODUCT:
            raise SecurityError("this product is too long")
        return super().call_binop(context, operator, left, right)


def _is_small_power(left: Any, right: Any) -> bool:
    return (
        isinstance(left, int | float)
        and isinstance(right, int | float)
        and abs(left) < 1e6
        and abs(right) <= 4
    )


def _length(value: Any) -> float:
    """Measure a factor: how often a number repeats, how long a sequence is."""
    if isinstance(value, int | float):
        return abs(value) if isinstance(value, int) else 1
    return len(value) if hasattr(value, "__len__") else 1
