"""Fixtures: offices to break, and how much of that: a little in CI, the rest at night."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rig.forge import Forge
from rig.office import FIGURES, IS_NIGHT, MUST_HAVE_TOOLS, Office
from rig.sink import Sink
from rig.station import Station


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Open offices; arguments are the sink's (`seconds`, `drop`, `keep`) and, else, the station's.

    `place` is where the project shall lie, `environment` what its daemons shall have besides ours.
    """
    opened: list[Office] = []

    def open_office(
        *,
        seconds: float = 0,
        drop: float = 0,
        keep: bool = False,
        place: Path | None = None,
        environment: Mapping[str, str] | None = None,
        **how: object,
    ) -> Office:
        folder = tmp_path / f"office-{len(opened)}"
        folder.mkdir()
        sink = Sink(folder, seconds=seconds, drop=drop, keep=keep)
        station = Station((place or folder) / "project", sink, **how)
        opened.append(Office(station, sink, Forge(station.folder, environment)))
        return opened[-1]

    yield open_office
    for each in opened:
        each.forge.close()
        each.sink.close()


@pytest.fixture
def many() -> Callable[[int, int], int]:
    """Choose between the figure of each day and that of the night."""
    return lambda by_day, by_night: by_night if IS_NIGHT else by_day


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Tell a test's figures on stdout, and in the file that POSTROOM_FIGURES names."""

    def tell(**figures: object) -> None:
        line = json.dumps({"test": request.node.name, **figures})
        print(line)
        if FIGURES:
            with Path(FIGURES).open("a") as file:
                file.write(line + "\n")

    return tell


@pytest.fixture
def strace() -> str:
    """Find strace, and see that it may trace here."""
    return _tool("strace")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if MUST_HAVE_TOOLS else pytest.skip)(f"{name} is not installed: apt-get install {name}")
    return str(found)
