"""A ledger on PostgreSQL: what breaks, how it is told, and what several hosts at once make of it."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from postgresql_server import Server, name_of
from sqlalchemy import Connection, exc

from postroom.errors import LedgerError, LedgerUnreachable
from postroom.model import Sent
from postroom.outbox import Ledger, claim, meta, pace, pauses, presence, record, recover, turns
from postroom.outbox.engine import durability, shown

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MAIL = claim.Carrier("mail", "smtp")
ME = "host-a:1"


pytestmark = pytest.mark.postgresql_only


def cut(postgresql: Server, url: str) -> None:
    """Break every connection to a database, as a restart, a fail-over or an impatient firewall does."""
    postgresql.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    )


def setting(connection: Connection, name: str) -> str:
    return str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())


def test_a_connection_cut_while_idle_is_not_noticed(ledger: Ledger, url: str, postgresql: Server) -> None:
    ledger.write(meta.put, "a", "1")
    cut(postgresql, url)
    assert ledger.read(meta.get, "a") == "1"
    cut(postgresql, url)
    ledger.write(meta.put, "a", "2")
    assert ledger.read(meta.get, "a") == "2"
    assert ledger.read(setting, "lock_timeout") == "10s"


def test_a_transaction_cut_before_its_commit_runs_again(ledger: Ledger, url: str, postgresql: Server) -> None:
    runs = []

    def work(connection: Connection) -> None:
        runs.append(1)
        meta.put(connection, f"run {len(runs)}", "1")
        if len(runs) == 1:
            cut(postgresql, url)
        meta.put(connection, "a", "1")

    ledger.write(work)
    assert [ledger.read(meta.get, name) for name in ("run 1", "run 2", "a")] == [None, "1", "1"]


def test_a_server_that_stays_away_is_told_and_found_again(
    ledger: Ledger, url: str, postgresql: Server
) -> None:
    name = name_of(url)
    postgresql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cut(postgresql, url)
    for _ in range(2):
        with pytest.raises(LedgerError, match="not currently accepting connections"):
            ledger.write(meta.put, "a", "1")
    postgresql.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    ledger.write(meta.put, "a", "1")
    assert ledger.read(meta.get, "a") == "1"


class Wire:
    """A socket before the server's that swallows the answer to the next COMMIT, and hangs up."""

    def __init__(self, postgresql: Server, folder: Path) -> None:
        self.server = postgresql
        self.folder = folder
        self.swallows = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, direct: str) -> str:
        return direct.replace(str(self.server.folder), str(self.folder))

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self.server.folder / ".s.PGSQL.5432"))
            lost = threading.Event()
            ways = [(near, far, lost, True), (far, near, lost, False)]
            pair = [threading.Thread(target=self._pass, args=way, daemon=True) for way in ways]
            for thread in pair:
                thread.start()
            for thread in pair:
                thread.join()
            near.close()
            far.close()

    def _pass(self, one: socket.socket, other: socket.socket, lost: threading.Event, asks: bool) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if asks and b"COMMIT" in data and self.swallows.is_set():
                    self.swallows.clear()
                    lost.set()
                if not asks and lost.is_set():
                    break
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    made = Wire(postgresql, tmp_path_factory.mktemp("w"))
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


def test_an_answer_to_a_commit_that_was_lost_is_told_and_trying_again_does_no_harm(
    outbox, url: str, wire: Wire
) -> None:
    outbox.freeze("ada", "bea")
    taken = outbox.claim()
    results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in taken]
    with Ledger(wire.url(url)) as other:
        wire.swallows.set()
        with pytest.raises(LedgerUnreachable, match="connection broke"):
            other.write(record.record, ME, results, NOW)
        assert outbox.states() == ["sent", "sent"]
        assert other.write(record.record, ME, results, NOW) == [one.delivery.id for one in taken]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sent": 2}


def test_two_that_wait_for_each_other_both_get_on(ledger: Ledger, url: str) -> None:
    for name in "ab":
        ledger.write(meta.put, name, "0")
    both = threading.Barrier(2)
    runs: Counter[str] = Counter()

    def work(connection: Connection, first: str, second: str) -> None:
        runs[first] += 1
        meta.put(connection, first, first)
        if runs[first] == 1:
            both.wait(10)
        meta.put(connection, second, first)

    with Ledger(url) as other:
        for done in (ledger.submit(work, "a", "b"), other.submit(work, "b", "a")):
            done.result()
    # whoever gives way may be back before the other has woken up, and has to give way once more
    assert min(runs.values()) == 1 < max(runs.values())
    assert ledger.read(meta.get, "a") == ledger.read(meta.get, "b")


def is_waited_for(connection: Connection) -> bool:
    """Whether somebody waits for what this transaction has locked."""
    sql = "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return connection.exec_driver_sql(sql).first() is not None


