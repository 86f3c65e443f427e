"""Servers that take mail, but not at once, not so fast, or not from us: real daemons, and what they do about it."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from rig.forge import Forge, wait_until
from rig.station import Station
from smtp_server import smtp_server

from postroom.outbox import operate, status

MINUTE = timedelta(minutes=1)

BRIEF = """\
  brief:
    kind: email
    audience: subscribers
    from: "The Brief <brief@learning.example>"
    ignore_before: 2025-01-01
    unsubscribe: {mailto: leave@learning.example}
    transport: tarpit

  linkedin:
"""
TARPIT_TRANSPORT = """\
  tarpit: {{kind: smtp, host: 127.0.0.1, port: {port}, tls: none, connections: 4, window: 8}}
  company-page:
"""


class Post:
    """An SMTP server in this process. `asked` counts who was named as a recipient, `taken` who was sent to.

    `says` answers a recipient, None being yes; `logs_in` says whether a password is right; `log_ins` counts tries.
    """

    def __init__(self) -> None:
        self.port = 0
        self.asked: Counter[str] = Counter()
        self.copies: Counter[str] = Counter()
        self.log_ins = 0
        self.logs_in = True
        self.says: Callable[[str], str | None] = lambda address: None

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.asked[address] += 1
        refusal = self.says(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 yes"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.copies.update(envelope.rcpt_tos)
        return "250 2.0.0 taken"

    def authenticate(self, *who: object) -> AuthResult:
        self.log_ins += 1
        assert isinstance(who[-1], LoginPassword)
        return AuthResult(success=self.logs_in, handled=False)

    def taken(self, domain: str = "") -> int:
        """Count the copies taken for a domain, or for all."""
        return sum(count for who, count in self.copies.items() if who.endswith(domain))


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    with smtp_server(made, authenticator=made.authenticate, auth_require_tls=False) as made.port:
        yield made


@pytest.fixture
def station(tmp_path: Path, post: Post) -> Station:
    return Station(tmp_path / "project", post)


@pytest.fixture
def forge(station: Station) -> Iterator[Forge]:
    made = Forge(station.folder, {"WHO": "news", "WORD": "secret"})
    yield made
    made.close()


def freeze(forge: Forge, station: Station, people: list[str]) -> None:
    """Freeze an edition for these people and let it go; nothing is sent yet."""
    station.write("subscribers.csv", "email\n" + "\n".join(people) + "\n")
    station.article()
    forge.run("run", "--once")
    station.approve()


def states(station: Station) -> dict[str, int]:
    with station.ledger() as ledger:
        assert ledger.read(status.reconcile) == []
        rows = ledger.read(lambda connection: list(status.deliveries(connection)))
    return Counter(str(each.delivery.state) for each in rows)


@pytest.mark.timeout(60)
def test_a_refused_log_in_is_tried_three_times_and_costs_no_recipient_anything(
    forge: Forge, station: Station, post: Post
) -> None:
    """Each further try could lock the account: once in five minutes, three times in all, then a person decides."""
    station.configure(("tls: none\n", 'tls: none\n    username: "${WHO}"\n    password: "${WORD}"\n'))
    everyone = station.ready(forge, 20)
    post.logs_in = False
    tries = {}
    for minutes in (0, 4.9, 6, 12, 3000):
        forge.run("run", "--once", shift=minutes * MINUTE)
        tries[minutes] = post.log_ins
    assert tries == {0: 1, 4.9: 1, 6: 2, 12: 3, 3000: 3}
    assert states(station) == {"queued": 20}
    assert "a person resumes it" in forge.said("transport paused")[-1]["until"]
    post.logs_in = True
    assert forge.run("outbox", "resume", "mail") == 0
    forge.run("run", "--once")
    assert states(station) == {"sent": 20}
    assert post.copies == Counter(everyone)


@pytest.mark.timeout(60)
def test_who_is_greylisted_gets_it_at_the_second_attempt(forge: Forge, station: Station, post: Post) -> None:
    """The server takes nobody whom it first heard of less than 300 seconds ago, by the clock that is moved here.

    Some of these say so in words by which others want less of everything.
    """
    says = {"a": "450 4.2.0 greylisted", "b": "451 4.7.1 greylisted, try again in 300 seconds"}
    people = [f"reader{number}@{name}.example" for number in range(10) for name in says]
    freeze(forge, station, people)
    clock = timedelta(0)
    first: dict[str, timedelta] = {}

    def answer(who: str) -> str | None:
        is_known = clock - first.setdefault(who, clock) >= 5 * MINUTE
        return None if is_known else says[who.partition("@")[2][0]]

    post.says = answer
    heard_of = []
    for clock in (0 * MINUTE, 4.9 * MINUTE, 16 * MINUTE):
        forge.run("run", "--once", shift=clock)
        heard_of.append(post.asked.total())
    assert heard_of == [20, 20, 40]
    assert post.asked == Counter(people * 2)
    assert post.copies == Counter(people)
    assert states(station) == {"sent": 20}


class Quota:
    """Says 421 to the people of a domain beyond so many in any second."""

    def __init__(self, domain: str, rate: int) -> None:
        self.domain, self.rate = domain, rate
        self.times: list[float] = []
        self.complaints = 0

    def __call__(self, address: str) -> str | None:
        now = time.monotonic()
        self.times = [each for each in self.times if now - each < 1]
        if not address.endswith(self.domain) or len(self.times) < self.rate:
            self.times.append(now)
            return None
        self.complaints += 1
        return "421 4.7.0 too many for now"


@pytest.mark.timeout(60)
def test_a_domain_that_says_421_is_slowed_alone_and_fast_again_later(
    forge: Forge, station: Station, post: Post
) -> None:
    """Ten a second are allowed there, and later any number."""
    people = [f"reader{number}@{name}.example" for number in range(20) for name in ("slow", "a", "b", "c")]
    freeze(forge, station, people)
    post.says = quota = Quota("@slow.example", 10)
    for _ in range(6):  # a run does not wait for a rest of more than a second
        forge.run("run", "--once")
        if len(post.copies) == 80 - quota.complaints:
            break
    is_slow = [who.endswith("@slow.example") for who in post.copies]
    assert len(is_slow) == 80 - quota.complaints
    assert 1 <= quota.complaints <= 6, "without a pace it would be ten"
    assert is_slow[: 1 + max(at for at, slow in enumerate(is_slow) if not slow)].count(True) <= 15, (
        "the others waited for it"
    )
    learnt = gap(station)
    assert learnt >= timedelta(milliseconds=100)
    post.says = lambda who: None
    forge.run("run", "--once", shift=20 * MINUTE)
    assert states(station) == {"sent": 80}
    station.article("second", title="On seconds")
    forge.run("run", "--once", shift=120 * MINUTE)
    assert states(station) == {"sent": 160}
    assert post.copies == Counter(people * 2)
    assert gap(station) < learnt * 0.7


def gap(station: Station) -> timedelta:
    """Read how far apart the mails to the slow domain are by now."""
    sql = "SELECT coalesce(max(gap), 0) FROM pace WHERE domain = 'slow.example'"
    with station.ledger() as ledger:
        micros = ledger.read(lambda connection: connection.exec_driver_sql(sql).scalar_one())
    return timedelta(microseconds=micros)


class Tarpit:
    """Takes four mails, and from then on answers each final dot a byte a second, without end."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.taken = self.held = 0
        threading.Thread(target=self._open, daemon=True).start()

    def close(self) -> None:
        self.stopped.set()
        with suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()

    def _open(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self.door.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError), line, line.makefile("rb") as reader:
            line.sendall(b"220 tarpit\r\n")
            while command := reader.readline():
                if command.startswith(b"DATA"):
                    line.sendall(b"354 go on\r\n")
                    while reader.readline() not in (b".\r\n", b""):
                        pass
                    self.taken += 1
                    if self.taken > 4:
                        self._drip(line)
                line.sendall(b"250 2.0.0 ok\r\n")

    def _drip(self, line: socket.socket) -> None:
        self.held += 1
        while not self.stopped.wait(1):
            line.sendall(b"2")


