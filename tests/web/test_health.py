"""Monitoring gets the truth, quickly, and holds nothing up."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from postroom.cli import logs
from postroom.config import Config, parse
from postroom.errors import UsageError
from postroom.model import Feedback, FeedbackKind, Recipient
from postroom.outbox import feedback, figures, leaving, meta, pauses, subscribers
from postroom.outbox.attempts import Attempts
from postroom.outbox.columns import to_micros
from postroom.outbox.disk import Room
from postroom.outbox.ledger import Ledger
from postroom.outbox.sqlite import Driver
from postroom.outbox.tables import edition, pace
from postroom.pipeline.vitals import CONFIG, Pulse, Role, Vitals
from postroom.web import health
from postroom.web.health.checks import Findings, checks, is_ready
from postroom.web.health.look import Log, Look

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CONFIG_TEXT = """\
publication: {name: The Test, url: https://test.example}
channels: {posts: {kind: linkedin, transport: page}}
transports: {page: {kind: folder, path: out}}
"""


@dataclass
class Running:
    """A server on loopback, and what it tells about."""

    ledger: Ledger
    vitals: Vitals
    beaten: list[float]
    handle: health.Handle

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        return httpx.request(method, self.handle.address + path, headers=headers, timeout=10)

    def sample(self, name: str, **labels: str) -> float | None:
        """The value of one sample of /metrics."""
        found = [
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ]
        assert len(found) < 2
        return found[0] if found else None


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse(CONFIG_TEXT, tmp_path / "config.yaml")


@pytest.fixture
def running(config: Config) -> Iterator[Running]:
    beaten = [0.0]
    vitals = Vitals(lambda: beaten[0])
    vitals.take_role(Role.LEADS)
    vitals.use(("page",))
    with Ledger(config.database) as ledger:
        handle = health.serve(config, vitals, listen="127.0.0.1:0", clock=lambda: NOW)
        yield Running(ledger, vitals, beaten, handle)
        handle.close()


# /healthz


def test_a_daemon_whose_heart_beats_is_alive(running: Running) -> None:
    running.beaten[0] = 30
    answer = running.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "alive\n")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_daemon_without_a_heartbeat_is_not(running: Running) -> None:
    running.beaten[0] = 41
    answer = running.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "no heartbeat for 41 s\n")
    running.vitals.beat()
    assert running.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_only_reading_is_allowed(running: Running, path: str) -> None:
    assert (running.get(path, "HEAD").status_code, running.get(path, "HEAD").content) == (200, b"")
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = running.get(path, method)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_whatever_the_host_header_says_it_answers(running: Running) -> None:
    assert running.get("/healthz", Host="monitoring.example").status_code == 200


def test_nothing_else_is_served(running: Running) -> None:
    assert [running.get(path).status_code for path in ("/", "/metrics/x", "/docs")] == [404] * 3


# /readyz


def ready(running: Running) -> tuple[int, dict[str, str]]:
    answer = running.get("/readyz")
    body = answer.json()
    assert body["ready"] == (answer.status_code == 200)
    return answer.status_code, {each["name"]: each["state"] for each in body["checks"]}


def test_a_daemon_that_leads_and_lacks_nothing_is_ready(running: Running) -> None:
    status, states = ready(running)
    assert status == 200
    assert states.keys() == {"heartbeat", "ledger", "tables", "role", "config", "clock", "sqlite", "disk"}
    assert states["ledger"] == states["tables"] == states["role"] == "well"


def test_a_broken_config_with_the_last_good_in_force_is_a_warning_that_quotes_nothing(
    running: Running,
) -> None:
    running.vitals.broke(CONFIG, 'config.yaml:3:1: found "someone@private.example"')
    assert ready(running)[0] == 200
    assert ready(running)[1]["config"] == "warning"
    assert "private" not in running.get("/readyz").text
    running.vitals.mended(CONFIG)
    assert ready(running)[1]["config"] == "well"


def test_a_ledger_that_another_program_keeps_locked_takes_no_writes(running: Running, config: Config) -> None:
    ready(running)
    release = threading.Event()
    with Ledger(config.database) as other:
        other.submit(lambda _: release.wait(20))
        begun = time.monotonic()
        status, states = ready(running)
        assert (status, states["ledger"]) == (503, "failed")
        assert time.monotonic() - begun < 4
        release.set()
    until(lambda: ready(running)[0] == 200)


PULSE = Pulse(since_beat=0.5, role=Role.LEADS)
LOOK = Look(
    taken=0,
    seconds=0.01,
    figures=figures.Figures(
        at=NOW,
        deliveries={},
        editions={},
        unbalanced=0,
        oldest_due={},
        oldest_begun={},
        pauses=(),
        slowed=(),
        heartbeat=NOW,
        backed_up_at=None,
    ),
    fault="",
    log=Log(),
    mismatched=0,
    wal_bytes=0,
    room=Room(path=Path(), free=700, stop_enqueue=500, stop_claims=100),
)
WELL = Findings(
    now=NOW,
    pulse=PULSE,
    look=LOOK,
    unwritable="",
    driver=Driver(name="sqlite3", version="3.53.4", journal="WAL", synchronous="FULL", why=""),
    tables="0004",
)


@pytest.mark.parametrize(
    ("change", "name", "state"),
    [
        ({}, "role", "well"),
        ({"pulse": replace(PULSE, since_beat=31)}, "heartbeat", "failed"),
        ({"pulse": replace(PULSE, role=Role.STANDS_BY)}, "role", "well"),
        ({"pulse": replace(PULSE, role=Role.NONE)}, "role", "failed"),
        ({"unwritable": "the disk is full"}, "ledger", "failed"),
        ({"look": None}, "tables", "failed"),
        ({"look": replace(LOOK, figures=None)}, "tables", "failed"),
        ({"now": NOW - timedelta(seconds=30)}, "clock", "well"),
        ({"now": NOW - timedelta(minutes=2)}, "clock", "failed"),
        ({"driver": None}, "sqlite", "well"),
        (
            {
                "driver": Driver(
                    name="sqlite3", version="3.40.1", journal="DELETE", synchronous="EXTRA", why=""
                )
            },
            "sqlite",
            "warning",
        ),
        (
            {"look": replace(LOOK, room=Room(path=Path(), free=499, stop_enqueue=500, stop_claims=100))},
            "disk",
            "warning",
        ),
        (
            {"look": replace(LOOK, room=Room(path=Path(), free=99, stop_enqueue=500, stop_claims=100))},
            "disk",
            "failed",
        ),
        ({"look": replace(LOOK, room=None)}, "disk", "warning"),
    ],
)
def test_each_check_says_what_it_found(change: dict[str, Any], name: str, state: str) -> None:
    made = checks(replace(WELL, **change))
    assert {each.name: each.state for each in made}[name] == state
    assert is_ready(made) == (state != "failed")


# /metrics


def freeze(ledger: Ledger, **values: Any) -> None:
    """Put an edition with counts into the ledger."""
    row = {
        "key": "posts/hook/one",
        "channel": "posts",
        "article": "one",
        "variant": "hook",
        "title": "One",
        "content_hash": "c",
        "source_hash": "s",
        "transport": "page",
        "transport_kind": "folder",
        "state": "open",
        "due_at": NOW,
        "created_at": NOW,
        **values,
    }
    ledger.write(lambda connection: connection.execute(insert(edition).values(row)))


def test_deliveries_are_shown_by_channel_and_state(running: Running) -> None:
    freeze(running.ledger, rows_read=3, recipients=3, queued=2, sent=1)
    fresh(running)
    assert running.sample("postroom_deliveries", channel="posts", state="queued") == 2
    assert running.sample("postroom_deliveries", channel="posts", state="sent") == 1
    assert running.sample("postroom_deliveries", channel="posts", state="uncertain") == 0
    assert running.sample("postroom_editions", channel="posts", state="open") == 1
    assert running.sample("postroom_accounting_mismatch", proof="sums") == 0


def fresh(running: Running) -> None:
    """Let the look that the server began with end, and be too old to be shown."""
    lookout = running.handle._lookout
    until(lambda: lookout._look is not None)
    lookout._look = replace(lookout._look, taken=float("-inf"))  # type: ignore[type-var]  # it is there


def test_accounts_that_do_not_balance_alarm(running: Running) -> None:
    freeze(running.ledger, rows_read=3, recipients=3, queued=2)
    fresh(running)
    assert running.sample("postroom_accounting_mismatch", proof="sums") == 1


def test_counts_that_no_delivery_bears_out_alarm_within_the_hour(config: Config, running: Running) -> None:
    freeze(running.ledger, rows_read=3, recipients=3, queued=3)
    second = health.serve(config, running.vitals, listen="127.0.0.1:0", clock=lambda: NOW)
    until(lambda: second._lookout._mismatched == 1)
    second.close()


def test_paused_transports_slow_domains_and_the_backup_are_shown(running: Running) -> None:
    ledger = running.ledger
    ledger.write(pauses.pause_transport, "mail", "down", until=NOW + timedelta(hours=1), now=NOW)
    slow = {"transport": "mail", "domain": "slow.example", "tat": NOW + timedelta(seconds=90), "gap": 1}
    ledger.write(lambda connection: connection.execute(insert(pace).values(slow)))
    ledger.write(meta.put, "backup_at", str(to_micros(NOW - timedelta(hours=2))))
    fresh(running)
    assert running.sample("postroom_transport_paused", transport="mail") == 1
    assert running.sample("postroom_transport_paused", transport="page") == 0
    assert running.sample("postroom_domain_throttled_seconds", transport="mail", domain="slow.example") == 90
    assert running.sample("postroom_backup_age_seconds") == 7200


def test_the_daemon_itself_is_shown(running: Running) -> None:
    running.beaten[0] = 4.5
    running.vitals.broke(CONFIG, "why")
    assert running.sample("postroom_scheduler_lag_seconds") == 3.5
    assert running.sample("postroom_config_valid") == 0
    assert running.sample("postroom_ledger_readable") == 1
    assert running.sample("process_resident_memory_bytes") is not None
    assert "postroom_build_info{" in running.get("/metrics").text


def test_attempts_become_counters_and_a_histogram() -> None:
    from postroom.web.health.sheet import written

    log = Log()
    some = Attempts(
        channel="news",
        transport="mail",
        outcome="sent",
        reply="2xx",
        bucket=4,
        count=3,
        seconds=0.24,
        repeats=1,
    )
    log.add([some, replace(some, outcome="refused", reply="5xx", bucket=16, count=1, seconds=900, repeats=0)])
    text = written(PULSE, replace(LOOK, log=log), NOW, "")[0].decode()
    for line in (
        'postroom_send_attempts_total{outcome="sent",transport="mail"} 3.0',
        'postroom_send_attempts_total{outcome="refused",transport="mail"} 1.0',
        'postroom_smtp_replies_total{class="5xx",transport="mail"} 1.0',
        'postroom_possible_repeats_total{channel="news"} 1.0',
        'postroom_send_latency_seconds_bucket{le="0.05",transport="mail"} 0.0',
        'postroom_send_latency_seconds_bucket{le="0.1",transport="mail"} 3.0',
        'postroom_send_latency_seconds_bucket{le="600.0",transport="mail"} 3.0',
        'postroom_send_latency_seconds_bucket{le="+Inf",transport="mail"} 4.0',
        'postroom_send_latency_seconds_count{transport="mail"} 4.0',
        'postroom_send_latency_seconds_sum{transport="mail"} 900.24',
    ):
        assert line in text.splitlines()


def test_every_family_of_ours_has_a_unit_and_help_and_reads_in_both_formats(running: Running) -> None:
    fresh(running)
    plain = running.get("/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=")
    modern = running.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
    for families in (text_string_to_metric_families(plain.text), openmetrics(modern.text)):
        ours = [each for each in families if each.name.startswith("postroom_")]
        assert len(ours) >= 12
        assert all(each.documentation.endswith(".") for each in ours)


@pytest.mark.parametrize(
    "accept",
    [
        b"application/openmetrics-text;version=\xff\xfe;escaping=zz;q=x",
        b"application/openmetrics-text;version=",
        b"application/openmetrics-text;version=9.9.9.9;escaping=zz",
        b"text/plain;version=x.y;escaping=",
        b"text/plain;version=" + b"9" * 5000,
        b",;=,;;==\xff",
        b"",
    ],
)
def test_whatever_the_accept_header_says_there_are_figures(running: Running, accept: bytes) -> None:
    answer = httpx.get(running.handle.address + "/metrics", headers={b"Accept": accept}, timeout=10)
    assert answer.status_code == 200
    assert "postroom_build" in answer.text


def test_what_is_no_http_is_answered_and_costs_no_line_of_the_log(running: Running, capsys) -> None:
    logs.configure()
    host, port = running.handle.address.removeprefix("http://").split(":")
    upgrade = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    for sent in (b"\x16\x03\x01\x02\r\n\r\n", upgrade):
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(sent)
            assert line.recv(100).startswith(b"HTTP/1.1 ")
    assert capsys.readouterr().err == ""


def test_every_figure_is_explained_and_none_that_is_not_there() -> None:
    from postroom.web.health.sheet import written

    seen = figures.Slowed(transport="mail", domain="slow.example", until=NOW)
    full = replace(LOOK.figures, slowed=(seen,), backed_up_at=NOW)  # type: ignore[type-var]  # it is there
    text = written(PULSE, replace(LOOK, figures=full), NOW, "")[0].decode()
    page = (Path(__file__).parents[2] / "docs" / "operate.md").read_text(encoding="utf-8")
    assert {*re.findall(r"^\| `(postroom_\w+)`", page, re.MULTILINE)} == {
        *re.findall(r"^# TYPE (postroom_\w+)", text, re.MULTILINE)
    }


def test_what_comes_back_and_what_people_say_is_counted_from_the_start_of_the_process(
    config: Config,
) -> None:
    def hear(kind: FeedbackKind, event: str) -> None:
        told = Feedback(kind=kind, source="ses", event=event, address="reader@private.example")
        ledger.write(feedback.hear, [told], NOW)

    with Ledger(config.database) as ledger:
        hear(FeedbackKind.BOUNCED, "before")
        vitals = Vitals(lambda: 0.0)
        handle = health.serve(config, vitals, listen="127.0.0.1:0", clock=lambda: NOW)
        running = Running(ledger, vitals, [0.0], handle)
        until(lambda: handle._lookout._look is not None)
        for number, kind in enumerate((FeedbackKind.BOUNCED, FeedbackKind.BOUNCED, FeedbackKind.COMPLAINED)):
            hear(kind, str(number))
        ada, ben = (
            ledger.write(subscribers.enrol_one, a_person(name), "form", NOW) for name in ("ada", "ben")
        )
        for number in (ada, ben):
            ledger.write(leaving.ask, number, "weekly", leaving.Act(how="form"), NOW)
        ledger.write(leaving.confirm, ada, "weekly", leaving.Act(how="form"), NOW)
        ledger.write(leaving.leave, ada, "weekly", leaving.Act(how="one-click"), NOW)
        fresh(running)
        assert running.sample("postroom_feedback_total", source="ses", kind="bounced") == 2
        assert running.sample("postroom_feedback_total", source="ses", kind="complained") == 1
        assert running.sample("postroom_feedback_waiting") == 4
        for what, number in {"asked": 2, "confirmed": 1, "left": 1}.items():
            assert running.sample("postroom_list_changes_total", list="weekly", what=what) == number
        assert running.sample("postroom_signups_waiting", list="weekly") == 1
        assert running.sample("postroom_greetings_waiting") == 0
        fresh(running)
        assert running.sample("postroom_feedback_total", source="ses", kind="bounced") == 2
        handle.close()


def a_person(name: str) -> Recipient:
    address = f"{name}@private.example"
    return Recipient(address=address, identity=address, domain="private.example")


def test_no_label_holds_an_address(running: Running) -> None:
    running.ledger.write(pauses.pause_transport, "mail", "reader@private.example", until=None, now=NOW)
    fresh(running)
    assert not re.search(r"\S+@\S+", running.get("/metrics").text)


def test_figures_are_read_once_for_many_scrapes(running: Running) -> None:
    fresh(running)
    assert running.sample("postroom_ledger_readable") == 1
    first = running.handle._lookout._look
    for _ in range(5):
        running.get("/metrics")
    assert running.handle._lookout._look is first


def test_a_scrape_waits_a_second_for_the_ledger_and_then_shows_what_it_has(running: Running) -> None:
    fresh(running)
    blocked = threading.Event()
    running.handle._lookout._thread.submit(blocked.wait, 20)
    begun = time.monotonic()
    answer = running.get("/metrics")
    assert answer.status_code == 200
    assert time.monotonic() - begun < 3
    blocked.set()


def test_a_ledger_that_cannot_be_read_leaves_the_rest_of_the_figures(running: Running) -> None:
    running.ledger.write(lambda connection: connection.exec_driver_sql("ALTER TABLE edition RENAME TO gone"))
    fresh(running)
    assert running.sample("postroom_ledger_readable") == 0
    assert running.sample("postroom_config_valid") == 1
    assert ready(running)[1]["tables"] == "failed"


def test_a_look_holds_up_no_writer(running: Running) -> None:
    # The lookout has a connection of its own: while it looks, the daemon's ledger goes on.
    fresh(running)
    until(lambda: running.sample("postroom_ledger_readable") == 1)
    begun = time.monotonic()
    for number in range(50):
        running.ledger.write(meta.put, "fact", str(number))
        if number % 10 == 0:
            fresh(running)
            running.handle._lookout.latest()
    assert time.monotonic() - begun < 10


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
import httpx, time
from datetime import datetime, UTC
from pathlib import Path
from postroom.config import load
from postroom.outbox.ledger import Ledger
from postroom.pipeline.vitals import Vitals
from postroom.web import health
config = load(Path(sys.argv[1]))
Ledger(config.database).close()
handle = health.serve(config, Vitals(time.monotonic), listen="127.0.0.1:0", clock=lambda: datetime.now(UTC))
answer = httpx.get(handle.address + "/metrics")
print(answer.status_code, answer.text, httpx.get(handle.address + "/healthz").status_code)
handle.close()
"""


def test_without_the_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG_TEXT)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path / "config.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [
        *["501", "Metrics", "need", "one", "more", "package,", "installed", "beside"],
        *["Postroom:", "pip", "install", "'postroom[metrics]'", "200"],
    ], done.stderr


# Coming and going


def test_a_port_that_is_taken_is_told_with_its_setting(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError, match=rf"operation\.listen: {listen} cannot be used"):
            health.serve(config, Vitals(time.monotonic), listen=listen, clock=lambda: NOW)


def test_it_stops_within_seconds_and_lets_go_of_its_port(running: Running) -> None:
    port = int(running.handle.address.rpartition(":")[2])
    begun = time.monotonic()
    running.handle.close()
    assert time.monotonic() - begun < 4
    socket.create_server(("127.0.0.1", port)).close()


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def half_open(running: Running) -> socket.socket:
    host, port = running.handle.address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=10)
    line.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
    return line


@pytest.mark.parametrize("number", [50, 200])
def test_connections_that_ask_nothing_keep_nobody_out(running: Running, number: int) -> None:
    lines = [half_open(running) for _ in range(number)]
    assert [running.get("/healthz").status_code for _ in range(3)] == [200] * 3
    for line in lines:
        line.close()


def test_a_connection_that_asks_nothing_is_given_up(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.web.health.brief.LONGEST_SECONDS", 0.2)
    with half_open(running) as line, suppress(ConnectionResetError):
        assert line.recv(1) == b""
