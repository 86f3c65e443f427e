"""The daemon as a real process under real use, and beat by beat inside this one."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from feedback_mails import report
from structlog.testing import capture_logs

from postroom import config, daemon
from postroom.config import Config
from postroom.daemon import Daemon, crew
from postroom.daemon.beat import Beat
from postroom.daemon.crew import Crew
from postroom.daemon.staff import Staff
from postroom.errors import LedgerBroken, TransportError, UsageError
from postroom.model import Recipient
from postroom.outbox import feedback, joining, operate, sqlite, status
from postroom.outbox.joining import Wish
from postroom.outbox.leaving import Act
from postroom.outbox.ledger import Ledger
from postroom.outbox.lock import DaemonLock
from postroom.pipeline.lanes import Shift
from postroom.pipeline.roll import Roll

SOON = 20.0  # seconds; a failing test waits this long, a passing one does not
NO_BACKLOG = ("    transport:", "    ignore_before: 2025-01-01\n    transport:")


@pytest.fixture
def office(desk):
    """A project whose older articles may go out."""
    desk.configure(NO_BACKLOG)
    return desk


class Running:
    """A daemon in a process of its own; its log is a file beside config.yaml."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "daemon.log"
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "postroom", "--config", str(folder / "config.yaml"), "run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def events(self) -> list[dict[str, object]]:
        """Read what this process has logged: one JSON object a line, or this fails."""
        lines = self.log.read_bytes()[self._from :].decode().splitlines()
        return [json.loads(line) for line in lines]

    def said(self, event: str) -> list[dict[str, object]]:
        return [each for each in self.events() if event in str(each["event"])]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SOON)


@contextmanager
def running(desk) -> Iterator[Running]:
    started = Running(desk.folder)
    try:
        until(lambda: started.said("started") or started.process.poll() is not None)
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def until(claim: Callable[[], object], seconds: float = SOON) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # a process of its own goes by the real clock


