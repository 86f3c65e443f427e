"""The studio's source over a real project: what it lists, what it shows, and what it does with broken files."""

from __future__ import annotations

import pytest

from postroom.cli.sheets import ProjectSource
from postroom.errors import ConfigError, UsageError
from postroom.model import Email, Post


@pytest.fixture
def source(desk) -> ProjectSource:
    desk.configure(("    transport: mail", "    ignore_before: 2025-01-01\n    transport: mail"))
    desk.article(description="Dear {{first_name|friend}}, letters are for you.")
    return ProjectSource(desk.folder / "config.yaml")


def test_every_candidate_is_listed_with_its_fate(source) -> None:
    entries = {(each.channel, each.variant): each for each in source.catalogue()}
    assert set(entries) == {("newsletter", "article"), ("linkedin", "hook"), ("linkedin", "takeaways")}
    assert entries["newsletter", "article"].state == "ready"
    assert entries["linkedin", "hook"].state == "blocked"
    assert "first sight" in entries["linkedin", "hook"].why


def test_a_mail_is_shown_as_its_first_recipient_gets_it(source) -> None:
    sheet = source.sheet("letters", "newsletter", "article")
    assert isinstance(sheet.content, Email)
    assert sheet.header("To") == "Reader 0 <reader0@example.org>"
    assert sheet.header("Subject") == "On letters"
    assert sheet.preheader == "Dear Reader, letters are for you."
    assert "@@" not in sheet.html + sheet.text
    assert sheet.eml is not None


def test_a_post_is_shown(source) -> None:
    sheet = source.sheet("letters", "linkedin", "hook")
    assert isinstance(sheet.content, Post)
    assert sheet.sender == "The Test"


def test_a_broken_file_is_listed_and_explained(desk, source) -> None:
    desk.write("articles/broken.md", "---\ntitle: Never closed\n\nText.\n")
    source.changed()
    entry = next(each for each in source.catalogue() if each.file == "articles/broken.md")
    assert entry.errors
    sheet = source.sheet(entry.article, "", "")
    assert sheet.content is None
    assert sheet.findings[0].file == "articles/broken.md"


def test_a_broken_template_is_a_finding_of_the_sheet(desk, source) -> None:
    desk.write("templates/email/article.mjml.j2", "<mjml>\n{{ nothing.here }}\n</mjml>\n")
    source.changed()
    sheet = source.sheet("letters", "newsletter", "article")
    assert sheet.content is None
    (finding,) = sheet.findings
    assert (finding.file, finding.line) == ("templates/email/article.mjml.j2", 2)


def test_a_config_that_is_broken_from_the_start_is_the_studios_to_show(desk) -> None:
    desk.write("config.yaml", "channels: [\n")
    source = ProjectSource(desk.folder / "config.yaml")
    assert source.paths() == [desk.folder / "config.yaml"]
    with pytest.raises(ConfigError):
        source.catalogue()


def test_an_article_that_vanished_is_said_to_be_gone(desk, source) -> None:
    source.catalogue()
    (desk.folder / "articles/letters.md").unlink()
    source.changed()
    with pytest.raises(UsageError, match="letters is gone"):
        source.sheet("letters", "newsletter", "article")


def test_images_are_found_by_their_public_name_only(desk, source) -> None:
    from PIL import Image

    picture = desk.folder / "articles" / "hero.png"
    Image.new("RGB", (40, 20), "#ff8800").save(picture)
    desk.article(heroImage="hero.png")
    source.changed()
    html = source.sheet("letters", "newsletter", "article").html
    name = html.split(f"{source.url_prefix}/", 1)[1].split('"', 1)[0]
    data, kind = source.asset(name) or (b"", "")
    assert data
    assert kind in ("image/png", "image/jpeg")
    assert source.asset("../config.yaml") is None
    assert source.asset("config.yaml") is None
