"""A project, the sink its mail goes to, and the forge that starts its daemons."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rig.forge import Forge
from rig.sink import Sink
from rig.station import Station

IS_NIGHT = os.environ.get("POSTROOM_NIGHTLY") == "1"  # noqa: TID251
MUST_HAVE_TOOLS = os.environ.get("POSTROOM_REQUIRE_TOOLS") == "1"  # noqa: TID251
FIGURES = os.environ.get("POSTROOM_FIGURES")  # noqa: TID251


@dataclass(frozen=True, slots=True)
class Office:
    """What one test works with; the fixture `office` opens it and closes it."""

    station: Station
    sink: Sink
    forge: Forge

    def log(self) -> str:
        """Read the end of what the daemons said."""
        return self.forge.log.read_text()[-3000:]
