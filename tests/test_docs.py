"""The manual keeps up with the program: its links lead somewhere, its tables are complete, its commands are run."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml
from postgresql_server import missing

from postroom import cli, transports
from postroom.compose import Signer
from postroom.config import schema

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MANUAL = runpy.run_path(str(DOCS / "generate.py"))


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.is_relative_to(ROOT), target
        assert goal.exists(), target
        assert not anchor or anchor in anchors(goal), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == DOCS], ids=named)
def test_the_generated_parts_are_those_of_the_program(page: Path) -> None:
    # After a change of settings, commands or front matter keys: python docs/generate.py
    text = page.read_text(encoding="utf-8")
    assert MANUAL["filled"](text) == text


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=named)
def test_every_page_can_be_reached_from_the_readme(page: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    folder = page.parent.relative_to(ROOT).as_posix()
    assert f"({named(page)})" in readme or f"({folder}/)" in readme


def commands() -> list[tuple[str, click.Command]]:
    return list(MANUAL["walk"]("postroom", cli.postroom))


COMMANDS = commands()


def sections() -> dict[str, str]:
    """What commands.md says below each heading, by the command's name without its arguments."""
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    found = re.findall(r"^### ([a-z -]+)[^\n]*\n(.*?)(?=^### |\Z)", page, re.DOTALL | re.MULTILINE)
    return {name.strip(): text for name, text in found}


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_option_is_explained(name: str, command: click.Command) -> None:
    section = sections()[name]
    assert command.help
    for option in (each for each in command.params if isinstance(each, click.Option) and not each.hidden):
        assert option.help, option.name
        assert option.opts[0] in section, option.name


def test_no_command_is_explained_that_is_not_there() -> None:
    assert [*sections()] == [name for name, _ in COMMANDS]


def transport_settings() -> list[tuple[str, str]]:
    shapes = {kind: schema()["$defs"][f"transport-{kind}"] for kind in transports.kinds()}
    return [(kind, setting) for kind, shape in shapes.items() for setting in shape["properties"]]


@pytest.mark.parametrize(("kind", "setting"), transport_settings())
def test_every_setting_of_a_transport_is_explained(kind: str, setting: str) -> None:
    page = (DOCS / "config.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in page.splitlines() if row.startswith("| `")]
    assert any(f"`{setting}`" in row[1] and row[2].strip() in ("all", kind) for row in rows)


def test_every_group_of_settings_has_its_section() -> None:
    described = {*MANUAL["SECTIONS"].values(), "PaletteSection", "TransportSection", "Signing"}
    groups = {name for name in schema()["$defs"] if not name.startswith("transport-")}
    assert groups == described


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_example_of_yaml_is_yaml(page: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert list(yaml.parse(block))


def test_the_commands_that_make_a_signing_key_work_in_a_new_project(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        missing("there is no openssl")
    page = (DOCS / "operate.md").read_text(encoding="utf-8")
    (make,) = re.findall(r"^.*openssl genrsa -out keys/dkim\.pem.*$", page, re.MULTILINE)
    subprocess.run(["sh", "-c", make], cwd=tmp_path, check=True, capture_output=True)
    key = tmp_path / "keys/dkim.pem"
    assert Signer.from_pem(key.read_bytes(), selector="news2026").bits == 2048
    assert key.stat().st_mode & 0o777 == 0o600


def claimed_tests() -> list[str]:
    text = (DOCS / "guarantees.md").read_text(encoding="utf-8")
    return re.findall(r"`([\w/]+\.py(?:::\w+)?)`", text)


@pytest.mark.parametrize("claimed", claimed_tests())
def test_the_tests_that_show_a_guarantee_exist(claimed: str) -> None:
    file, _, name = claimed.partition("::")
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    wanted = name or r"test_\w+"
    assert re.search(rf"^(?:async )?def {wanted}\(", source, re.MULTILINE)


def readme_commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [block.strip() for block in blocks]


def test_the_readme_has_two_commands_of_one_line_each() -> None:
    first, second = readme_commands()
    assert "\n" not in first + second
    assert first.endswith("&& .venv/bin/postroom run --once")
    assert ".venv/bin/pytest" in second


def test_ci_runs_the_commands_of_the_readme_as_they_are_written() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_command 1" in script
    assert "readme_command 2" in script
    for command in readme_commands():
        assert command not in script, "a copy would drift; it is taken out of README.md"


def test_ci_asks_for_every_check_that_the_project_has() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for check in (
        "ruff check",
        "ruff format --check",
        "mypy --strict",
        "lint-imports",
        "POSTROOM_REQUIRE_TOOLS=1",
    ):
        assert check in script


def test_decisions_are_numbered_without_gaps_and_say_the_same_things() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in decisions] == [*range(1, len(decisions) + 1)]
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. ")
        for part in ("**Context.**", "**Decision.**", "**Rejected.**", "**Consequences.**"):
            assert part in text, page.name


def layers_of(text: str) -> list[list[str]]:
    return [[each.strip() for each in line.split("|")] for line in text.strip().splitlines()]


def test_the_layers_of_the_manual_are_those_that_are_held() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    shown = re.search(r"```\n(__main__\n.*?)```", page, re.DOTALL)
    held = re.search(
        r"^layers = \[\n(.*?)^\]",
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert shown is not None
    assert held is not None
    assert layers_of(shown[1]) == layers_of(re.sub(r'[",]', "", held[1]))


def test_every_room_of_the_program_is_on_the_map() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "postroom"
    rooms = {each.name for each in package.iterdir() if (each / "__init__.py").exists()}
    modules = {each.name for each in package.glob("[!_]*.py")}
    for room in rooms | modules:
        assert f"`{room}/" in page or f"`{room}`" in page, room
