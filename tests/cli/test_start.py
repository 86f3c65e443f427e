"""A start is cheap, an installed Postroom works in an empty folder, and a terminal gets a terminal's answers."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from postroom import __version__, config
from postroom.cli import main

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("alembic", "apscheduler", "cssutils", "email_validator", "frontmatter", "httpx", "jinja2", "lxml"),
    *("markdown_it", "mjml", "nh3", "PIL", "premailer", "pydantic", "pygments", "rich", "ruamel.yaml"),
    *("sqlalchemy", "starlette", "structlog", "uvicorn", "watchfiles"),
}


def python(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [["--help"], ["--version"], []], ids=["help", "version", "nothing"])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    probe = (
        f"import sys; from postroom.cli import main; main({words!r}); print(*sys.modules, file=sys.stderr)"
    )
    loaded = set(python("-c", probe).stderr.split())
    assert "postroom.cli" in loaded
    assert not loaded & HEAVY


def test_the_version_is_told() -> None:
    assert python("-m", "postroom", "--version").stdout == f"postroom, version {__version__}\n"


def test_an_unknown_command_names_the_nearest() -> None:
    answer = python("-m", "postroom", "chek")
    assert answer.returncode == 2
    assert "there is no command 'chek'; did you mean 'check'?" in answer.stderr


# ── init ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_project_works_at_once(tmp_path: Path, postroom_in) -> None:
    assert main(["init", str(tmp_path)]) == 0
    assert postroom_in(tmp_path, "check") == 0
    assert postroom_in(tmp_path, "plan") == 0
    assert postroom_in(tmp_path, "preview", "--out", str(tmp_path / "seen")) == 0
    assert postroom_in(tmp_path, "run", "--once") == 0
    assert (tmp_path / "seen/hello/newsletter-article.html").is_file()
    assert (tmp_path / "subscribers.csv").stat().st_mode & 0o777 == 0o600
    assert {"postroom.db*", "out/", "subscribers.csv"} <= set((tmp_path / ".gitignore").read_text().split())


@pytest.fixture
def postroom_in(capsys):
    def call(folder: Path, *words: str) -> int:
        return main(["--config", str(folder / "config.yaml"), *words])

    return call


def test_a_project_is_never_made_anew(tmp_path: Path, capsys) -> None:
    (tmp_path / "config.yaml").write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    assert "config.yaml is there already; init makes new projects only" in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


def test_what_is_there_already_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "subscribers.csv").write_text("email\n")
    (tmp_path / ".gitignore").write_text("mine\n")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "subscribers.csv").read_text() == "email\n"
    assert list((tmp_path / "templates").iterdir()) == []
    assert (tmp_path / ".gitignore").read_text().startswith("mine\n")


def on_terminal(arguments: list[str], folder: Path, typed: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; give its exit code and what was seen there."""
    outer, inner = pty.openpty()
    process = subprocess.Popen(arguments, cwd=folder, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    os.write(outer, typed.encode())
    seen: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(outer, seen))
    reader.start()
    code = process.wait(60)
    reader.join(10)
    os.close(outer)
    return code, b"".join(seen).decode(errors="replace")


def _drain(terminal: int, seen: list[bytes]) -> None:
    while True:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux says EIO when the other end is closed
            return
        if not data:
            return
        seen.append(data)


def test_init_asks_three_questions_on_a_terminal(tmp_path: Path) -> None:
    typed = "The Daily Letter\nhttps://daily.example\npost@daily.example\n"
    code, seen = on_terminal([sys.executable, "-m", "postroom", "init"], tmp_path, typed)
    assert code == 0, seen
    assert seen.count("?") == 3
    made = config.load(tmp_path / "config.yaml")
    assert made.publication.name == "The Daily Letter"
    assert made.publication.url == "https://daily.example"
    sender = made.channels["newsletter"].sender
    assert sender is not None
    assert sender.from_ == "The Daily Letter <post@daily.example>"


def test_a_long_reading_shows_a_bar_on_a_terminal_and_nothing_elsewhere(desk) -> None:
    for number in range(40):
        desk.article(f"number-{number}", date="2099-01-01")
    command = ["-m", "postroom", "--config", str(desk.folder / "config.yaml"), "run", "--once"]
    code, seen = on_terminal([sys.executable, *command], desk.folder, "")
    assert code == 0, seen
    assert "Publishing" in seen
    elsewhere = python(*command)
    assert elsewhere.returncode == 0
    assert elsewhere.stderr == ""
    assert "Publishing" not in elsewhere.stdout


# ── installed ────────────────────────────────────────────────────────────────────────────────────────


def test_templates_and_seeds_travel_in_the_wheel(tmp_path: Path) -> None:
    """The wheel is put into a folder of its own, before everything else; only libraries are shared."""
    if find_spec("hatchling") is None or find_spec("pip") is None:
        must_be_there = os.environ.get("POSTROOM_REQUIRE_TOOLS") == "1"  # noqa: TID251 (set for the whole run)
        (pytest.fail if must_be_there else pytest.skip)("hatchling and pip are needed to build a wheel")
    built = python(
        "-m", "pip", "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path)
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed, project = tmp_path / "installed", tmp_path / "project"
    put = python("-m", "pip", "install", "-q", "--no-deps", "--target", str(installed), str(wheel))
    assert put.returncode == 0, put.stderr
    project.mkdir()
    first = f"import sys; sys.path.insert(0, {str(installed)!r})"
    for words in (["init"], ["check"], ["plan"], ["preview", "--out", "seen"], ["run", "--once"]):
        answer = python(
            "-c", f"{first}; from postroom.cli import main; sys.exit(main({words!r}))", folder=project
        )
        assert answer.returncode == 0, (words, answer.stderr)
    where = python("-c", f"{first}; import postroom; print(postroom.__file__)")
    assert where.stdout.startswith(str(installed))
    assert (installed / "postroom/shipped/seeds/subscribers.csv").is_file()
    assert (project / "seen/hello/newsletter-article.eml").is_file()
