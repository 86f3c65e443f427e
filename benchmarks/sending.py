"""Send: the whole pipeline against smtp-source, far away, into Postfix, and on PostgreSQL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.bench import Bench
from benchmarks.faraway import ROUND_TRIP_SECONDS, trusted
from benchmarks.measure import Figure, compared, pairs
from benchmarks.postfix import drain, postfix
from benchmarks.postgres import cluster, new_database
from benchmarks.project import Project
from benchmarks.sinks import free_port, smtp_sink, source_rate, started

FAR_CONNECTIONS = (1, 8)
FAR_SECONDS = 20
POSTFIX_MAILS = 10_000
FEW = 3  # connections of each of two workers: each signs one mail while another is on its way
LONGER = 3  # times as many mails where a second process has to start first


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How an edition went out: mails a second, processor seconds for 1,000 of them, memory of all processes."""

    rate: float
    cpu_per_thousand: float
    peak_mb: float


@dataclass(slots=True, kw_only=True)
class Sender:
    """A project with so many people, that sends them one more edition whenever it is asked."""

    project: Project
    people: int
    workers: int = 1
    done: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.project.subscribe(self.people)

    def rate(self) -> float:
        """Send an edition to everybody; return mails a second from the first claim to the last record."""
        key = self.project.publish(self.people)
        used = self.project.deliver(*self.arguments)
        span = self.project.span(key)
        if not span.sent == span.attempts == self.people:
            raise RuntimeError(f"{span.sent} of {self.people} were sent, in {span.attempts} attempts")
        idle = self.project.deliver(*self.arguments)
        cpu = used.cpu_seconds - idle.cpu_seconds
        self.done.append(
            Delivered(
                rate=self.people / span.seconds,
                cpu_per_thousand=cpu / self.people * 1000,
                peak_mb=used.peak_mb,
            )
        )
        return self.done[-1].rate

    @property
    def arguments(self) -> tuple[str, ...]:
        """How the program is told to use more than one process."""
        return () if self.workers == 1 else ("--workers", str(self.workers))

    def figures(
        self, section: str, name: str, setting: str, cpu_at_most: float | None = None
    ) -> list[Figure]:
        """What every edition that was sent so far cost."""
        return [
            Figure(
                section=section,
                name=f"{name}: mails a second",
                values=[each.rate for each in self.done],
                unit="/s",
                setting=setting,
            ),
            Figure(
                section=section,
                name=f"{name}: CPU for 1,000 mails",
                values=[each.cpu_per_thousand for each in self.done],
                unit="s",
                at_most=cpu_at_most,
                setting=setting,
            ),
            Figure(
                section=section,
                name=f"{name}: peak memory",
                values=[each.peak_mb for each in self.done],
                unit="MB",
                setting=setting,
            ),
        ]


def plain(port: int, **settings: object) -> dict[str, object]:
    """Spell a transport to a server on this machine, without TLS."""
    return {"kind": "smtp", "host": "127.0.0.1", "port": port, "tls": "none", **settings}


def fast(bench: Bench, port: int) -> dict[str, object]:
    """Spell the transport that the throughput is measured with."""
    return plain(port, window=bench.window, connections=bench.connections)


def described(transport: dict[str, object], workers: int = 1) -> str:
    """Tell the settings that matter for speed."""
    window, connections = transport.get("window", 32), transport.get("connections", 4)
    return f"window {window}, connections {connections}, workers {workers}"


