"""A ledger that was restored, copied or moved is noticed; an ordinary life is not disturbed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from postroom.outbox import Ledger, adoption, guard, history, meta, restore, status
from postroom.outbox.guard import Place

pytestmark = pytest.mark.sqlite_only

NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    path = tmp_path / "machine-id"
    path.write_text("aaaa\n")
    return path


def place(url: str, machine: Path) -> Place:
    found = guard.place_of(url, machine)
    assert found is not None
    return found


def beat(url: str, machine: Path, now: datetime = NOW) -> str:
    """Start once; return why the ledger is guarded, or nothing."""
    with Ledger(url) as ledger:
        found = guard.beat(ledger, place(url, machine), now)
    return found.why if found else ""


@pytest.fixture
def home(outbox, url: str, machine: Path) -> Path:
    """A ledger with something real in it, that was at work once; its file."""
    outbox.freeze("ada", "bob", "cleo")
    outbox.ledger.close()
    assert beat(url, machine) == ""
    return Path(url.removeprefix("sqlite:///"))


def test_a_fresh_ledger_is_at_home(url: str, machine: Path) -> None:
    assert beat(url, machine) == ""
    assert Path(f"{url.removeprefix('sqlite:///')}.instance").stat().st_mode & 0o777 == 0o600


def test_restarts_and_beats_change_nothing(home: Path, url: str, machine: Path) -> None:
    assert [beat(url, machine, NOW + number * MINUTE) for number in range(4)] == [""] * 4
    with Ledger(url) as ledger:
        assert ledger.read(meta.heartbeat) == NOW + 3 * MINUTE


def test_a_ledger_from_before_the_guard_is_taken_as_it_is(outbox, url: str, machine: Path) -> None:
    outbox.freeze("ada")
    outbox.ledger.close()
    assert beat(url, machine) == ""
    assert beat(url, machine) == ""


def test_a_copy_without_the_file_is_guarded(home: Path, url: str, machine: Path) -> None:
    home.with_name("postroom.db.instance").unlink()
    why = beat(url, machine)
    assert "came here without postroom.db.instance" in why
    assert why.endswith("nothing goes out through a real transport until `postroom adopt`")


def test_a_copy_with_the_file_is_guarded_in_another_folder(home: Path, machine: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("postroom.db", "postroom.db.instance"):
        shutil.copy(tmp_path / name, other / name)
    assert f"was moved here from {home}" in beat(f"sqlite:///{other}/postroom.db", machine)


def test_a_copy_on_another_machine_is_guarded(home: Path, url: str, machine: Path) -> None:
    machine.write_text("bbbb\n")
    assert "comes from another machine" in beat(url, machine)


def test_a_machine_without_an_id_is_no_other_machine(home: Path, url: str, machine: Path) -> None:
    machine.unlink()
    assert beat(url, machine) == ""


def test_the_id_of_the_machine_itself_is_not_kept(home: Path, machine: Path) -> None:
    assert "aaaa" not in home.with_name("postroom.db.instance").read_text()


def test_a_copy_put_in_the_same_place_is_guarded(home: Path, url: str, machine: Path, tmp_path: Path) -> None:
    shutil.copy(home, tmp_path / "copy")
    (tmp_path / "copy").replace(home)
    assert "was put in place of the file that was here" in beat(url, machine)


def test_an_earlier_state_written_into_the_same_file_is_guarded(home: Path, url: str, machine: Path) -> None:
    earlier = home.read_bytes()
    assert beat(url, machine, NOW + MINUTE) == ""
    home.write_bytes(earlier)
    assert "was put back to an earlier state" in beat(url, machine, NOW + 2 * MINUTE)


def test_another_ledger_in_the_same_place_is_guarded(home: Path, url: str, machine: Path) -> None:
    seen = home.with_name("postroom.db.instance")
    seen.write_text(json.dumps({**json.loads(seen.read_text()), "instance": "other"}))
    assert "is another than the one that postroom.db.instance speaks of" in beat(url, machine)


WRONG_KINDS = (
    '{"instance": "a", "epoch": "x", "machine": "", "path": "", "inode": 1}',
    '{"instance": "a", "epoch": 1, "machine": "", "path": 7, "inode": 1}',
    '{"instance": "a", "epoch": 1, "machine": "", "path": "", "inode": 1.5}',
    '{"instance": "a", "epoch": 1, "machine": "", "path": "", "inode": 1, "real": "no"}',
    "[" * 60_000,
)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"epoch": 1}', '"a"', *WRONG_KINDS])
def test_a_file_that_says_nothing_counts_as_missing(home: Path, url: str, machine: Path, text: str) -> None:
    home.with_name("postroom.db.instance").write_text(text)
    assert "came here without" in beat(url, machine)


def test_a_ledger_of_rehearsals_is_at_home_everywhere(
    outbox, url: str, machine: Path, tmp_path: Path
) -> None:
    outbox.freeze("ada", rehearsal=True, transport_kind="folder")
    outbox.ledger.close()
    assert beat(url, machine) == ""
    (tmp_path / "postroom.db.instance").unlink()
    machine.write_text("bbbb")
    assert beat(url, machine) == ""
    assert beat(url, machine) == ""


def lose(home: Path, how: str) -> None:
    if how == "removed":
        home.unlink()
    else:
        os.truncate(home, 0)
        home.with_name("postroom.db-wal").unlink(missing_ok=True)


@pytest.mark.parametrize("how", ["removed", "emptied"])
def test_a_new_ledger_in_the_place_of_a_lost_one_is_guarded(
    home: Path, url: str, machine: Path, how: str
) -> None:
    seen = home.with_name("postroom.db.instance").read_bytes()
    lose(home, how)
    for _ in range(2):
        why = beat(url, machine)
        assert "postroom.db.instance beside it" in why
        assert "`postroom outbox recover`" in why
        assert "until `postroom adopt`" in why
    assert home.with_name("postroom.db.instance").read_bytes() == seen, "the witness stays as it is"
    assert restore.damage(url), "`outbox recover` offers its help"


def test_a_new_ledger_in_the_place_of_a_lost_one_may_be_adopted(home: Path, url: str, machine: Path) -> None:
    lose(home, "removed")
    assert beat(url, machine)
    assert adopted(url, machine).held == ()
    assert beat(url, machine, NOW + 2 * MINUTE) == ""
    with Ledger(url) as ledger:
        assert ledger.read(history.read).adopted_at == NOW + MINUTE
    lose(home, "removed")
    assert beat(url, machine, NOW + 3 * MINUTE), "the second loss is noticed as well"


def test_a_ledger_that_is_lost_at_its_first_edition_is_missed(
    outbox, url: str, machine: Path, tmp_path: Path
) -> None:
    outbox.ledger.close()
    assert beat(url, machine) == ""
    guard.foresee(url)
    (tmp_path / "postroom.db").unlink()
    assert beat(url, machine), "no beat came after what was frozen"


def test_a_lost_ledger_of_rehearsals_is_not_missed(outbox, url: str, machine: Path, tmp_path: Path) -> None:
    outbox.freeze("ada", rehearsal=True, transport_kind="folder")
    outbox.ledger.close()
    assert beat(url, machine) == ""
    (tmp_path / "postroom.db").unlink()
    assert beat(url, machine) == ""


def test_another_ledger_of_rehearsals_beside_the_file_of_a_real_one_is_guarded(
    home: Path, url: str, machine: Path
) -> None:
    home.unlink()
    with Ledger(url) as ledger:
        ledger.write(guard.rise, "other", NOW)
    assert "is another than the one that postroom.db.instance speaks of" in beat(url, machine)


def test_copied_articles_and_settings_are_no_copy(
    home: Path, url: str, machine: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "config.yaml").write_text("")
    shutil.copy(tmp_path / "config.yaml", tmp_path / "other")
    assert beat(f"sqlite:///{tmp_path}/other/postroom.db", machine) == ""
    assert beat(url, machine) == ""


def test_a_link_to_the_ledger_is_the_ledger(home: Path, machine: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(home)
    assert beat(f"sqlite:///{tmp_path}/link.db", machine) == ""


def test_a_guarded_ledger_keeps_the_moment_of_its_last_beat(home: Path, url: str, machine: Path) -> None:
    machine.write_text("bbbb")
    assert beat(url, machine, NOW + MINUTE)
    assert beat(url, machine, NOW + 2 * MINUTE)
    with Ledger(url) as ledger:
        assert ledger.read(meta.heartbeat) == NOW


def adopted(url: str, machine: Path) -> adoption.Adopted:
    with Ledger(url) as ledger:
        return adoption.adopt(ledger, place(url, machine), NOW + MINUTE)


def test_an_adopted_ledger_is_at_home(home: Path, url: str, machine: Path) -> None:
    machine.write_text("bbbb")
    assert beat(url, machine)
    done = adopted(url, machine)
    assert (done.held, done.in_doubt, done.since) == (("newsletter/article/post-rooms",), 0, NOW)
    assert beat(url, machine, NOW + 2 * MINUTE) == ""
    with Ledger(url) as ledger:
        assert ledger.read(history.read).adopted_at == NOW + MINUTE


def test_adopting_lets_nothing_go_by_itself(outbox, url: str, machine: Path) -> None:
    outbox.freeze("ada", "bob", "cleo")
    (first, *_) = outbox.claim(1)
    outbox.freeze("ada", article="held", holds=("first-edition",), reason="it is the first")
    outbox.freeze("ada", article="rehearsed", rehearsal=True)
    done = adoption.adopt(outbox.ledger, place(url, machine), NOW)
    assert done.held == ("newsletter/article/post-rooms", "newsletter/article/held")
    assert done.in_doubt == 1
    rows = {row.article: row for row in outbox.ledger.read(status.editions)}
    assert {name: str(row.state) for name, row in rows.items()} == {
        "post-rooms": "held",
        "held": "held",
        "rehearsed": "open",
    }
    assert "if not: `postroom outbox release newsletter/article/post-rooms`" in rows["post-rooms"].reason
    assert rows["held"].reason.startswith("it is the first; another copy of this ledger may have sent it")
    assert rows["held"].holds == ("first-edition",)
    assert outbox.counts("newsletter/article/post-rooms") == {
        "rows_read": 3,
        "recipients": 3,
        "queued": 2,
        "uncertain": 1,
    }
    again = adoption.adopt(outbox.ledger, place(url, machine), NOW)
    assert (again.held, again.in_doubt) == (done.held, 0)
    assert outbox.ledger.read(status.editions)[0].reason == rows["post-rooms"].reason
    assert first.delivery.id


def test_an_edition_of_which_all_was_on_its_way_ends(outbox, url: str, machine: Path) -> None:
    outbox.freeze("ada")
    outbox.claim()
    done = adoption.adopt(outbox.ledger, place(url, machine), NOW)
    assert (done.held, done.in_doubt) == ((), 1)
    assert outbox.state() == "finished"


KILLER = """
import os, signal, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from postroom.outbox import Ledger, adoption, guard

