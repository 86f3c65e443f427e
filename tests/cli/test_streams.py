"""Standard streams that are closed, full or know few letters cost no traceback and no ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from postroom.config import load
from postroom.outbox.ledger import Ledger

COMMANDS = [("outbox", "status"), ("outbox", "status", "--json"), ("--help",)]


@pytest.fixture
def shell(office, hours):
    """Run a line of sh in a project with an edition that is out; POSTROOM stands for the program."""
    office.subscribers(3)
    office.article("letters", hours(-0.1), title="Grüße aus Köln – 你好")
    office.run()

    def run(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
        program = f"'{sys.executable}' -m postroom --config '{office.folder / 'config.yaml'}'"
        return subprocess.run(
            ["bash", "-c", line.replace("POSTROOM", program)],
            env={**os.environ, **environ},  # noqa: TID251  # what the shell has
            cwd=office.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="latin-1" if "latin" in f"{environ}" else "utf-8",
            timeout=100,
            check=False,
        )

    return run


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_answer_that_nobody_can_get_is_an_error_of_its_own(words: tuple[str, ...], shell) -> None:
    done = shell(f"POSTROOM {' '.join(words)} > /dev/full")
    assert (done.returncode, done.stdout) == (74, "")
    assert done.stderr == "postroom: stdout takes no answer: No space left on device\n"


def test_a_long_answer_that_nobody_can_get_is_told_too(shell, office) -> None:
    office.subscribers(3000)
    assert shell("POSTROOM subscribers import subscribers.csv").returncode == 0
    for form in ("export", "list", "list --json"):
        done = shell(f"POSTROOM subscribers {form} > /dev/full")
        assert (done.returncode, done.stderr) == (
            74,
            "postroom: stdout takes no answer: No space left on device\n",
        )


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-", "2>&-"])
@pytest.mark.parametrize("words", [("outbox", "status"), ("run", "--once")], ids=" ".join)
def test_a_stream_that_is_closed_hurts_neither_answer_nor_ledger(words, closed: str, shell, office) -> None:
    done = shell(f"POSTROOM {' '.join(words)} {closed}")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    with Ledger(load(office.folder / "config.yaml").database):
        pass


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
    ids=str,
)
def test_a_letter_that_a_stream_lacks_is_written_in_ascii(environ: dict[str, str], shell) -> None:
    for words in ("articles", "outbox show hook/letters"):
        done = shell(f"POSTROOM {words} | cat", **environ)
        assert "Traceback" not in done.stderr
    assert (
        "\\u4f60" in shell("POSTROOM outbox show hook/letters | cat; exit ${PIPESTATUS[0]}", **environ).stdout
    )


def test_json_is_json_whatever_the_stream_can_show(shell) -> None:
    done = shell("POSTROOM outbox status --json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)


@pytest.mark.parametrize("words", ["--help", "outbox status", "plan"])
def test_a_reader_who_has_seen_enough_is_no_error(words: str, shell) -> None:
    done = shell(f"POSTROOM {words} | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_fault_of_another_file_is_not_taken_for_one_of_stdout(shell, office) -> None:
    done = shell("POSTROOM subscribers export --to /dev/full")
    assert done.returncode != 74