def signed(bench: Bench, port: int) -> dict[str, object]:
    """Spell the same transport with an RSA-2048 signature on every mail, by a key made for it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = bench.folder("key") / "dkim.pem"
    file.write_bytes(pem)
    file.chmod(0o600)
    return {**fast(bench, port), "dkim": [{"selector": "bench", "key": str(file)}]}


def send(bench: Bench) -> Iterator[Figure]:
    """Against smtp-source on one smtp-sink: as fast as it goes, signed, and as config.yaml has it by default."""
    with smtp_sink() as port:
        signing = signed(bench, port)
        alone, together = (bench.mails, bench.workers), (LONGER * bench.mails, 2)
        for name, transport, (people, workers), at_least, cpu in (
            ("unsigned", fast(bench, port), alone, 1.0, 0.12),
            ("signed", signing, alone, 0.5, None),
            ("signed, two workers", {**signing, "connections": FEW}, together, 0.5, None),
            ("by default", plain(port), alone, None, None),
        ):
            project = Project(folder=bench.folder("send"), transport=transport)
            sender = Sender(project=project, people=people, workers=workers)
            yield from against_source(bench, sender, port, ("send", name, at_least, cpu))


def against_source(
    bench: Bench, sender: Sender, port: int, what: tuple[str, str, float | None, float | None]
) -> Iterator[Figure]:
    """Measure a sender in pairs with smtp-source, on mails of the same length."""
    section, name, at_least, cpu = what
    size = sender.project.mail_bytes()
    setting = f"{described(dict(sender.project.transport), sender.workers)}, {sender.people:,} mails of {size:,} bytes"
    found = pairs(sender.rate, lambda: source_rate(port, sender.people, size), bench.pairs)
    yield compared(
        section,
        f"{name}: times smtp-source -d -s 8",
        found,
        at_least=at_least,
        setting=setting,
    )
    yield from sender.figures(section, name, setting, cpu)


def rtt(bench: Bench) -> Iterator[Figure]:
    """Over TLS to a server 50 ms away: how near to one mail a connection and round trip."""
    with _far_server(bench) as settings:
        for connections in FAR_CONNECTIONS:
            yield from _far(bench, {**settings, "connections": connections})


@contextmanager
def _far_server(bench: Bench) -> Iterator[dict[str, object]]:
    """Start a server 50 ms away; give the transport to it."""
    port = free_port()
    with trusted(bench.folder("far")) as (own, anchor):
        command = [sys.executable, "-m", "benchmarks.faraway", str(port), str(own)]
        with started(command, port):
            yield plain(port, tls="starttls", ca=str(anchor))


def _far(bench: Bench, transport: dict[str, object]) -> Iterator[Figure]:
    connections = int(str(transport["connections"]))
    ceiling = connections / ROUND_TRIP_SECONDS
    project = Project(folder=bench.folder("far"), transport=transport)
    sender = Sender(project=project, people=int(ceiling * FAR_SECONDS))
    rates = [sender.rate() for _ in range(bench.pairs)]
    name = f"TLS, 50 ms, {connections} connection{'s' * (connections > 1)}"
    setting = f"{described(transport)}, {sender.people:,} mails, hand-shakes included"
    yield Figure(
        section="rtt",
        name=f"{name}: share of connections / RTT",
        values=[rate / ceiling for rate in rates],
        unit="×",
        at_least=0.9,
        setting=setting,
    )
    yield from sender.figures("rtt", name, setting)


def local_postfix(bench: Bench) -> Iterator[Figure]:
    """Into a Postfix on this machine, which takes each mail durably and discards it."""
    folder = bench.folder("postfix") / "postfix"
    with postfix(folder) as port:
        project = Project(folder=bench.folder("send"), transport=fast(bench, port))
        sender = Sender(project=project, people=POSTFIX_MAILS)
        size = project.mail_bytes()

        def ours() -> float:
            rate = sender.rate()
            drain(folder)
            return rate

        def reference() -> float:
            rate = source_rate(port, POSTFIX_MAILS, size)
            drain(folder)
            return rate

        found = pairs(ours, reference, bench.pairs)
    setting = f"{described(fast(bench, port))}, {POSTFIX_MAILS:,} mails of {size:,} bytes"
    yield compared(
        "postfix",
        "into Postfix: times smtp-source -d -s 8",
        found,
        at_least=0.9,
        setting=setting,
    )
    yield from sender.figures("postfix", "into Postfix", setting)


@contextmanager
def _on_postgres(bench: Bench, settings: dict[str, object], people: int) -> Iterator[list[Sender]]:
    """Give a sender on SQLite, then one on PostgreSQL with one worker and one with two."""
    with cluster(bench.folder("postgres") / "cluster") as server:
        projects = [
            Project(folder=bench.folder("sqlite"), transport=settings),
            *(
                Project(folder=bench.folder("postgres"), transport=settings, database=new_database(server))
                for _ in range(2)
            ),
        ]
        yield [
            Sender(project=project, people=people, workers=workers)
            for project, workers in zip(projects, (1, 1, 2), strict=True)
        ]


def postgres(bench: Bench) -> Iterator[Figure]:
    """The same on PostgreSQL: one worker against SQLite, then two workers against one."""
    with smtp_sink() as port, _on_postgres(bench, fast(bench, port), bench.mails) as (on_sqlite, one, two):
        found = pairs(one.rate, on_sqlite.rate, bench.pairs)
        more = pairs(two.rate, one.rate, bench.pairs)
        setting = f"{described(fast(bench, port))}, {bench.mails:,} mails"
    yield compared(
        "postgres",
        "one worker: times SQLite",
        found,
        at_least=0.7,
        setting=setting,
    )
    yield compared(
        "postgres",
        "two workers: times one",
        more,
        at_least=1.0,
        setting=setting,
    )
    yield from one.figures("postgres", "one worker", setting)
    yield from two.figures("postgres", "two workers", setting)


def hosts(bench: Bench) -> Iterator[Figure]:
    """On PostgreSQL, 50 ms from the server: two workers against one, where the machine itself is not the limit."""
    people = int(max(FAR_CONNECTIONS) / ROUND_TRIP_SECONDS * FAR_SECONDS)
    with _far_server(bench) as settings:
        transport = {**settings, "connections": max(FAR_CONNECTIONS)}
        with _on_postgres(bench, transport, people) as (_, one, two):
            found = pairs(two.rate, one.rate, bench.pairs)
    setting = f"{described(transport)}, {people:,} mails over TLS, 50 ms"
    yield compared(
        "hosts",
        "two workers: times one",
        found,
        at_least=1.0,
        setting=setting,
    )
    yield from one.figures("hosts", "one worker", setting)
    yield from two.figures("hosts", "two workers", setting)
