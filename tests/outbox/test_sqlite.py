"""Which SQLite is trusted, and what a path must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.errors import LedgerError
from postroom.outbox import sqlite


@pytest.mark.parametrize(
    ("version", "sound"),
    [
        ("3.40.1", False),
        ("3.44.5", False),
        ("3.44.6", True),
        ("3.45.0", False),
        ("3.50.6", False),
        ("3.50.7", True),
        ("3.51.2", False),
        ("3.51.3", True),
        ("3.53.4", True),
        ("4.0.0", True),
    ],
)
def test_only_fixed_versions_have_a_sound_wal(version: str, sound: bool) -> None:
    assert sqlite.has_sound_wal(version) is sound


def test_the_standard_library_is_used_where_it_is_fixed() -> None:
    chosen = sqlite.choose("3.51.3", "3.53.4")
    assert (chosen.name, chosen.journal, chosen.synchronous) == ("sqlite3", "WAL", "FULL")


def test_the_package_takes_the_place_of_an_affected_standard_library() -> None:
    chosen = sqlite.choose("3.40.1", "3.53.4")
    assert (chosen.name, chosen.version, chosen.journal) == ("pysqlite3", "3.53.4", "WAL")
    assert "3.40.1" in chosen.why


@pytest.mark.parametrize("packaged", [None, "3.51.2"])
def test_without_a_fixed_version_the_rollback_journal_is_used(packaged: str | None) -> None:
    chosen = sqlite.choose("3.40.1", packaged)
    assert (chosen.journal, chosen.synchronous) == ("DELETE", "EXTRA")
    assert "pysqlite3" in chosen.why


def test_the_installed_driver_is_named() -> None:
    chosen = sqlite.driver()
    assert sqlite.module_of(chosen).sqlite_version == chosen.version


@pytest.mark.parametrize("chosen", [sqlite.choose("3.51.3", None), sqlite.choose("3.40.1", None)])
def test_a_connection_has_the_pragmas_of_its_driver(tmp_path: Path, chosen: sqlite.Driver) -> None:
    connection = sqlite.connect(tmp_path / "a.db", chosen)
    journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    connection.close()
    assert (journal, synchronous) in {("wal", 2), ("delete", 3)}
    assert journal == chosen.journal.lower()


def test_a_file_in_use_in_another_mode_is_not_switched(tmp_path: Path) -> None:
    wal, rollback = sqlite.choose("3.51.3", None), sqlite.choose("3.40.1", None)
    first = sqlite.connect(tmp_path / "a.db", wal)
    first.execute("CREATE TABLE t (a)")
    with pytest.raises(sqlite.module_of(rollback).OperationalError, match="locked"):
        sqlite.connect(tmp_path / "a.db", rollback)
    first.close()
    sqlite.connect(tmp_path / "a.db", rollback).close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///postroom.db", "postroom.db"),
        ("sqlite:////var/lib/post room.db", "/var/lib/post room.db"),
        ("sqlite+pysqlite:///a.db", "a.db"),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert sqlite.path_of(url) == Path(path)


@pytest.mark.parametrize("url", ["postgresql://localhost/a", "sqlite://", "sqlite:///", "nonsense"])
def test_other_urls_name_no_file(url: str) -> None:
    assert sqlite.path_of(url) is None


def test_a_new_ledger_is_private_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "postroom.db"
    sqlite.prepare(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_place_of_the_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is a folder"):
        sqlite.prepare(tmp_path, create=True)


def test_a_ledger_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger"):
        sqlite.prepare(tmp_path / "a.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_no_file_can_be_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="outbox: database:"):
        sqlite.prepare(tmp_path / "file" / "a.db", create=True)


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/export /srv/shared nfs4 rw 0 0
share /srv/with\\040blank 9p rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a/postroom.db", "ext4"),
        ("/srv/shared/deep/postroom.db", "nfs4"),
        ("/srv/sharedish/postroom.db", "ext4"),
        ("/srv/with blank/postroom.db", "9p"),
    ],
)
def test_the_nearest_mount_decides_the_file_system(path: str, kind: str) -> None:
    assert sqlite.filesystem(Path(path), MOUNTS) == kind


def test_a_system_without_a_table_of_mounts_says_nothing() -> None:
    assert sqlite.filesystem(Path("/a.db"), "") is None


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.rclone"])
def test_shared_disks_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(LedgerError, match=f"{kind} share.*local disk"):
        sqlite.refuse_shared(tmp_path / "a.db", kind)


@pytest.mark.parametrize(
    ("kind", "odd"),
    [("9p", True), ("fuse", True), ("fuse.bindfs", True), ("virtiofs", True), ("ext4", False), (None, False)],
)
def test_where_memory_cannot_be_shared_the_rollback_journal_is_used(kind: str | None, odd: bool) -> None:
    assert sqlite.has_no_shared_memory(kind) is odd


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (0x6969, "nfs"),
        (0xFF534D42, "cifs"),
        (-0xACB2BE, "cifs"),
        (0x01021997, "9p"),
        (0x65735546, "fuse"),
        (0xEF53, None),
    ],
)
def test_a_kind_has_its_number_where_there_is_no_table_of_mounts(magic: int, kind: str | None) -> None:
    assert sqlite.kind_of(magic) == kind


def test_this_machine_says_the_same_in_both_ways(tmp_path: Path) -> None:
    named = sqlite.filesystem(tmp_path / "a.db", Path("/proc/self/mounts").read_text())
    numbered = sqlite.kind_of(sqlite._magic(tmp_path))
    assert numbered is None or named is None or numbered in named


def test_the_table_of_mounts_of_a_real_machine_is_understood() -> None:
    mounts = """\
proc /proc proc rw,relatime 0 0
/dev/vda / ext4 rw,relatime,discard,resuid=65534,resgid=65534 0 0
none /mnt/tools tmpfs ro,nosuid,nodev,relatime,size=4k,mode=755 0 0
C:\\134 /mnt/c 9p rw,dirsync,aname=drvfs;path=C:\\134;uid=1000 0 0
//nas/share\\040a /srv/share\\040a cifs rw,vers=3.1.1 0 0
me@host:/ /home/me/far fuse.sshfs rw,user_id=1000 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw,lowerdir=/a:/b 0 0
"""
    assert sqlite.filesystem(Path("/srv/letters/postroom.db"), mounts) == "ext4"
    assert sqlite.filesystem(Path("/mnt/c/letters/postroom.db"), mounts) == "9p"
    assert sqlite.filesystem(Path("/srv/share a/postroom.db"), mounts) == "cifs"
    assert sqlite.filesystem(Path("/home/me/far/postroom.db"), mounts) == "fuse.sshfs"
    assert sqlite.filesystem(Path("/var/lib/docker/overlay2/x/merged/a.db"), mounts) == "overlay"