def in_zone(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def test_a_new_article_goes_out_within_seconds_of_settling(office) -> None:
    with running(office) as started:
        path = office.article()
        os.utime(path)  # written this moment, as an editor would
        until(lambda: len(office.mails()) == 3, 8)
        until(lambda: started.said("delivered"))
        assert started.stop() == 0
    assert len(office.posts()) == 1


def test_an_article_goes_out_within_5_seconds_of_its_time(office) -> None:
    with running(office):
        due = now().replace(microsecond=0) + timedelta(seconds=5)
        office.article(date=in_zone(due))
        until(office.mails)
        late = now() - due
    assert timedelta(0) <= late < timedelta(seconds=5)


def test_what_is_changed_before_its_time_goes_out_as_changed(office) -> None:
    with running(office):
        due = now() + timedelta(seconds=6)
        office.article(date=in_zone(due), title="Before")
        time.sleep(1.5)  # it has been read by now
        office.article(date=in_zone(due), title="After")
        office.write("templates/linkedin/hook.j2", "Told by another template: {{ title }}\n")
        until(office.mails)
        until(office.posts)
    assert office.mails()[0]["Subject"] == "After"
    post = next((office.folder / "out/linkedin").glob("*.txt")).read_text()
    assert "Told by another template: After" in post


def test_a_template_that_is_mended_lets_go_what_it_kept_back(office) -> None:
    with running(office) as started:
        office.write("templates/linkedin/hook.j2", "Told so far\n{% if %}\n")
        office.article()
        until(lambda: started.said("left out"))
        assert str(started.said("left out")[0]["why"]).startswith("templates/linkedin/hook.j2:2: ")
        office.write("templates/linkedin/hook.j2", "Told in the end: {{ title }}\n")
        until(office.posts, 8)


def test_a_broken_config_leaves_the_last_good_in_force_even_over_a_restart(office) -> None:
    good = (office.folder / "config.yaml").read_text()
    with running(office) as started:
        office.write("config.yaml", good.replace("kind: email", "kind: emial"))
        until(lambda: started.said("config is broken"))
        assert 'config.yaml:8:11: channels.newsletter.kind: expected "email"' in str(
            started.said("config is broken")[0]["why"]
        )
        office.article("first")
        until(lambda: len(office.mails()) == 3)
        assert started.stop() == 0
    with running(office) as started:
        until(lambda: started.said("config is broken"))
        office.article("second")
        until(lambda: len(office.mails()) == 6)
        office.write("config.yaml", good.replace("The Test <news@", "The Mended <news@"))
        until(lambda: started.said("config changed"))
        office.article("third")
        until(lambda: len(office.mails()) == 9)
        assert started.stop() == 0
    senders = [str(mail["From"]).split(" <")[0] for mail in office.mails()]
    assert sorted(senders) == ["The Mended"] * 3 + ["The Test"] * 6


def test_a_config_that_was_refused_is_not_the_last_good_one(office) -> None:
    """A port is taken; then the file is broken, and the daemon started anew."""
    good = (office.folder / "config.yaml").read_text()
    with socket.socket() as taken, running(office) as started:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        office.write("config.yaml", f'{good}operation: {{listen: "127.0.0.1:{taken.getsockname()[1]}"}}\n')
        until(lambda: started.said("config cannot be used"))
        office.write("config.yaml", good.replace("kind: email", "kind: emial"))
        until(lambda: started.said("config is broken"))
        assert started.stop() == 0
        with running(office) as again:
            until(lambda: again.said("config is broken"))
            office.article()
            until(lambda: len(office.mails()) == 3)


def test_a_config_that_is_gone_leaves_the_last_good_in_force(office) -> None:
    with running(office) as started:
        (office.folder / "config.yaml").unlink()
        until(lambda: started.said("config is broken"))
        office.article()
        until(lambda: len(office.mails()) == 3)
    with running(office) as started:
        until(lambda: started.said("config is broken"))
        assert "there is no such file" in str(started.said("config is broken")[0]["why"])
        assert started.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_well(office, number: int) -> None:
    with running(office) as started:
        begun = time.monotonic()
        assert started.stop(number) == 0
        assert time.monotonic() - begun < 3
        said = [each["event"] for each in started.events()]
        assert [each for each in said if each != "backup made"] == ["started", "stopping", "stopped"]


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def hang(desk, started: Running) -> None:
    """Let the daemon wait for a server: release its first edition, as another process."""
    desk.article()
    until(lambda: started.said("held for a person"))
    with desk.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=3, now=now())
    until(lambda: any(each.status == "ESTABLISHED" for each in connections(started)))


def connections(started: Running) -> list[object]:
    return psutil.Process(started.process.pid).net_connections("tcp")


def with_server(desk, port: int) -> None:
    transport = f"{{kind: smtp, host: 127.0.0.1, port: {port}, tls: none, ehlo: test.example}}"
    desk.configure(NO_BACKLOG, ("{kind: folder, path: out/mail}", transport))


def test_a_second_signal_ends_it_without_waiting(desk) -> None:
    with silent_server() as port:
        with_server(desk, port)
        with running(desk) as started:
            hang(desk, started)
            started.process.terminate()
            until(lambda: started.said("stopping"))
            begun = time.monotonic()
            assert started.stop(signal.SIGINT) == 128 + signal.SIGINT
            assert time.monotonic() - begun < 2


def test_a_server_that_hangs_cannot_keep_it_from_stopping(desk) -> None:
    with silent_server() as port:
        with_server(desk, port)
        with running(desk) as started:
            hang(desk, started)
            begun = time.monotonic()
            assert started.stop() == 0
            assert time.monotonic() - begun < daemon.STOP_SECONDS + 3
            assert started.said("stopped in the middle")
    assert "Traceback" not in started.log.read_text()


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(office) -> None:
    with running(office) as started:
        for arguments in (["run"], ["run", "--once"]):
            second = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "postroom",
                    "--config",
                    str(office.folder / "config.yaml"),
                    *arguments,
                ],
                capture_output=True,
                text=True,
                timeout=SOON,
                check=False,
            )
            assert second.returncode == 1
            assert second.stdout == ""
            assert second.stderr == (
                f"postroom: process {started.process.pid} already works on postroom.db; "
                "stop it first, or let it do the work; never delete postroom.db.lock: it keeps mails from "
                "going out twice\n"
            )


