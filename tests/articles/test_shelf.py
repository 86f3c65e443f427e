from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.articles import ArticleRules, Reading, Shelf
from postroom.model import Severity

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Write = Callable[..., Path]


@pytest.fixture
def put(write: Write) -> Write:
    """Write an article whose last change is a while ago."""

    def put(name: str, content: str = "# Rivers\n\nText.", *, ago: float = 60) -> Path:
        path = write(content, name)
        moment = NOW.timestamp() - ago
        os.utime(path, (moment, moment))
        return path

    return put


def files(reading: Reading) -> list[str]:
    return [loaded.file for loaded in reading.loaded]


def titles(reading: Reading) -> list[str]:
    return [loaded.article.title for loaded in reading.loaded if loaded.article]


def test_the_first_reading_has_every_article_sorted_by_file(rules: ArticleRules, put: Write) -> None:
    for name in ("b.md", "a/z.markdown", "A.MD", "c.mdown", "d.mkd", "e.mdx"):
        put(name)
    reading = Shelf(rules).read(NOW)
    assert files(reading) == [
        f"seeds/{name}" for name in ("A.MD", "a/z.markdown", "b.md", "c.mdown", "d.mkd", "e.mdx")
    ]
    assert reading.changed == frozenset(files(reading))
    assert (reading.gone, reading.unsettled) == (frozenset(), ())


def test_what_is_no_article_is_passed_over(rules: ArticleRules, put: Write) -> None:
    for name in (
        ".hidden.md",
        ".git/x.md",
        "node_modules/x.md",
        "README.md",
        "LICENSE.md",
        "_index.md",
        "notes.txt",
        "a.md~",
    ):
        put(name)
    os.mkfifo(rules.folder / "pipe.md")
    os.mkfifo(rules.folder / "pipe.MD")
    assert files(Shelf(rules).read(NOW)) == []


