"""Nothing but a plain file is read, and nothing else is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from postroom.plainfiles import NoPlainFile, read_plain

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize("what", ["pipe", "socket", "device", "link to a device"])
def test_what_is_no_plain_file_is_refused_at_once(what: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    with socket.socket(socket.AF_UNIX) as listener:
        match what:
            case "pipe":
                os.mkfifo(path)
            case "socket":
                listener.bind(str(path))
            case "device":
                path = Path("/dev/zero")
            case _:
                path.symlink_to("/dev/zero")
        with pytest.raises(NoPlainFile, match="a pipe, a socket or a device"):
            read_plain(path)


def test_a_folder_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_plain(tmp_path)


def test_a_link_is_followed_unless_that_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"whole")
    (tmp_path / "link").symlink_to("file")
    assert read_plain(tmp_path / "link") == b"whole"
    with pytest.raises(OSError, match="symbolic"):
        read_plain(tmp_path / "link", follow=False)


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"whole")
    assert read_plain(tmp_path / "file", 2) == b"wh"


def test_a_refused_file_is_not_left_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(10):
        with pytest.raises(NoPlainFile):
            read_plain(tmp_path / "pipe")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
