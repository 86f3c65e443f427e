"""Published bounces of twenty years mean what a person reads in them.

The samples are other people's: `fetch_samples.sh FOLDER` gets them, and POSTROOM_BOUNCE_SAMPLES names the
folder. `labels.txt` says of each what it tells, as it was read by hand by the rules of docs/feedback.md: kind
and address (`?` for one that mail cannot be written to), or `nothing`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.feedback import bounces
from postroom.model import FeedbackKind

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RIGHT = 0.98
LABELS = dict(
    line.split(": ", 1)
    for line in Path(__file__).with_name("labels.txt").read_text(encoding="utf-8").splitlines()
)


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What is read in each sample, written as in the labels."""
    folder = os.environ.get("POSTROOM_BOUNCE_SAMPLES")  # noqa: TID251 (set for the whole test run)
    if not folder:
        pytest.skip("POSTROOM_BOUNCE_SAMPLES names no folder; tests/feedback/fetch_samples.sh fills one")
    return {name: in_words((Path(folder) / name).read_bytes()) for name in LABELS}


def in_words(mail: bytes) -> str:
    read = bounces.read(mail, NOW)
    return ", ".join(sorted(f"{one.kind} {one.address or '?'}" for one in read)) or "nothing"


def test_at_least_200_samples_are_labelled_of_each_kind() -> None:
    assert len(LABELS) >= 200
    for kind in ("bounced", "deferred", "nothing"):
        assert sum(label.startswith(kind) for label in LABELS.values()) >= 10


def test_98_of_100_samples_are_read_right(told: dict[str, str]) -> None:
    wrong = {
        name: f"is {LABELS[name]}, read as {read}" for name, read in told.items() if read != LABELS[name]
    }
    right = 1 - len(wrong) / len(LABELS)
    print(f"{len(LABELS) - len(wrong)} of {len(LABELS)} right ({right:.1%}); wrong: {wrong}")
    assert right >= RIGHT, wrong


def test_no_sample_is_taken_for_a_bounce_that_is_none(told: dict[str, str]) -> None:
    hard = FeedbackKind.BOUNCED.value
    assert [name for name, read in told.items() if hard in read and hard not in LABELS[name]] == []