def test_a_daemon_whose_lock_was_deleted_stops_and_says_so(office) -> None:
    with running(office) as started:
        (office.folder / "postroom.db.lock").unlink()
        until(lambda: started.process.poll() is not None)
        assert started.process.returncode == 1
        (told,) = started.said("another daemon may be at work")
        assert "postroom.db.lock was deleted or replaced" in str(told["why"])
        assert started.said("stopped")


def test_logs_are_json_and_name_nobody(office) -> None:
    (office.folder / "articles/broken.md").write_bytes(b"\xff\xfe\x00")
    office.article()
    with running(office) as started:
        until(lambda: len(office.mails()) == 3)
        until(lambda: started.said("left out"))
        started.stop()
    assert any("articles/broken.md" in str(each["why"]) for each in started.said("left out"))
    assert all({"event", "level", "timestamp"} <= each.keys() for each in started.events())
    text = started.log.read_text()
    assert "@example.org" not in text
    assert "apscheduler" not in text
    assert "maximum number" not in text


# ── beat by beat ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def by_hand(office, monkeypatch):
    """Run daemons whose heart beats only when the test says so: gives (start, stop all)."""
    monkeypatch.setattr(daemon, "HEARTBEAT_SECONDS", 3600)
    monkeypatch.setattr(daemon, "SILENCE_SECONDS", 3600)
    open_ones: list[tuple[Daemon, threading.Thread]] = []

    def start() -> Daemon:
        made = a_daemon(office)
        thread = threading.Thread(target=made.run)
        thread.start()
        open_ones.append((made, thread))
        until(lambda: made._job is not None)
        return made

    with capture_logs() as logs:
        yield start, logs
        for made, thread in open_ones:
            made.stopping.set()
            monkeypatch.setattr(daemon, "SILENCE_SECONDS", 0)
            thread.join(SOON)
            made.ledger.close()


def a_daemon(office) -> Daemon:
    loaded = config.load(office.folder / "config.yaml")
    ledger = Ledger(loaded.database)
    roll = Roll(ledger, "test", "host", 1, lambda: office.now)
    return Daemon(
        path=loaded.path,
        config=loaded,
        ledger=ledger,
        shift=Shift(
            owner="test",
            clock=lambda: office.now,
            secrets=lambda reference: reference,
            hold=roll.hold,
        ),
        roll=roll,
        crew=Crew(config=loaded.path, number=0, roll=roll, lock=DaemonLock(loaded.database)),
    )


def events(logs: list[dict[str, object]]) -> list[str]:
    return [str(each["event"]) for each in logs]


def test_a_clock_that_leaps_ahead_drops_nothing(office, by_hand) -> None:
    start, _ = by_hand
    office.article(date="2026-03-10 15:00")
    beating = start()
    beating.beat()
    assert office.mails() == []
    office.now += timedelta(days=3)
    beating.beat()
    until(lambda: len(office.mails()) == 3)


def test_a_clock_that_is_set_back_repeats_nothing(office, by_hand) -> None:
    start, logs = by_hand
    office.article()
    beating = start()
    beating.beat()
    until(lambda: "delivered" in events(logs) and len(office.mails()) == 3)
    office.now -= timedelta(hours=6)
    beating._changed.set()
    beating.beat()
    with office.ledger() as ledger:
        found = {row.key: row.accounts for row in ledger.read(status.editions)}
    assert {key: (counts.recipients, counts.sent) for key, counts in found.items()} == {
        "linkedin/hook/letters": (1, 1),
        "newsletter/article/letters": (3, 3),
    }


def test_a_heartbeat_that_fell_silent_is_armed_anew(office, by_hand, monkeypatch) -> None:
    """APScheduler reckons by the wall clock: set back an hour, the next beat is an hour away."""
    start, _ = by_hand
    beating = start()
    monkeypatch.setattr(daemon, "HEARTBEAT_SECONDS", 0.05)
    assert beating._beaten == float("-inf")
    beating._keep_awake()
    until(lambda: beating._beaten > 0, 5)