url, machine, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
now = datetime(2026, 11, 22, 10, tzinfo=UTC)
OURS = (guard.__file__, adoption.__file__, guard.durable.__file__)

def run(step):
    left = step
    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in OURS:
            return None
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    with Ledger(url) as ledger:
        place = guard.place_of(url, machine)
        work = lambda *_: sys.settrace(trace)
        ledger.read(work)
        sys.settrace(trace)
        if what == "adopt":
            adoption.adopt(ledger, place, now)
        else:
            found = guard.beat(ledger, place, now)
            assert found is None, found
    sys.settrace(None)

steps = 0
while True:
    steps += 1
    child = os.fork()
    if child == 0:
        try:
            run(steps)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    if ended == 0:
        print(steps)
        break
    if not os.WIFSIGNALED(ended):
        print("failed at", steps)
        sys.exit(1)
"""


def killed_at_every_step(url: str, machine: Path, what: str) -> int:
    """Run a beat again and again, killed one line later each time until it gets through."""
    done = subprocess.run(
        [sys.executable, "-c", KILLER, url, str(machine), what], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout)


def test_a_kill_at_any_step_of_a_beat_never_guards(home: Path, url: str, machine: Path) -> None:
    assert killed_at_every_step(url, machine, "beat") > 20


def test_a_kill_at_any_step_of_the_first_beat_never_guards(outbox, url: str, machine: Path) -> None:
    outbox.freeze("ada")
    outbox.ledger.close()
    assert killed_at_every_step(url, machine, "beat") > 20


def test_a_kill_at_any_step_of_adopting_leaves_it_to_be_done_again(
    home: Path, url: str, machine: Path
) -> None:
    machine.write_text("bbbb")
    assert beat(url, machine)
    assert killed_at_every_step(url, machine, "adopt") > 20
    assert beat(url, machine) == ""
    with Ledger(url) as ledger:
        assert [str(row.state) for row in ledger.read(status.editions)] == ["held"]
