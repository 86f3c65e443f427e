"""Files of people, written as other programs write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from postroom.audience import Rejection, imports
from postroom.model import Member

SHOWN = "people"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file of people."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "people"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read() -> Callable[..., list[Member | Rejection]]:
    """Read a file to its end; counting it must tell the same."""

    def read_all(path: Path, mapping: Mapping[str, str] | None = None) -> list[Member | Rejection]:
        found = list(imports.members(path, SHOWN, mapping))
        counts = imports.count(path, SHOWN, mapping)
        assert counts.total == len(found)
        assert counts.rejected == sum(isinstance(each, Rejection) for each in found)
        return found

    return read_all


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[..., Path]:
    """Write a ZIP of named texts."""

    def write(files: Mapping[str, str | bytes], packed: int = zipfile.ZIP_DEFLATED) -> Path:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", packed) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        path = tmp_path / "export.zip"
        path.write_bytes(stream.getvalue())
        return path

    return write