def test_an_unchanged_folder_is_not_read_again(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    shelf = Shelf(rules)
    first, second = shelf.read(NOW), shelf.read(NOW)
    assert second.changed == frozenset()
    assert second.loaded is first.loaded


def test_only_what_changed_is_read_again(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    put("b.md")
    shelf = Shelf(rules)
    before = shelf.read(NOW)
    put("b.md", "# Lakes\n\nText.", ago=30)
    after = shelf.read(NOW)
    assert after.changed == {"seeds/b.md"}
    assert titles(after) == ["Rivers", "Lakes"]
    assert after.loaded[0] is before.loaded[0]


def test_a_change_that_keeps_size_and_mtime_is_seen(rules: ArticleRules, put: Write) -> None:
    put("a.md", "# Rivers\n\nText.")
    shelf = Shelf(rules)
    shelf.read(NOW)
    put("a.md", "# Sewers\n\nText.")
    assert titles(shelf.read(NOW)) == ["Sewers"]


def test_a_file_that_still_changes_waits(rules: ArticleRules, put: Write) -> None:
    put("a.md", ago=0.5)
    shelf = Shelf(rules)
    waiting = shelf.read(NOW)
    assert (waiting.loaded, waiting.unsettled) == ((), ("seeds/a.md",))
    settled = shelf.read(NOW + timedelta(seconds=1.5))
    assert (titles(settled), settled.unsettled) == (["Rivers"], ())


def test_a_file_that_changes_again_keeps_its_last_good_reading(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    shelf = Shelf(rules)
    shelf.read(NOW)
    put("a.md", "# Half a tit", ago=0)
    during = shelf.read(NOW)
    assert (titles(during), during.unsettled, during.changed) == (["Rivers"], ("seeds/a.md",), frozenset())


def test_a_file_from_the_future_is_read_once_it_has_looked_the_same_for_a_while(
    rules: ArticleRules, put: Write
) -> None:
    put("a.md", ago=-86_400)
    shelf = Shelf(rules)
    assert shelf.read(NOW).unsettled == ("seeds/a.md",)
    assert shelf.read(NOW + timedelta(seconds=1)).unsettled == ("seeds/a.md",)
    put("a.md", "# Lakes\n\nText.", ago=-86_400)
    assert shelf.read(NOW + timedelta(seconds=2)).unsettled == ("seeds/a.md",)
    assert titles(shelf.read(NOW + timedelta(seconds=4))) == ["Lakes"]


def test_without_settling_everything_is_read_at_once(rules: ArticleRules, put: Write) -> None:
    put("a.md", ago=-86_400)
    assert titles(Shelf(replace(rules, settle=timedelta(0))).read(NOW)) == ["Rivers"]


def test_a_deleted_file_is_gone_once(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    path = put("b.md")
    shelf = Shelf(rules)
    shelf.read(NOW)
    path.unlink()
    assert shelf.read(NOW).gone == {"seeds/b.md"}
    after = shelf.read(NOW)
    assert (after.gone, files(after)) == (frozenset(), ["seeds/a.md"])


def test_a_moved_file_is_gone_from_one_place_and_new_in_another(rules: ArticleRules, put: Write) -> None:
    path = put("a.md")
    shelf = Shelf(rules)
    shelf.read(NOW)
    path.rename(rules.folder / "b.md")
    reading = shelf.read(NOW)
    assert (reading.gone, reading.changed) == ({"seeds/a.md"}, {"seeds/b.md"})


def test_a_broken_file_harms_only_itself(rules: ArticleRules, put: Write) -> None:
    put("a.md", "---\ntitle: x\n")
    put("b.md")
    reading = Shelf(rules).read(NOW)
    assert titles(reading) == ["Rivers"]
    assert [str(found) for found in reading.loaded[0].findings] == [
        "seeds/a.md:1: front matter opens with --- and never closes; end it with a line ---"
    ]


def test_two_articles_of_one_id_name_each_other_and_neither_may_go_out(
    rules: ArticleRules, put: Write
) -> None:
    put("a.md", "---\ntitle: A\nslug: same\n---\nText.")
    put("b.md", "---\nid: same\ntitle: B\n---\nText.")
    path = put("c.md")
    shelf = Shelf(rules)
    for reading in (shelf.read(NOW), shelf.read(NOW)):
        first, second, third = reading.loaded
        assert [(found.rule, found.severity, found.line) for found in first.findings] == [
            ("duplicate-id", Severity.ERROR, 3)
        ]
        assert "that of seeds/b.md, too" in first.findings[0].message
        assert "that of seeds/a.md, too" in second.findings[0].message
        assert (first.article is not None, third.findings) == (True, ())
    path.unlink()
    put("b.md", "---\nid: other\ntitle: B\n---\nText.", ago=30)
    assert [loaded.findings for loaded in shelf.read(NOW).loaded] == [(), ()]


def test_a_missing_folder_is_one_finding(rules: ArticleRules) -> None:
    reading = Shelf(replace(rules, folder=rules.base / "nowhere")).read(NOW)
    assert [str(found) for loaded in reading.loaded for found in loaded.findings] == [
        (
            "config.yaml: articles.folder: nowhere cannot be read (no such file or directory); "
            "check the name, and the permissions"
        )
    ]


def test_a_folder_that_vanishes_for_a_while_loses_nothing(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    shelf = Shelf(rules)
    shelf.read(NOW)
    rules.folder.rename(rules.base / "elsewhere")
    away = shelf.read(NOW)
    assert (titles(away), away.gone, len(away.loaded)) == ([], frozenset(), 1)
    (rules.base / "elsewhere").rename(rules.folder)
    back = shelf.read(NOW)
    assert (titles(back), back.changed) == (["Rivers"], frozenset())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_one_finding(rules: ArticleRules, put: Write) -> None:
    folder = put("closed/a.md").parent
    put("b.md")
    folder.chmod(0)
    reading = Shelf(rules).read(NOW)
    folder.chmod(0o700)
    assert files(reading) == ["seeds/b.md", "seeds/closed"]


def test_links_are_followed_only_inside_the_folder(rules: ArticleRules, put: Write) -> None:
    outside = rules.base / "secret.md"
    outside.write_text("# Secret\n\nText.")
    hidden = put(".store/real.md")
    (rules.folder / "inside.md").symlink_to(hidden)
    (rules.folder / "outside.md").symlink_to(outside)
    (rules.folder / "loop.md").symlink_to("loop.md")
    (rules.folder / "again").symlink_to(rules.folder)
    (rules.folder / "away").symlink_to(rules.base)
    reading = Shelf(rules).read(NOW)
    assert titles(reading) == ["Rivers"]
    said = {loaded.file: loaded.findings[0] for loaded in reading.loaded if loaded.findings}
    assert {file: found.severity for file, found in said.items()} == {
        "seeds/loop.md": Severity.ERROR,
        "seeds/outside.md": Severity.WARNING,
    }
    assert "leads out of the articles folder" in said["seeds/outside.md"].message


def test_a_folder_that_is_itself_a_link_is_read(rules: ArticleRules, put: Write) -> None:
    put("a.md")
    (rules.base / "link").symlink_to(rules.folder)
    assert files(Shelf(replace(rules, folder=rules.base / "link")).read(NOW)) == ["link/a.md"]


def test_progress_counts_the_files_to_read(rules: ArticleRules, put: Write) -> None:
    for name in ("a.md", "b.md", "c.md"):
        put(name)
    told: list[tuple[int, int]] = []
    shelf = Shelf(rules)
    shelf.read(NOW, progress=lambda done, total: told.append((done, total)))
    shelf.read(NOW, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
