"""The shipped config is sound, safe and whole; its schema fits it; no change to it can crash the reader."""

from __future__ import annotations

import copy
import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from postroom.config import load, parse, schema
from postroom.config.sections import ChannelSection, ConfigFile
from postroom.config.tree import read_tree
from postroom.errors import ConfigError
from postroom.shipped import shipped

SHIPPED = shipped("config.yaml")
TEXT = SHIPPED.read_text()
SCHEMA = Path(__file__).parents[2] / "docs" / "config.schema.json"
DATA: Any = read_tree(TEXT, SHIPPED.name).data


def test_the_shipped_config_has_no_fault_and_no_warning() -> None:
    config = load(SHIPPED)
    assert config.warnings == ()
    assert (*config.channels,) == ("newsletter", "linkedin")


def test_nothing_leaves_the_machine_until_someone_names_another_transport() -> None:
    config = load(SHIPPED)
    assert {each.kind for each in config.transports.values()} == {"folder"}
    assert all(channel.rehearsal for channel in config.channels.values())


def test_the_shipped_config_is_short_and_names_its_schema() -> None:
    lines = TEXT.splitlines()
    assert lines[0] == "# yaml-language-server: $schema=docs/config.schema.json"
    assert len(lines) <= 130
    assert max(map(len, lines)) <= 120


def test_every_setting_is_shown() -> None:
    for model in (ConfigFile, ChannelSection):
        for name, field in model.model_fields.items():
            assert re.search(rf"\b{field.alias or name}\b", TEXT), name


COMMENTED = [
    number for number, line in enumerate(TEXT.splitlines()) if re.match(r" +# \w+: (?!\s*#)\S", line)
]


@pytest.mark.parametrize("number", COMMENTED)
def test_a_setting_that_is_switched_off_may_be_switched_on(number: int) -> None:
    lines = TEXT.splitlines()
    lines[number] = re.sub(r"^( +)# ", r"\1", lines[number])
    assert parse("\n".join(lines), SHIPPED).warnings == ()


def test_the_real_mail_transport_may_be_switched_on() -> None:
    folder = re.search(r"  mail:\n    kind: folder.*\n    path: out/mail\n", TEXT)
    assert folder
    block = TEXT.split("  # mail: ")[1].split("  company-page:")[0]
    live = "  mail: " + block.replace("\n  # ", "\n  ")
    text = TEXT.replace(folder[0], "").replace("  # mail: " + block, live)
    config = parse(text, SHIPPED)
    assert (config.transports["mail"].kind, config.channels["newsletter"].rehearsal) == ("smtp", False)
    assert {"domain_rate", "domains", "dkim"} <= config.transports["mail"].settings.model_fields_set
    jsonschema.validate(YAML(typ="safe").load(text.replace("2025-01-01", '"2025-01-01"')), schema())


def test_the_checks_may_be_switched_on() -> None:
    assert parse(TEXT.replace("\n# checks", "\nchecks").replace("#   image", "  image"), SHIPPED).checks


def test_the_schema_beside_the_manual_is_the_one_of_the_code() -> None:
    # After a change of settings: postroom schema > docs/config.schema.json
    assert json.loads(SCHEMA.read_text()) == schema()


def test_the_shipped_config_fits_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(DATA, schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["channels"]["linkedin"].update(varaints=["hook"]),
        lambda data: data["channels"]["linkedin"].update(kind="linkedn"),
        lambda data: data["transports"]["mail"].update(kind="foldr"),
        lambda data: data["transports"]["mail"].pop("path"),
        lambda data: data["brand"].update(accent="blue"),
        lambda data: data.pop("publication"),
        lambda data: data["channels"].update({"two words": data["channels"]["linkedin"]}),
    ],
)
def test_an_editor_is_warned_while_typing(change: Any) -> None:
    data = copy.deepcopy(DATA)
    change(data)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema(), jsonschema.Draft202012Validator)


def test_each_setting_is_described() -> None:
    definitions = schema()["$defs"]
    for name in definitions:
        if name.endswith("Section"):
            for setting, shape in definitions[name].get("properties", {}).items():
                assert shape.get("description") or "$ref" in shape, (name, setting)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(each for step, inner in steps for each in places(inner, (*path, step)))]


PLACES = places(DATA)[1:]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(["drop", "rename", "put"]), values), max_size=4
    )
)
def test_any_change_gives_a_config_or_findings_with_lines(changes: list[tuple[Any, str, Any]]) -> None:
    data = copy.deepcopy(DATA)
    for path, action, value in changes:
        mutate(data, path, action, value)
    check(dumped(data))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 8), st.text(max_size=4))
def test_any_slip_of_the_keyboard_gives_a_config_or_findings_with_lines(
    at: int, cut: int, typed: str
) -> None:
    check(TEXT[:at] + typed + TEXT[at + cut :])


def mutate(data: Any, path: tuple[Any, ...], action: str, value: Any) -> None:
    for step in path[:-1]:
        data = data[step] if isinstance(data, dict | list) and step in (*keys(data),) else None
    if data is None or path[-1] not in (*keys(data),):
        return
    if action == "put":
        data[path[-1]] = value
    elif action == "rename" and isinstance(data, dict):
        data[str(path[-1])[::-1]] = data.pop(path[-1])
    else:
        del data[path[-1]]


def keys(data: Any) -> Any:
    return data.keys() if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()


def dumped(data: Any) -> str:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(data, stream)
    return stream.getvalue()


def check(text: str) -> None:
    try:
        config = parse(text, SHIPPED)
    except ConfigError as error:
        findings = error.findings
        assert findings
    else:
        findings = config.warnings
    assert all((each.line or 0) >= 1 and (each.column or 0) >= 1 for each in findings)
    assert all(each.message and "Input should" not in each.message for each in findings)
