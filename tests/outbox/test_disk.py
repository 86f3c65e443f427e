"""A disk that fills up stops what is new in time, and results find room to the last."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from postroom.errors import LedgerError
from postroom.model import Sent
from postroom.outbox import Ledger, disk, status
from postroom.outbox.disk import Reserve, Room

pytestmark = pytest.mark.sqlite_only

MB = 1024**2
GB = 1024**3


def room_of(size: int, free: int, path: Path = Path("/")) -> Room:
    blocks = SimpleNamespace(f_frsize=4096, f_blocks=size // 4096, f_bavail=free // 4096)
    return disk.room(path, statvfs=lambda _: blocks)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("size", "free", "enqueues", "claims"),
    [
        (100 * GB, 600 * MB, True, True),
        (100 * GB, 500 * MB, True, True),
        (100 * GB, 499 * MB, False, True),
        (100 * GB, 100 * MB, False, True),
        (100 * GB, 99 * MB, False, False),
        (1 * GB, 60 * MB, True, True),
        (1 * GB, 40 * MB, False, True),
        (1 * GB, 9 * MB, False, False),
    ],
)
def test_what_stops_depends_on_what_is_free(size: int, free: int, enqueues: bool, claims: bool) -> None:
    room = room_of(size, free)
    assert (room.enqueues, room.claims) == (enqueues, claims)


def test_the_thresholds_of_small_and_large_disks_meet() -> None:
    large, small = room_of(10 * GB, 0), room_of(10 * GB - 4096, 0)
    assert abs(large.stop_enqueue - small.stop_enqueue) < 20 * MB
    assert abs(large.stop_claims - small.stop_claims) < 5 * MB


def test_people_are_told_what_stopped_and_until_when() -> None:
    assert room_of(100 * GB, 600 * MB).told == ""
    assert "300 MB are free, so nothing new is enqueued until 500 MB are" in room_of(100 * GB, 300 * MB).told
    assert "so nothing is sent and nothing enqueued until 100 MB are" in room_of(100 * GB, 30 * MB).told


def test_the_room_for_a_file_is_that_of_its_folder(tmp_path: Path) -> None:
    assert disk.room(tmp_path / "none.db").path == tmp_path
    assert disk.room(tmp_path / "none.db").free > 0


def test_a_reserve_takes_room_is_given_up_and_made_anew(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "postroom.db")
    much = room_of(100 * GB, 10 * GB)
    assert not reserve.release()
    assert reserve.restore(much)
    assert reserve.path == tmp_path / "postroom.db.reserve"
    assert reserve.path.stat().st_blocks * 512 >= disk.RESERVE_BYTES
    assert reserve.path.stat().st_mode & 0o777 == 0o600
    assert reserve.restore(much)
    assert reserve.release()
    assert not reserve.path.exists()


def test_a_reserve_is_not_made_of_the_last_room(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "postroom.db")
    assert not reserve.restore(room_of(100 * GB, 100 * MB))
    assert not reserve.path.exists()


def test_half_a_reserve_is_made_whole(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "postroom.db")
    reserve.path.write_bytes(b"x" * MB)
    assert reserve.restore(room_of(100 * GB, 10 * GB))
    assert reserve.path.stat().st_size == disk.RESERVE_BYTES


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "none", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, leave: int) -> None:
    """Let no more than `leave` bytes be free."""
    with (place / "ballast").open("ab") as ballast:
        while (free := disk.room(place).free) > leave:
            ballast.write(b"x" * min(free - leave, MB))
            ballast.flush()


def test_a_full_disk_makes_no_reserve_and_leaves_none_behind(small: Path) -> None:
    fill(small, 2 * MB)
    reserve = Reserve(small / "postroom.db")
    assert not reserve.restore(room_of(100 * GB, 10 * GB))
    assert not reserve.path.exists()


@pytest.mark.parametrize("leave", [0, 16_384, 65_536, 131_072, 262_144])
def test_results_are_recorded_from_the_reserve(small: Path, outbox, leave: int) -> None:
    """Fill the disk in the middle of a send: what the other side has taken can still be written down."""
    url = f"sqlite:///{small}/postroom.db"
    reserve = Reserve(small / "postroom.db", size=MB)
    with Ledger(url) as ledger:
        box = type(outbox)(ledger)
        box.freeze(*(f"reader{number}" for number in range(300)))
        assert reserve.restore(disk.room(small))
        claimed = box.claim(200)
        fill(small, leave)
        done, told = 0, list[str]()
        for start in range(0, 200, 20):
            batch = claimed[start : start + 20]
            try:
                box.record(batch, Sent(reply="250 ok"))
            except LedgerError as error:
                told.append(str(error))
                assert reserve.release()
                box.record(batch, Sent(reply="250 ok"))
            done += len(batch)
        assert box.counts()["sent"] == done == 200
        assert all("the disk is full" in each for each in told)
        ledger.verify()


@pytest.mark.parametrize("leave", range(0, 2_000_000, 200_000))
def test_a_disk_that_fills_while_an_edition_is_frozen_loses_nobody(small: Path, outbox, leave: int) -> None:
    names = [f"reader{number}" for number in range(4000)]
    with Ledger(f"sqlite:///{small}/postroom.db") as ledger:
        box = type(outbox)(ledger)
        fill(small, leave)
        told: list[str] = []
        try:
            box.freeze(*names)
        except LedgerError as error:
            told.append(str(error))
            assert all(row.state != "open" for row in ledger.read(status.editions))
        assert all("the disk is full" in each for each in told)
        (small / "ballast").unlink()
        box.freeze(*names)
        ledger.verify()
        (row,) = ledger.read(status.editions)
        assert (row.state, row.accounts.queued) == ("open", 4000)
        assert ledger.read(status.reconcile) == []


def test_a_missing_folder_is_no_reserve(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "nowhere" / "postroom.db")
    assert not reserve.restore(room_of(100 * GB, 10 * GB))
    assert list(tmp_path.iterdir()) == []
