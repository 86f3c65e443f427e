"""What changes while an edition goes out changes nothing of it: everyone gets the same."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.office import Office
from rig.station import Station

from postroom.shipped import shipped

PEOPLE = 120


def _edit(station: Station) -> None:
    station.article(body="Something else entirely.")


def _retitle(station: Station) -> None:
    station.article(title="On something else")


def _delete(station: Station) -> None:
    (station.folder / "articles/ledgers.md").unlink()


def _rename(station: Station) -> None:
    (station.folder / "articles/ledgers.md").rename(station.folder / "articles/moved.md")


def _break(station: Station) -> None:
    station.write("articles/ledgers.md", "---\ntitle: [\n---\n")


def _template(station: Station) -> None:
    source = shipped("templates") / "email/article.txt.j2"
    station.write("templates/email/article.txt.j2", "CHANGED\n" + source.read_text())


def _break_template(station: Station) -> None:
    station.write("templates/email/article.mjml.j2", "{% if %}")


def _grow(station: Station) -> None:
    station.people(PEOPLE + 10)


CHANGES = (_edit, _retitle, _delete, _rename, _break, _template, _break_template, _grow)


@pytest.mark.timeout(100)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_everyone_gets_the_same_whatever_is_changed_meanwhile(
    office, change: Callable[[Station], None]
) -> None:
    opened: Office = office(seconds=0.01)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > PEOPLE // 4), opened.log()
    change(opened.station)
    assert opened.sink.count() < PEOPLE
    assert wait_until(lambda: opened.sink.count() >= PEOPLE), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert books.doubled == {}
    assert len({each.same for each in books.taken}) == 1
    assert len({row.content_hash for row in books.editions}) == 1
