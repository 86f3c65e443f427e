"""config.yaml mutated again and again under a working daemon: it never falls, and works by the last good one."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig.books import open_books
from rig.forge import Forge, wait_until
from rig.office import IS_NIGHT
from rig.station import Station

from postroom import config as configs
from postroom.errors import PostroomError
from postroom.outbox import meta

MUTATIONS = 3000 if IS_NIGHT else 300
HEARD = (b'"event": "config ', b'"event": "outbox.database ')
PLACES = st.integers(0, 10_000)
SCRIBBLES = st.one_of(
    st.tuples(st.just("delete"), PLACES, st.just("")),
    st.tuples(st.just("double"), PLACES, st.just("")),
    st.tuples(st.just("swap"), PLACES, st.just("")),
    st.tuples(
        st.just("insert"),
        PLACES,
        st.text(alphabet="abc:{}[]-#&*!|>'\"%@` \t\n0é\u2028", min_size=1, max_size=8),
    ),
    st.tuples(
        st.just("value"),
        PLACES,
        st.sampled_from(["", "null", "-1", "[]", "{}", "yes", "99999999999", "2025-02-30"]),
    ),
)


def scribble(text: str, how: str, place: int, what: str) -> str:
    """Change a text as a slip of the hand would."""
    if how == "insert":
        at = place % len(text)
        return text[:at] + what + text[at:]
    lines = text.splitlines()
    at = place % len(lines)
    match how:
        case "delete":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "swap":
            other = (at + 1) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        case "value" if ":" in lines[at]:
            lines[at] = lines[at].partition(":")[0] + ": " + what
    return "\n".join(lines) + "\n"


def heard(forge: Forge) -> int:
    """Count what the daemon said about its config."""
    return sum(forge.log.read_bytes().count(each) for each in HEARD)


def in_force(station: Station) -> str:
    """Read the config that the ledger keeps as the last good one."""
    with station.ledger() as ledger:
        good = ledger.read(meta.last_good_config)
    assert good is not None
    return good.text


@pytest.mark.timeout(900)
def test_slips_of_every_kind_leave_a_good_config_in_force(office, report) -> None:
    opened = office(seconds=0.02)
    everyone = opened.station.ready(opened.forge, 400)
    path = opened.station.folder / "config.yaml"
    good = path.read_text()
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 0), opened.log()
    broken: list[str] = []

    @settings(max_examples=MUTATIONS, database=None, suppress_health_check=list(HealthCheck))
    @given(SCRIBBLES)
    def slip(change: tuple[str, int, str]) -> None:
        before, told = in_force(opened.station), heard(opened.forge)
        how, place, what = change
        text = scribble(good, how, place, what)
        opened.station.write("config.yaml", text)
        assert wait_until(lambda: heard(opened.forge) > told, 20), text
        assert opened.forge.has_ended(pid) is None, opened.log()
        after = in_force(opened.station)
        assert after in (before, text)
        if not _is_good(text, path):
            broken.append(text)
            assert after == before

    slip()
    told = heard(opened.forge)
    opened.station.write("config.yaml", good)
    assert wait_until(lambda: heard(opened.forge) > told, 20)
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    assert not any("exception" in each for each in opened.forge.events())
    opened.sink.hurry()
    for hours in (1, 5, 9):
        opened.forge.run("run", "--once", shift=timedelta(hours=hours))
    books = open_books(opened.station)
    books.check()
    report(mutations=MUTATIONS, broken=len(broken), crashes=0, doubled=len(books.doubled))
    assert books.doubled == {}
    assert {each.recipient for each in books.taken} == set(everyone)
    assert len(broken) > MUTATIONS // 4


def _is_good(text: str, path: Path) -> bool:
    try:
        configs.parse(text, path)
    except PostroomError:
        return False
    return True
