"""Find files of people that Git keeps: whoever gets the repository gets them, and no erasing reaches them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from postroom.audience.mentions import names_real_people
from postroom.config import Config
from postroom.errors import AudienceError
from postroom.model import Channel, Finding, Severity

_SECONDS: Final = 10
"""A repository on a slow disk answers within one; whoever hangs is not waited for."""

# Nothing that a repository brings with it is run: `core.fsmonitor` is the one setting by which reading its index starts
# a program (git-config(1), read 2026-11-23). So it may belong to anybody, as it does in containers.
_GIT: Final = ("--no-pager", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "safe.directory=*")

# No GIT_DIR, GIT_INDEX_FILE or other word of a hook that `check` may run in, and no fetching.
_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}


def tracked_audiences(config: Config) -> Iterator[Finding]:
    """Find audience files that Git tracks. Those that name nobody but people of example domains may be."""
    git, seen = shutil.which("git"), set[Path]()
    for channel in config.channels.values():
        file = channel.audience.file if channel.audience else None
        if git is None or file is None or file in seen:
            continue
        seen.add(file)
        if any(is_tracked(git, each) for each in dict.fromkeys((file, file.resolve()))) and _is_real(file):
            yield _finding(channel, file)


def is_tracked(git: str, file: Path) -> bool:
    """Ask Git whether it tracks a file; False where it does not, where there is no repository, or it cannot tell."""
    if not file.parent.is_dir():
        return False
    try:
        asked = subprocess.run(  # noqa: S603  # no shell, and a path that is absolute and taken literally
            [git, "-C", str(file.parent), *_GIT, "ls-files", "--error-unmatch", "--", file.name],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _is_real(file: Path) -> bool:
    try:
        return names_real_people(file)
    except (AudienceError, OSError):
        return False  # whoever reads the audience says so


def _finding(channel: Channel, file: Path) -> Finding:
    who = channel.audience
    assert who is not None
    return Finding(
        rule="audience-tracked",
        severity=Severity.ERROR,
        file=channel.file,
        line=who.line,
        message=f"{who.shown} is tracked by Git, so that whoever gets the repository gets the addresses in it; "
        f"`git rm --cached {file.name}` in {file.parent}, and name it in .gitignore. What was pushed stays in the "
        "history until that is rewritten",
    )