def test_the_heartbeat_counts_no_moment_that_was_missed() -> None:
    """A clock put right from 1970, or a machine that slept: one beat, and the next is a second away."""
    beat, now = Beat(timedelta(seconds=1)), datetime(2026, 11, 23, tzinfo=UTC)
    assert beat.get_next_fire_time(None, now) == now + timedelta(seconds=1)
    assert beat.get_next_fire_time(datetime(1970, 1, 2, tzinfo=UTC), now) == now + timedelta(seconds=1)
    assert beat.get_next_fire_time(now + timedelta(days=1), now) == now + timedelta(seconds=1)


def test_a_config_is_adopted_only_when_it_is_whole(office, by_hand) -> None:
    start, logs = by_hand
    beating = start()
    beating.beat()
    good = (office.folder / "config.yaml").read_text()
    office.write("config.yaml", good[: len(good) // 2])
    beating.beat()
    office.write("config.yaml", good.replace("Testing", "Tested"))
    beating.beat()
    assert beating.config.text == good
    beating.beat()
    assert "Tested" in beating.config.text
    assert "config changed" in events(logs)
    assert not any("broken" in event for event in events(logs))


def test_a_config_that_cannot_be_used_yet_changes_nothing_and_is_tried_again(
    office, by_hand, monkeypatch
) -> None:
    """The port where monitoring is to be answered is taken for a while."""
    monkeypatch.setattr(daemon, "AGAIN_SECONDS", 0)
    start, logs = by_hand
    beating = start()
    beating.beat()
    before, taken = beating._staff.publisher, threading.Event()
    taken.set()

    def answer(loaded: Config, _: object) -> None:
        if "Tested" in loaded.text and taken.is_set():
            raise UsageError("operation.listen: 127.0.0.1:9090 cannot be used")

    beating._staff.monitoring = answer
    good, notifier = (office.folder / "config.yaml").read_text(), beating._staff._notifier
    office.write("config.yaml", good.replace("Testing", "Tested") + 'operation: {listen: "127.0.0.1:9090"}\n')
    for _ in range(4):
        beating.beat()
    assert beating._staff.publisher is before
    assert beating._staff._notifier is notifier
    assert beating.config.text == good
    assert sum("cannot be used" in event for event in events(logs)) == 1
    taken.clear()
    beating.beat()
    assert "Tested" in beating.config.text


def test_nothing_is_left_open_by_a_stop_while_a_config_is_adopted(office, by_hand, monkeypatch) -> None:
    """Monitoring that is being opened when the stop comes is closed as well."""
    monkeypatch.setattr(daemon, "SILENCE_SECONDS", 0.1)
    start, _ = by_hand
    beating = start()
    opening, closed = threading.Event(), threading.Event()

    class Answering:
        def close(self) -> None:
            closed.set()

    def answer(loaded: Config, _: object) -> Answering:
        opening.set()
        beating.stopping.wait(SOON)
        time.sleep(0.3)
        return Answering()

    beating._staff.monitoring = answer
    good = (office.folder / "config.yaml").read_text()
    office.write("config.yaml", good.replace("Testing", "Tested"))
    adopting = threading.Thread(target=lambda: [beating.beat() for _ in range(2)])
    adopting.start()
    assert opening.wait(SOON)
    beating.stopping.set()
    adopting.join(SOON)
    assert closed.wait(SOON)


def test_leave_to_send_for_real_again_is_tried_until_it_can_be_used(office, by_hand, monkeypatch) -> None:
    monkeypatch.setattr(daemon, "AGAIN_SECONDS", 0)
    start, logs = by_hand
    beating = start()
    beating.beat()
    beating._is_guarded = True  # as after a start on a copy; the ledger says by now that it is none
    work_by, tries = Staff.work_by, []

    def fail_once(staff: Staff, *given: object, **named: object) -> object:
        tries.append(named["only_rehearsals"])
        if len(tries) == 1:
            raise TransportError("the key for DKIM is not there")
        return work_by(staff, *given, **named)

    monkeypatch.setattr(Staff, "work_by", fail_once)
    for _ in range(3):
        beating._changed.set()
        beating.beat()
    assert tries == [False, False]
    assert sum("tick failed" in event for event in events(logs)) == 1


def test_a_start_that_fails_half_way_leaves_nobody_at_work(office, monkeypatch) -> None:
    def fail(crew: Crew) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Crew, "start", fail)
    made = a_daemon(office)
    with pytest.raises(RuntimeError, match="new thread"):
        made.run()
    made.ledger.close()
    assert not [each.name for each in threading.enumerate() if each.name.startswith("worker")]


class Kept:
    """A lock and a roll that only note who is judged."""

    handles: tuple[int, ...] = ()
    owner = "host:1"

    def __init__(self) -> None:
        self.judged: list[str] = []

    def verify(self) -> None:
        pass

    def judge_dead(self, owners: Collection[str]) -> None:
        self.judged += owners


def ended(code: int) -> crew._Hand:
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"], stdin=subprocess.PIPE)
    process.wait(SOON)
    assert process.stdin is not None
    process.stdin.close()
    return crew._Hand(f"host:1/{code}", process, float("-inf"))


def test_nobody_writes_to_a_disk_that_failed_a_worker_process() -> None:
    kept = Kept()
    helpers = Crew(config=Path("config.yaml"), number=1, roll=kept, lock=kept)
    helpers._hands = [ended(75)]
    with pytest.raises(LedgerBroken, match="host:1/75 met a disk that fails"):
        helpers.look()
    helpers._leaving = [ended(75), ended(1)]
    assert helpers.end(1)
    helpers._leaving = [ended(1)]
    assert helpers.end(1, judges=False)
    assert kept.judged == []
    helpers._leaving = [ended(1), ended(0)]
    assert helpers.end(1)
    assert kept.judged == ["host:1/1"]


def test_a_worker_process_that_cannot_be_started_keeps_nobody_else_from_working(monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(crew.subprocess, "Popen", refuse)
    kept = Kept()
    helpers = Crew(config=Path("config.yaml"), number=2, roll=kept, lock=kept)
    with capture_logs() as logs:
        helpers.start()
        helpers.look()
        helpers.look()
    assert events(logs) == ["no further worker process can be started yet"]  # it is news once
    assert helpers._hands == []


def test_a_config_without_a_way_out_is_not_adopted(office, by_hand) -> None:
    start, logs = by_hand
    beating = start()
    real = ("{kind: folder, path: out/mail}", "{kind: smtp, host: localhost}")
    office.configure(NO_BACKLOG, real, ("    unsubscribe: {mailto: leave@test.example}\n", ""))
    beating.beat()
    beating.beat()
    assert beating.config.transports["mail"].kind == "folder"
    (said,) = [str(each["why"]) for each in logs if "broken" in str(each["event"])]
    assert said.startswith("config.yaml:7: channels.newsletter.unsubscribe: there is no unsubscribe")


def test_another_database_needs_a_restart(office, by_hand) -> None:
    start, logs = by_hand
    beating = start()
    office.write(
        "config.yaml", (office.folder / "config.yaml").read_text() + "outbox: {database: 'sqlite:///x.db'}\n"
    )
    beating.beat()
    beating.beat()
    assert any("restart the daemon" in event for event in events(logs))
    assert not (office.folder / "x.db").exists()


def test_a_locked_ledger_is_told_in_a_line_and_waited_for(office, by_hand, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(daemon, "AGAIN_SECONDS", 0)
    start, logs = by_hand
    office.article()
    beating = start()
    with exclusive(office.folder / "postroom.db"):
        beating.beat()
    (failed,) = [each for each in logs if "tick failed" in str(each["event"])]
    assert "another program keeps it locked" in str(failed["why"])
    assert "exc_info" not in failed
    beating.beat()
    until(lambda: len(office.mails()) == 3)


@contextmanager
def exclusive(database: Path) -> Iterator[None]:
    """Hold the whole ledger, as a backup program might."""
    module = sqlite.module_of(sqlite.driver())
    other = module.connect(str(database), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.close()


def test_the_same_finding_is_logged_once(office, by_hand) -> None:
    start, logs = by_hand
    office.subscribers(0)
    office.article()
    beating = start()
    for _ in range(3):
        beating._changed.set()
        beating.beat()
    assert sum("nobody would get it" in str(each.get("why")) for each in logs) == 1


def test_a_reading_of_many_articles_is_left_when_it_is_time(office, by_hand) -> None:
    start, logs = by_hand
    for number in range(50):
        office.article(f"number-{number}")
    beating = start()
    beating.beat()
    beating.stopping.set()
    with pytest.raises(daemon._Stopped):
        beating._go_on(1, 50)
    before = len(logs)
    beating.beat()
    assert "tick failed" not in events(logs[before:])


def test_who_signs_up_in_another_process_is_asked_to_confirm_between_two_ticks(desk) -> None:
    web = 'web: {url: "https://mail.test.example", sign_up: [subscribers]}\naudiences:\n'
    desk.configure(("audiences:\n", web), ("{file: subscribers.csv}", "{list: weekly}"))
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    wish = Wish(person=ada, lists=("weekly",), language="", act=Act(how="sign-up form"))
    with running(desk) as daemon_at_work:
        until(lambda: (desk.folder / "postroom.db").exists())
        time.sleep(2)  # past the tick of the start
        with desk.ledger() as ledger:
            ledger.write(joining.sign_up, wish, now())
        begun = time.monotonic()
        until(lambda: desk.mails(), daemon.TICK_SECONDS / 2)
        print(f"the mail was written after {time.monotonic() - begun:.1f} s")
        assert [str(mail["To"]) for mail in desk.mails()] == ["ada@example.org"]
        assert daemon_at_work.stop() == 0


def test_a_daemon_forgets_who_did_not_confirm(office, by_hand) -> None:
    start, logs = by_hand
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    wish = Wish(person=ada, lists=("weekly",), language="", act=Act(how="sign-up form"))
    with office.ledger() as ledger:
        ledger.write(joining.sign_up, wish, office.now - timedelta(days=31))
    start().beat()
    assert "forgot who did not confirm" in [each["event"] for each in logs]


def test_a_greeting_that_cannot_be_written_is_told_once_and_mended(desk, by_hand) -> None:
    web = 'web: {url: "https://mail.test.example", sign_up: [subscribers]}\naudiences:\n'
    desk.configure(("audiences:\n", web), ("{file: subscribers.csv}", "{list: weekly}"))
    template = desk.write("templates/greeting/confirm.txt.j2", "{{ nothing.there }}")
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    wish = Wish(person=ada, lists=("weekly",), language="", act=Act(how="sign-up form"))
    with desk.ledger() as ledger:
        ledger.write(joining.sign_up, wish, now())
    start, logs = by_hand
    made = start()
    for _ in range(3):
        made._greeter._quiet_until = 0
        made.beat()
    assert [each["event"] for each in logs].count("who joins cannot be greeted; it is tried again") == 1
    assert "confirm.txt.j2" in made.vitals.pulse().broken["greetings"]
    template.unlink()
    made._greeter._quiet_until = 0
    made.beat()
    until(lambda: desk.mails())
    assert "greetings" not in made.vitals.pulse().broken


def mailbox_of(office) -> Path:
    """Name a Maildir in config.yaml that holds one bounce."""
    for folder in ("new", "cur", "tmp"):
        (office.folder / "bounces" / folder).mkdir(parents=True)
    with (office.folder / "config.yaml").open("a") as file:
        file.write("feedback: {mailbox: {maildir: bounces, every: 30 seconds}}\n")
    path = office.folder / "bounces/new/1.M1.host"
    path.write_bytes(report())
    return path


def test_bounces_are_read_and_acted_upon_while_it_runs(office) -> None:
    path = mailbox_of(office)
    with running(office) as started:
        until(lambda: started.said("acted on what came back"))
        assert started.stop() == 0
    with office.ledger() as ledger:
        (one,) = ledger.read(feedback.recent, 9)
    assert one.outcome == "not believed: it names no mail of ours"
    assert not path.exists()


def test_a_ledger_that_is_a_copy_takes_no_bounce_from_the_real_one(office, by_hand) -> None:
    mailbox_of(office)
    made = by_hand[0]()
    loaded = config.load(office.folder / "config.yaml")
    made._staff.work_by(loaded, only_rehearsals=False)
    assert made._staff._listener is not None
    made._staff.work_by(loaded, only_rehearsals=True)
    assert made._staff._listener is None
