"""A new project says what is true of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.cli import main
from postroom.cli.init import _CHANGES
from postroom.shipped import shipped


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path / "letters")]) == 0
    return tmp_path / "letters"


@pytest.mark.parametrize(("old", "new"), _CHANGES)
def test_each_difference_to_the_shipped_config_applies(begun: Path, old: str, new: str) -> None:
    assert old in shipped("config.yaml").read_text(encoding="utf-8")
    assert new in (begun / "config.yaml").read_text(encoding="utf-8")


def test_the_comment_beside_a_setting_offers_another_value_than_its_own(begun: Path) -> None:
    (line,) = [
        each
        for each in (begun / "config.yaml").read_text(encoding="utf-8").splitlines()
        if each.startswith("  hold_if_late:")
    ]
    value, _, comment = line.partition("#")
    assert value.split() == ["hold_if_late:", "3", "days"]
    assert comment.strip() == "or never; what is later than that waits for a person"


def test_git_keeps_none_of_its_addresses_and_secrets(begun: Path) -> None:
    ignored = (begun / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"postroom.db*", "backups/", "out/", "subscribers.csv", "keys/", "secrets/"} <= {*ignored}


def test_a_new_project_has_nothing_to_complain_about(begun: Path) -> None:
    assert main(["--config", str(begun / "config.yaml"), "check"]) == 0
