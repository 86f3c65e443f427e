"""A file of people that Git keeps is an error, whatever the repository says or does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from postroom import config
from postroom.pipeline.check import check
from postroom.pipeline.project import open_project
from postroom.pipeline.tracked import tracked_audiences

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git on this machine")

REAL = "email,name\nada@lovelace.name,Ada\n"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ed", "-c", "user.email=ed@example.org")
    path = os.environ["PATH"]  # noqa: TID251  # git itself needs one
    environment = {"PATH": path, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *who, *words], cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def repository(desk):
    """A project in a repository, with an audience of a real person that is not tracked yet."""
    desk.write("subscribers.csv", REAL)
    git(desk.folder, "init", "--quiet")
    return desk


def found(desk) -> list[str]:
    loaded = config.load(desk.folder / "config.yaml")
    return [f"{each.file}:{each.line}: {each.message}" for each in tracked_audiences(loaded)]


def test_a_tracked_audience_is_an_error_with_its_cure(repository) -> None:
    assert found(repository) == []
    git(repository.folder, "add", "subscribers.csv")
    (told,) = found(repository)
    assert told.startswith("config.yaml:5: subscribers.csv is tracked by Git")
    assert "git rm --cached subscribers.csv" in told
    assert ".gitignore" in told
    git(repository.folder, "rm", "--cached", "--quiet", "subscribers.csv")
    assert found(repository) == []


def test_check_says_so_and_can_be_told_otherwise(repository) -> None:
    git(repository.folder, "add", "subscribers.csv")

    def rules() -> dict[str, str]:
        project = open_project(config.load(repository.folder / "config.yaml"))
        return {each.rule: each.severity.value for each in check(project, repository.now).findings}

    assert rules()["audience-tracked"] == "error"
    with (repository.folder / "config.yaml").open("a") as file:
        file.write("checks: {audience-tracked: off}\n")
    assert "audience-tracked" not in rules()


@pytest.mark.parametrize(
    "rows",
    [
        "ada@example.org\nbea@mail.example.com\ncleo@x.example\nd@y.test\ne@z.invalid\n",
        "",
        "no address here\n",
    ],
)
def test_people_of_domains_that_nobody_has_may_be_tracked(repository, rows: str) -> None:
    repository.write("subscribers.csv", f"email\n{rows}")
    git(repository.folder, "add", "subscribers.csv")
    assert found(repository) == []


@pytest.mark.parametrize("real", ["ada@notexample.org", "ada@example.org.uk", "ada@example.de", "x,<a@b.io>"])
def test_one_real_address_among_them_is_enough(repository, real: str) -> None:
    repository.write("subscribers.csv", f"email\nada@example.org\n{real}\n")
    git(repository.folder, "add", "subscribers.csv")
    assert len(found(repository)) == 1


def test_a_name_with_the_signs_of_a_pattern_is_itself(desk) -> None:
    desk.write("[s]ubscribers*.csv", REAL)
    desk.configure(("file: subscribers.csv", 'file: "[s]ubscribers*.csv"'))
    git(desk.folder, "init", "--quiet")
    desk.write("subscribers.csv", REAL)
    git(desk.folder, "add", "subscribers.csv")
    assert found(desk) == []
    git(desk.folder, "add", "--", ":(literal)[s]ubscribers*.csv")
    assert len(found(desk)) == 1


def test_nothing_that_the_repository_names_is_run(repository) -> None:
    git(repository.folder, "add", "subscribers.csv")
    proof = repository.folder / "run"
    trap = repository.write("trap.sh", f"#!/bin/sh\ntouch {proof}\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "pager.ls-files", "core.sshCommand", "alias.ls-files"):
        git(repository.folder, "config", name, str(trap) if "alias" not in name else f"!{trap}")
    subprocess.run(["git", "status"], cwd=repository.folder, capture_output=True)
    assert proof.exists()  # the trap is one
    proof.unlink()
    assert len(found(repository)) == 1
    assert not proof.exists()


def test_what_a_hook_has_set_leads_nowhere_else(repository, monkeypatch, tmp_path_factory) -> None:
    git(repository.folder, "add", "subscribers.csv")
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert len(found(repository)) == 1


def test_a_link_to_a_tracked_file_is_found(desk) -> None:
    inside = desk.folder / "kept"
    inside.mkdir()
    desk.write("kept/people.csv", REAL)
    git(inside, "init", "--quiet")
    git(inside, "add", "people.csv")
    (desk.folder / "subscribers.csv").unlink()
    (desk.folder / "subscribers.csv").symlink_to("kept/people.csv")
    assert len(found(desk)) == 1


def test_without_git_or_a_repository_there_is_nothing_to_find(desk, monkeypatch, tmp_path: Path) -> None:
    desk.write("subscribers.csv", REAL)
    assert found(desk) == []
    git(desk.folder, "init", "--quiet")
    git(desk.folder, "add", "subscribers.csv")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert found(desk) == []


def test_a_file_that_is_not_there_is_for_others_to_tell(repository) -> None:
    git(repository.folder, "add", "subscribers.csv")
    (repository.folder / "subscribers.csv").unlink()
    assert found(repository) == []


def test_the_sample_project_may_keep_its_sample_people() -> None:
    root = Path(__file__).parents[2]
    assert list(tracked_audiences(config.load(root / "config.yaml"))) == []