@pytest.fixture
def tarpit() -> Iterator[Tarpit]:
    made = Tarpit()
    yield made
    made.close()


def pace(moments: list[float]) -> float:
    """Tell how many came a second, as a rule: a machine that halts for a while does not count."""
    return 20 / median(later - earlier for earlier, later in zip(moments, moments[20:], strict=False))


@pytest.mark.timeout(60)
def test_a_tarpit_on_one_transport_leaves_the_others_their_pace(office, tarpit: Tarpit, report) -> None:
    """The same daemon sends two hundred mails before the tarpit holds its other transport, and as many after."""
    opened = office(seconds=0.04)
    opened.station.configure(
        ("  linkedin:\n", BRIEF), ("  company-page:\n", TARPIT_TRANSPORT.format(port=tarpit.port))
    )
    everyone = opened.station.people(200)
    opened.station.article()
    opened.forge.run("run", "--once")
    approve(opened.station, "newsletter/article/ledgers")
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() == 200), opened.log()
    approve(opened.station, "brief/article/ledgers")
    assert wait_until(lambda: tarpit.held == 4), opened.log()
    opened.station.article("second", title="On seconds")
    assert wait_until(lambda: opened.sink.count() == 400), opened.log()
    opened.forge.end(pid)
    assert (tarpit.taken, tarpit.held) == (8, 4)
    taken = opened.sink.taken()
    assert Counter(each.recipient for each in taken) == Counter(everyone * 2)
    alone, beside = (pace([each.at for each in some]) for some in (taken[:200], taken[200:]))
    report(alone=round(alone), beside=round(beside))
    assert beside >= 0.9 * alone


def approve(station: Station, key: str) -> None:
    with station.ledger() as ledger:
        ledger.write(operate.approve, key, recipients=200, now=datetime.now(UTC))  # noqa: TID251
