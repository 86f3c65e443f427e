"""Lists of the ledger come in and go out as CSV."""

from __future__ import annotations

import pytest


@pytest.fixture
def stocked(office, postroom):
    """A project whose ledger keeps three people."""
    office.subscribers(3)
    assert postroom("subscribers", "import", str(office.folder / "subscribers.csv")).code == 0
    return office


def test_a_dash_is_stdout(stocked, postroom, monkeypatch) -> None:
    monkeypatch.chdir(stocked.folder)
    whole = postroom("subscribers", "export")
    assert whole.out.count("@example.org") == 3
    assert postroom("subscribers", "export", "-") == whole
    assert not (stocked.folder / "-").exists()


def test_a_file_with_a_name_is_written(stocked, postroom) -> None:
    file = stocked.folder / "people.csv"
    assert postroom("subscribers", "export", str(file)).code == 0
    assert file.read_text().count("@example.org") == 3
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_help_says_that_all_is_a_name(postroom) -> None:
    assert "without it the one that is named `all`" in postroom("subscribers", "export", "--help").told
