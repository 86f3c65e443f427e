"""The studio's memory."""

from typing import Any

from postroom.errors import PostroomError
from postroom.web.studio.shown import Desk


def test_a_source_is_asked_once_for_each_generation(source: Any) -> None:
    desk = Desk(source)
    entry = desk.catalogue().value[0]
    desk.catalogue(), desk.sheet(entry), desk.sheet(entry)
    assert source.asked == ["catalogue", "sheet clock newsletter article"]
    source.changes += 1
    desk.catalogue(), desk.sheet(entry)
    assert source.asked[2:] == ["catalogue", "sheet clock newsletter article"]


def test_the_last_good_view_stays(source: Any) -> None:
    desk = Desk(source)
    good, entry = desk.catalogue().value, source.sheets[0].entry
    sheet, picture, _ = desk.sheet(entry).value, desk.asset("hero.jpg"), desk.url_prefix()
    source.broken, source.changes = PostroomError("config.yaml:3: no"), 2
    assert (desk.catalogue().value, desk.catalogue().trouble) == (good, "config.yaml:3: no")
    assert (desk.sheet(entry).value, desk.sheet(entry).trouble) == (sheet, "config.yaml:3: no")
    assert desk.asset("hero.jpg") == picture
    assert desk.url_prefix() == source.url_prefix
    source.broken, source.changes = None, 3
    assert desk.catalogue().trouble == ""


def test_what_was_before_is_kept_until_something_changes(source: Any, make: Any) -> None:
    desk, entry = Desk(source), source.sheets[0].entry
    first = desk.sheet(entry).value
    source.sheets[0] = make.mail(entry, html="<p>")
    for source.changes in (2, 3):
        assert desk.sheet(entry).before == first
        assert desk.sheet(entry).value.html == "<p>"


def test_a_second_trouble_does_not_hide_the_last_good_view(source: Any) -> None:
    desk = Desk(source)
    good = desk.catalogue().value
    for source.changes in (2, 3):
        source.broken = PostroomError(f"trouble {source.changes}")
        assert (desk.catalogue().value, desk.catalogue().trouble) == (good, f"trouble {source.changes}")


def test_without_a_good_view_there_is_nothing(source: Any) -> None:
    source.broken = PostroomError("no")
    desk, entry = Desk(source), source.sheets[0].entry
    assert desk.catalogue().value == ()
    assert desk.sheet(entry).value.content is None
    assert desk.asset("hero.jpg") is None


def test_few_sheets_are_kept(source: Any, make: Any) -> None:
    source.sheets = [make.mail(make.entry(f"a{number}"), html="<p>") for number in range(70)]
    desk = Desk(source)
    for sheet in source.sheets:
        desk.sheet(sheet.entry)
    source.asked.clear()
    desk.sheet(source.sheets[-1].entry)
    assert source.asked == []
    desk.sheet(source.sheets[0].entry)
    assert source.asked == ["sheet a0 newsletter article"]


def test_an_image_may_come_to_be_while_nothing_changes(source: Any) -> None:
    desk = Desk(source)
    assert desk.asset("late.jpg") is None
    source.images["late.jpg"] = (b"picture", "image/jpeg")
    assert desk.asset("late.jpg") == (b"picture", "image/jpeg")
