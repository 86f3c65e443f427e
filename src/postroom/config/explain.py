"""What pydantic found wrong, in an editor's words; its own never come through for a known fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from postroom.config.problem import Problem, SettingPath
from postroom.config.words import Wrong, WrongType, described, listed, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = type[BaseModel]

_NOT_BUILT: Final = {
    "digest": "digests are not built yet: each article goes out as a mail of its own; remove this setting",
}
_KINDS: Final = (
    (("string", "path", "bytes", "url"), "text"),
    (("int",), "a whole number"),
    (("float", "decimal"), "a number"),
    (("bool",), "`true` or `false`"),
    (("list", "tuple", "set", "frozen_set"), "a list"),
    (("dict", "mapping", "model", "model_attributes"), "a group of settings"),
)
_TYPES: Final = {
    f"{name}_{end}": words
    for names, words in _KINDS
    for name in names
    for end in ("type", "parsing", "from_float")
}
_LIMITS: Final = {
    "greater_than_equal": "expected at least {ge}",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected at most {le}",
    "less_than": "expected less than {lt}",
}
_EMPTY: Final = {"too_short", "string_too_short"}


def explain(error: ErrorDetails, model: Model, path: SettingPath, *, is_named: bool = False) -> Problem:
    """Turn one error about settings of `model` at `path` into a problem.

    `is_named`: the file names the setting, though without a value.
    """
    loc = tuple(step for step in error["loc"] if step != "[key]")
    full = (*path, *loc)
    match error["type"]:
        case "missing":
            return _missing(full, _field(model, loc), is_named=is_named)
        case "extra_forbidden":
            return unknown(full, _annotation(model, loc[:-1]))
        case "value_error" | "assertion_error":
            return _wrong_value(error, full, shows=not _is_secret(model, loc))
        case kind:
            rule = "config-wrong-type" if kind in _TYPES else "config-wrong-value"
            return Problem(rule=rule, path=full, message=_wrong(error, model, loc))


def unknown(path: SettingPath, model: object) -> Problem:
    """Tell of a setting that a group does not have, and which it may have meant."""
    name = str(path[-1])
    if name in _NOT_BUILT:
        return Problem(rule="config-not-built", path=path, message=_NOT_BUILT[name], at_name=True)
    known = _names(model)
    hint = nearest(name, known) or (f"; there are {listed(sorted(known), 'and')}" if known else "")
    return Problem(rule="config-unknown-setting", path=path, message=f"no such setting{hint}", at_name=True)


def _missing(path: SettingPath, field: Any, *, is_named: bool) -> Problem:  # Any: FieldInfo or None
    name, examples = path[-1], (field.examples or field.json_schema_extra or ()) if field else ()
    example = f"; for example `{name}: {examples[0]}`" if isinstance(examples, list) and examples else ""
    message = ("has no value" if is_named else "is missing") + example
    return Problem(rule="config-missing", path=path, message=message, at_name=True)


def _wrong_value(error: ErrorDetails, path: SettingPath, *, shows: bool) -> Problem:
    cause = error["ctx"]["error"]
    if not isinstance(cause, Wrong):
        found = f"; found {described(error['input'])}" if shows else ""
        return Problem(rule="config-wrong-value", path=path, message=f"{cause}{found}")
    rule = "config-wrong-type" if isinstance(cause, WrongType) else "config-wrong-value"
    return Problem(rule=rule, path=(*path, *cause.at), message=str(cause), offset=cause.offset)


def _wrong(error: ErrorDetails, model: Model, loc: SettingPath) -> str:
    kind, given = error["type"], error["input"]
    found = "another kind of value" if _is_secret(model, loc) else described(given)
    if kind in _EMPTY:
        return "expected at least one, found none"
    if kind == "literal_error":
        choices = [str(each) for each in _choices(_annotation(model, loc))]
        return f"expected {listed(choices)}, found {found}{nearest(str(given), choices)}"
    if kind in _TYPES:
        braces = (
            '; text that begins with { needs "quotes"'
            if "text" in _TYPES[kind] and isinstance(given, dict)
            else ""
        )
        return f"expected {_TYPES[kind]}, found {found}{braces}{_secret_cure(model, loc)}"
    if kind in _LIMITS:
        return f"{_LIMITS[kind].format(**error['ctx'])}, found {found}"
    return f"{re.sub('^Input should (be|have)', 'expected', error['msg'])}, found {found}"


def _secret_cure(model: Model, loc: SettingPath) -> str:
    """Say how to write a secret: what was found is not shown."""
    if not _is_secret(model, loc):
        return ""
    return f'; write "${{{str(loc[-1]).upper()}}}" and set that variable, or put it in "quotes"'


def _field(model: Model, loc: SettingPath) -> object:
    owner = _model(_annotation(model, loc[:-1]))
    return _fields(owner).get(str(loc[-1])) if owner and loc else None


def _is_secret(model: Model, loc: SettingPath) -> bool:
    return "Secret" in str(_annotation(model, loc)) or SecretStr in _parts(_annotation(model, loc))


def _annotation(annotation: object, loc: SettingPath) -> object:
    """Follow a path through models, dicts and lists to the type of what stands there."""
    for step in loc:
        owner = _model(annotation)
        if owner:
            field: Any = _fields(owner).get(str(step))  # Any: FieldInfo or None
            annotation = field.annotation if field else None
        else:
            inner = [
                get_args(part)[-1] for part in _parts(annotation) if get_origin(part) in {dict, list, Mapping}
            ]
            annotation = inner[0] if inner else None
    return annotation


def _model(annotation: object) -> Model | None:
    models = (part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, BaseModel))
    return next(models, None)


def _parts(annotation: object) -> list[object]:
    """Take `X | None` and `Annotated[X, …]` apart."""
    if get_origin(annotation) in {Union, UnionType}:
        return [part for each in get_args(annotation) if each is not NoneType for part in _parts(each)]
    if hasattr(annotation, "__metadata__"):
        return _parts(get_args(annotation)[0])
    return [annotation]


def _choices(annotation: object) -> list[object]:
    return [each for part in _parts(annotation) if get_origin(part) is Literal for each in get_args(part)]


def _fields(model: Model) -> dict[str, object]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _names(annotation: object) -> list[str]:
    owner = _model(annotation)
    return [*_fields(owner)] if owner else []