def test_two_that_have_a_transport_rest_at_once_both_get_on(ledger: Ledger, url: str) -> None:
    trouble = pauses.Trouble(reason="no route to host")

    def work(connection: Connection, other: Ledger) -> Future[pauses.Pause]:
        pauses.rest(connection, "mail", trouble, NOW)
        second = other.submit(pauses.rest, "mail", trouble, NOW + timedelta(seconds=1))
        until = monotonic() + 5
        while not is_waited_for(connection):
            assert monotonic() < until
        return second

    with Ledger(url) as other:
        assert ledger.write(work, other).result().since == NOW
    (pause,) = ledger.read(pauses.paused_transports, NOW)
    assert pause.since == NOW


def test_the_last_turn_too_waits_for_whoever_changes_paces(outbox) -> None:
    """Else two hosts that hear of the same domains in another order would wait for each other."""

    def has_lock(connection: Connection, hand: claim.Hand, results: list[record.Result]) -> bool:
        turns.last_turn(connection, hand, results, [], NOW)
        sql = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        return connection.exec_driver_sql(sql).first() is not None

    outbox.freeze("ada", "bea")
    hand = claim.Hand(carrier=MAIL, owner=ME)
    for one, is_slow in zip(outbox.claim(), (False, True), strict=True):
        if is_slow:
            complaint = pace.Complaint(transport="mail", domain="slow.example", begun=NOW)
            outbox.ledger.write(pace.slow_down, complaint, NOW)
        results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250"))]
        assert outbox.ledger.write(has_lock, hand, results) == is_slow
    assert outbox.states() == ["sent", "sent"]


def test_reading_sees_one_moment(ledger: Ledger, url: str) -> None:
    def work(connection: Connection, other: Ledger) -> list[str | None]:
        before = meta.get(connection, "a")
        other.write(meta.put, "a", "2")
        return [before, meta.get(connection, "a")]

    ledger.write(meta.put, "a", "1")
    with Ledger(url) as other:
        assert ledger.read(work, other) == ["1", "1"]
    assert ledger.read(meta.get, "a") == "2"


def test_reading_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(LedgerError):
        ledger.read(meta.put, "a", "1")


def test_rows_locked_by_another_program_are_told_with_the_cure(ledger: Ledger, url: str) -> None:
    ledger.write(meta.put, "a", "1")
    ledger.write(lambda c: c.exec_driver_sql("SET lock_timeout = '50ms'"))

    def work(connection: Connection) -> None:
        meta.put(connection, "a", "2")
        with pytest.raises(LedgerError, match="another program keeps rows locked"):
            ledger.write(meta.put, "a", "3")

    with Ledger(url) as other:
        other.write(work)
    assert ledger.read(meta.get, "a") == "2"


def test_a_session_is_safe_whatever_the_server_is_used_to(url: str, postgresql: Server) -> None:
    postgresql.execute(f"ALTER DATABASE {name_of(url)} SET synchronous_commit = off")
    postgresql.execute(f"ALTER DATABASE {name_of(url)} SET statement_timeout = '1s'")
    with Ledger(url) as ledger:
        names = ("synchronous_commit", "statement_timeout", "application_name", "lock_timeout")
        assert [ledger.read(setting, name) for name in names] == ["on", "0", "postroom", "10s"]


def test_a_server_that_forgets_after_a_power_cut_is_named(ledger: Ledger) -> None:
    told = ledger.read(durability)
    assert told is not None
    assert "fsync" in told  # the tests' own server is such a one


def test_a_server_that_is_not_there_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreachable, match=r"cannot be reached.*see that PostgreSQL runs there"):
        Ledger(f"postgresql://postgres@/a?host={tmp_path}")


def test_a_wrong_password_is_told_and_never_shown(url: str, postgresql: Server) -> None:
    postgresql.execute("DROP ROLE IF EXISTS stranger")
    postgresql.execute("CREATE ROLE stranger LOGIN PASSWORD 'right'")
    for given in ("stranger:wr0ng", "stranger"):
        with pytest.raises(LedgerError, match=r"password (of|for) stranger.*`outbox: database:`") as caught:
            Ledger(url.replace("postgres@", f"{given}@"))
        assert not isinstance(caught.value, LedgerUnreachable)
        assert "wr0ng" not in str(caught.value)


def test_a_database_that_is_not_there_is_told_with_the_command(url: str, postgresql: Server) -> None:
    with pytest.raises(LedgerError, match=r"no database nowhere.*createdb --owner postgres nowhere"):
        Ledger(postgresql.url("nowhere"))
    with pytest.raises(LedgerError, match="no user nobody"):
        Ledger(postgresql.url(name_of(url), user="nobody"))


def test_a_user_who_may_make_no_tables_is_told_with_the_command(url: str, postgresql: Server) -> None:
    postgresql.execute("DROP ROLE IF EXISTS guest")
    postgresql.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(LedgerError, match=r"guest may not.*ALTER DATABASE ledger_\d+ OWNER TO guest"):
        Ledger(url.replace("postgres@", "guest@"))


