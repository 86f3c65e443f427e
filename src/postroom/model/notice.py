"""What people are told about when it happens, apart from what they ask for."""

from __future__ import annotations

from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about; the words of `notify: about:` in config.yaml.

    `held`: an edition waits for a person. `paused`: a transport rests. `uncertain`: a delivery may have
    gone out. `late`: something was due and does not go out. `expiring`: a token ends soon. `broken`:
    a file, a folder or the disk keeps Postroom from its work. `finished`: an edition is done; `failed`: it
    is done, and did not reach everybody.
    """

    BROKEN = "broken"
    HELD = "held"
    PAUSED = "paused"
    LATE = "late"
    UNCERTAIN = "uncertain"
    EXPIRING = "expiring"
    FAILED = "failed"
    FINISHED = "finished"
