"""The ledger of a project whose config.yaml is broken is found all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.config.rescue import database_of

WRITTEN = {
    "outbox:\n  database: sqlite:///a.db\n": "a.db",
    'outbox:\n  database: "sqlite:///a.db"  # keep it safe\n': "a.db",
    "outbox: {database: 'sqlite:///data/a.db'}\n": "data/a.db",
    "broken: [\noutbox: { other: 1, database: sqlite:///a.db }\n": "a.db",
    "# outbox: {database: x.db}\noutbox:\n  # database: x.db\n  database: sqlite:///a.db\n": "a.db",
    "channels: [\n": "postroom.db",
    "": "postroom.db",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_the_database_is_read_line_by_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert database_of(path) == f"sqlite:///{tmp_path / WRITTEN[text]}"


def test_another_database_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("outbox:\n  database: postgresql://ledger/postroom\n")
    assert database_of(path) == "postgresql://ledger/postroom"


def test_a_file_that_is_gone_or_no_text_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    assert database_of(path).endswith("/postroom.db")
    path.write_bytes(b"\xff\xfe\x00 outbox")
    assert database_of(path).endswith("/postroom.db")
