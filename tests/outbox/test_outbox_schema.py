"""Migrations: all or nothing, with a copy first, and never on a newer ledger."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.pool import NullPool

from postroom.errors import LedgerError, LedgerTooNew
from postroom.outbox import Ledger, meta, schema
from postroom.outbox.tables import metadata

NEXT = '''
"""Add a table."""
import sqlalchemy as sa
from alembic import op
revision = "0005"
down_revision = "0004"

def upgrade():
    op.create_table("extra", sa.Column("a", sa.Integer, primary_key=True))
    op.add_column("meta", sa.Column("more", sa.Text))
'''


@pytest.fixture
def a_newer_postroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another version of the program, which has one migration more."""
    scripts = tmp_path / "migrations"
    shutil.copytree(schema.SCRIPTS, scripts)
    (scripts / "versions" / "0005_more.py").write_text(NEXT)
    monkeypatch.setattr(schema, "SCRIPTS", scripts)
    monkeypatch.setattr(schema, "HEAD", "0005")
    return scripts


def definitions(connection: Connection) -> dict[str, dict[str, object]]:
    """Every table: its columns (whatever their order), keys, indexes and rules."""
    look = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], default(column["default"]))
                for column in look.get_columns(table)
            },
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "foreign": sorted(
                (key["constrained_columns"], key["referred_table"], key["options"])
                for key in look.get_foreign_keys(table)
            ),
            "indexes": sorted(
                (str(index["name"]), index["column_names"], bool(index["unique"]), where(index))
                for index in look.get_indexes(table)
                if "duplicates_constraint" not in index
            ),
            "unique": sorted(rule["column_names"] for rule in look.get_unique_constraints(table)),
            "rules": [rule["name"] for rule in look.get_check_constraints(table)],
        }
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def default(text: str | None) -> str | None:
    """A default as both ways of making the table spell it; where row numbers come from has a name of its own."""
    return "number" if text and text.startswith("nextval(") else text


def where(index: Mapping[str, Any]) -> str:
    """The condition of a partial index."""
    options = index["dialect_options"]
    return str(next((value for name, value in options.items() if name.endswith("_where")), ""))


def tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    connection.close()
    return names


def test_the_migrations_make_the_very_tables_that_the_program_expects(
    url: str, tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    with Ledger(url) as ledger:
        made = ledger.read(definitions)
    if database == "sqlite":
        address = f"sqlite:///{tmp_path / 'direct.db'}"
    else:
        address = request.getfixturevalue("postgresql").create().replace("://", "+psycopg://", 1)
    engine = create_engine(address, poolclass=NullPool)
    metadata.create_all(engine)
    with engine.connect() as connection:
        assert made == definitions(connection)
    engine.dispose()


def test_the_head_is_the_last_migration() -> None:
    files = sorted(path.name[:4] for path in (schema.SCRIPTS / "versions").glob("0*.py"))
    assert files[-1] == schema.HEAD
    assert files == [f"{number:04}" for number in range(1, len(files) + 1)]


def test_a_current_ledger_is_opened_without_alembic(url: str) -> None:
    Ledger(url).close()
    code = (
        "import sys; from postroom.outbox import Ledger, meta\n"
        "Ledger(sys.argv[1]).close()\nprint('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.sqlite_only
def test_an_older_ledger_is_copied_then_migrated(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with Ledger(url) as ledger:
        ledger.write(meta.put, "a", "1")
    request.getfixturevalue("a_newer_postroom")
    with Ledger(url) as ledger:
        assert ledger.read(meta.get, "a") == "1"
        assert ledger.read(schema.version) == "0005"
    copy = tmp_path / "postroom.db.before-0005"
    assert "extra" not in tables(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT value FROM meta").fetchall() == [("1",)]
    connection.close()


@pytest.mark.sqlite_only
def test_a_new_ledger_needs_no_copy(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    assert list(tmp_path.glob("*.before-*")) == []


@pytest.mark.sqlite_only
def test_a_failing_migration_leaves_the_old_tables(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    Ledger(url).close()
    before = tables(tmp_path / "postroom.db")
    scripts: Path = request.getfixturevalue("a_newer_postroom")
    script = scripts / "versions" / "0005_more.py"
    script.write_text(NEXT + '    op.execute("SELECT * FROM nowhere")\n')
    with pytest.raises(LedgerError):
        Ledger(url)
    assert tables(tmp_path / "postroom.db") == before
    script.write_text(NEXT)
    Ledger(url).close()
    assert "extra" in tables(tmp_path / "postroom.db")


@pytest.mark.sqlite_only
def test_a_ledger_of_a_newer_postroom_is_refused(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    with sqlite3.connect(tmp_path / "postroom.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    with pytest.raises(LedgerTooNew, match=r"newer Postroom \(tables 0999.*update"):
        Ledger(url)


@pytest.mark.sqlite_only
def test_the_database_of_another_program_is_refused(url: str, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "postroom.db") as connection:
        connection.execute("CREATE TABLE recipes (name)")
    connection.close()
    with pytest.raises(LedgerError, match="another program"):
        Ledger(url)
    assert tables(tmp_path / "postroom.db") == {"recipes"}


OPEN = "import sys; from postroom.outbox import Ledger; Ledger(sys.argv[1]).close()"


def test_two_processes_may_make_the_same_ledger_at_once(url: str) -> None:
    both = [subprocess.Popen([sys.executable, "-c", OPEN, url]) for _ in range(3)]
    assert [process.wait() for process in both] == [0, 0, 0]