def test_a_database_in_another_encoding_is_refused(postgresql: Server) -> None:
    postgresql.execute("CREATE DATABASE latin ENCODING 'SQL_ASCII' TEMPLATE template0")
    with pytest.raises(LedgerError, match=r"SQL_ASCII.*createdb --encoding UTF8"):
        Ledger(postgresql.url("latin"))


def test_a_refusal_tells_nobodys_address(ledger: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        ledger.write(
            lambda c: c.exec_driver_sql("INSERT INTO suppression (identity) VALUES ('ada@x.example')")
        )
    assert "ada@" not in str(caught.value)


def test_a_character_that_postgresql_cannot_hold_is_replaced(ledger: Ledger) -> None:
    ledger.write(meta.put, "a", "550 no\0body")
    assert ledger.read(meta.get, "a") == "550 no\ufffdbody"


def test_four_hosts_at_once_take_every_delivery_once(outbox, url: str) -> None:
    outbox.freeze(*(f"p{number}" for number in range(400)))
    taken: Counter[int] = Counter()

    def work(name: str) -> None:
        hand = claim.Hand(carrier=MAIL, owner=name)
        results: list[record.Result] = []
        with Ledger(url) as ledger:
            while True:
                mine = ledger.write(turns.turn, hand, results, 7, NOW)
                if not (mine or results):
                    return
                taken.update(one.delivery.id for one in mine)
                results = [
                    record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in mine
                ]

    with ThreadPoolExecutor(4) as hosts:
        list(hosts.map(work, ["a", "b", "c", "d"]))
    assert len(taken) == 400
    assert set(taken.values()) == {1}
    assert outbox.counts() == {"rows_read": 400, "recipients": 400, "sent": 400}
    assert outbox.state() == "finished"


def test_a_process_that_slept_through_its_time_writes_nothing(outbox, url: str) -> None:
    """Its deliveries were judged meanwhile: they are not its own any more, and no other doubles them."""
    outbox.freeze("ada", "bea")
    for owner in ("sleeper", "judge"):
        outbox.ledger.write(presence.register, owner, "host", 1, NOW)
    with Ledger(url) as sleeper:
        mine = sleeper.write(claim.claim, claim.Hand(carrier=MAIL, owner="sleeper"), 10, NOW)
        outbox.ledger.write(silence("sleeper", timedelta(seconds=61)))
        found = outbox.ledger.write(judge)
        assert len(found.repeats) == len(mine) == 2
        again = outbox.claim(owner="judge", now=NOW + timedelta(hours=1))
        results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in mine]
        refused = sleeper.write(record.record, "sleeper", results, NOW)
        assert refused == [one.delivery.id for one in mine]
        assert sleeper.write(presence.beat, "sleeper", NOW)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 2}
    outbox.record(again, Sent(reply="250"), owner="judge")
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sent": 2}


def silence(owner: str, span: timedelta) -> Callable[[Connection], None]:
    """Let a process have been silent for so long, by the server's clock."""
    micros = span // timedelta(microseconds=1)
    return lambda connection: connection.exec_driver_sql(
        "UPDATE worker SET beat_at = beat_at - %s WHERE name = %s", (micros, owner)
    ).close()


def judge(connection: Connection) -> recover.Recovered:
    """Judge as one who has watched the silent for long enough."""
    watch = presence.Watch(lambda: 0.0, 0.0)
    return recover.recover_silent(connection, NOW, watch, idempotent=lambda kind: False)


def test_what_the_driver_raises_is_no_concern_of_the_callers(ledger: Ledger) -> None:
    with pytest.raises(LedgerError) as caught:
        ledger.write(lambda c: c.exec_driver_sql("SELECT nothing FROM nowhere"))
    assert not isinstance(caught.value, exc.SQLAlchemyError)


def test_no_password_of_the_query_is_shown(tmp_path: Path) -> None:
    address = (
        f"postgresql://postgres:s3cret@/a?host={tmp_path}&password=s3cret&sslpassword=s3cret&sslkey=s3cret"
    )
    with pytest.raises(LedgerUnreachable, match="cannot be reached") as caught:
        Ledger(address)
    assert str(tmp_path) in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in shown(address)
    assert shown(address).startswith("postgresql://postgres@/a?host="), "it can be copied into a command"
    assert "`outbox: database:` in config.yaml" in str(caught.value)


@pytest.mark.parametrize("address", ["postgresql://a:b@h:s3cret/d", "postgresql://a:b@h:s3cret@h/d"])
def test_a_port_that_is_none_is_told_and_not_shown(address: str) -> None:
    with pytest.raises(
        LedgerError, match=r"the port in `outbox: database:` is no number; expected"
    ) as caught:
        Ledger(address)
    assert "cret" not in str(caught.value)


def test_a_url_of_another_kind_is_not_shown() -> None:
    with pytest.raises(LedgerError, match=r"is mysql:…; expected sqlite:///FILE") as caught:
        Ledger("mysql://a:s3cret@h/d")
    assert "s3cret" not in str(caught.value)
