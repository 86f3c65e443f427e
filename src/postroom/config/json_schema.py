"""Describes config.yaml as JSON Schema, with the settings of every installed kind of transport."""

from __future__ import annotations

from typing import Any

from postroom import transports
from postroom.config.sections import ConfigFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]  # Any: a JSON document


def json_schema() -> Json:
    """Make the schema (draft 2020-12)."""
    schema = ConfigFile.model_json_schema(by_alias=True, mode="validation")
    definitions: Json = schema.pop("$defs")
    definitions["TransportSection"] = _transport_schema(definitions)
    return {
        "$schema": DIALECT,
        "title": "config.yaml of Postroom",
        **_tidied({key: value for key, value in schema.items() if key != "title"}),
        "$defs": dict(sorted((name, _tidied(each)) for name, each in definitions.items())),
    }


def _transport_schema(definitions: Json) -> Json:
    """Offer one shape a kind; an editor completes the settings of the kind that is named."""
    shapes = []
    for kind in transports.kinds():
        shape = transports.find(kind).Settings.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= shape.pop("$defs", {})
        shape.setdefault("properties", {})["kind"] = {"const": kind, "description": "What it is."}
        shape["required"] = sorted({"kind", *shape.get("required", ())})
        definitions[f"transport-{kind}"] = shape
        shapes.append({"$ref": f"#/$defs/transport-{kind}"})
    return {"description": "What carries messages.", "required": ["kind"], "oneOf": shapes}


def _tidied(schema: Any) -> Any:
    """Drop titles that repeat names and defaults that say nothing; refuse names that cannot be one."""
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "patternProperties" in schema else {}
    kept = {key: value for key, value in schema.items() if not _says_nothing(key, value)}
    return {key: _each(value) if key in _BY_NAME else _tidied(value) for key, value in kept.items()} | closed


_BY_NAME = {"properties", "patternProperties"}
"""Keywords whose value maps names of the editor's to schemas: those names are no keywords."""


def _each(schemas: Json) -> Json:
    return {name: _tidied(schema) for name, schema in schemas.items()}


def _says_nothing(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, {}, []))
