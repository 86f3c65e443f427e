"""`postroom doctor`: what is wrong with this installation."""

from __future__ import annotations

import platform
import socket
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom import __version__
from postroom.cli import console, hearing, lawful, session
from postroom.cli import reception as mail
from postroom.cli.diagnosis import Diagnosis
from postroom.cli.moment import told
from postroom.config import Config, NotifyHook
from postroom.errors import ConfigError, LedgerError, TransportError
from postroom.outbox import backup, disk, driver, engine, guard, meta, presence, restore, status
from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.sqlite import path_of
from postroom.pipeline import narrowing
from postroom.pipeline.reception import Looking
from postroom.pipeline.signing import MISSING, unusable_keys
from postroom.pipeline.wayout import missing_ways_out, unanswered
from postroom.transports.secret import Secret

_SAFE_PYTHON = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
"""The patch level of each Python from which its mail library guards headers (CVE-2026-1299)."""

_CONNECT_SECONDS = 5

_ONLY_HERE = " (doctor sees only what is set where it is run)"


@click.command()
@click.option("--offline", is_flag=True, help="Ask no DNS, and no server but the ledger's.")
@click.option(
    "--sends-from",
    multiple=True,
    metavar="ADDRESS",
    help="An IP address that your mail comes from, as receivers see it; may be given again.",
)
@click.option("--nameserver", metavar="ADDRESS", help="The DNS server to ask, instead of the system's.")
@console.json_option
@click.pass_obj
def command(
    config: Path, offline: bool, sends_from: tuple[str, ...], nameserver: str | None, as_json: bool
) -> int:
    """Look at versions, the ledger, the disk, servers, secrets, ways out, and whether your mail would be taken."""
    found = list(_diagnoses(config, mail.looking(sends_from, nameserver, offline=offline)))
    if as_json:
        console.print_json([asdict(each) for each in found])
    else:
        _print(found)
    return int(any(each.state == "wrong" for each in found))


def _print(found: list[Diagnosis]) -> None:
    out = console.out()
    styles = {"well": "green", "worth knowing": "yellow", "wrong": "bold red"}
    rows = [
        [f"[{styles[each.state]}]{each.state}[/]", console.text(each.what), console.text(each.detail)]
        for each in found
    ]
    out.print(console.table(["state", "what", "detail"], rows))


def _diagnoses(path: Path, how: Looking) -> Iterator[Diagnosis]:
    yield Diagnosis(state="well", what="postroom", detail=__version__)
    yield _python()
    yield _driver()
    try:
        config = session.load(path).config
    except ConfigError as error:
        for finding in error.findings:
            yield Diagnosis(state="wrong", what="config", detail=str(finding))
        return
    yield Diagnosis(
        state="well", what="config", detail=f"{path}: {console.plural(len(config.channels), 'channel')}"
    )
    yield _ledger(config.database)
    yield from _kept(config)
    yield from _shared(config.database)
    yield from _segments(config)
    yield _disk(path_of(config.database) or config.base)
    is_online = how.resolver is not None
    yield from _ways_out(config, is_online=is_online)
    yield from lawful.diagnoses(config)
    yield from _servers(config, is_online=is_online)
    yield from _keys(config)
    yield from _hooks(config)
    yield from hearing.diagnoses(config, is_online=is_online)
    yield from mail.diagnoses(config, how)


def _python() -> Diagnosis:
    version = sys.version_info
    needed = _SAFE_PYTHON.get(version[:2], 0)
    if version.micro >= needed:
        return Diagnosis(state="well", what="python", detail=platform.python_version())
    return Diagnosis(
        state="worth knowing",
        what="python",
        detail=f"{platform.python_version()}: update to {version.major}.{version.minor}.{needed} or later, whose "
        "mail library guards headers; Postroom checks each message itself meanwhile",
    )


def _driver() -> Diagnosis:
    used = driver()
    detail = f"{used.name} {used.version}, journal {used.journal}, synchronous {used.synchronous}: {used.why}"
    return Diagnosis(state="well", what="sqlite", detail=detail)


def _ledger(database: str) -> Diagnosis:
    try:
        name = engine.shown(database)
        if lost := restore.missing(database):
            return Diagnosis(state="wrong", what="ledger", detail=lost)
        if not exists(database):
            return Diagnosis(state="well", what="ledger", detail=f"{name} will be made by the first run")
        with Ledger(database) as ledger:
            ledger.verify()
            differences = ledger.read(status.reconcile)
    except LedgerError as error:
        return Diagnosis(state="wrong", what="ledger", detail=str(error))
    if differences:
        wrong = "; ".join(differences)
        return Diagnosis(state="wrong", what="ledger", detail=f"{name} does not add up: {wrong}")
    return Diagnosis(state="well", what="ledger", detail=f"{name} is whole, and its accounts add up")


def _kept(config: Config) -> Iterator[Diagnosis]:
    """Say whether the ledger is at home here, and how old its last backup is."""
    database = config.database
    if not exists(database):
        return
    try:
        with Ledger(database) as ledger:
            guarded = guard.check(ledger, guard.place_of(database))
            made, overdue = ledger.read(backup.made_at), ledger.read(backup.due, session.now())
    except LedgerError:
        return  # told with the ledger
    if guarded is not None:
        yield Diagnosis(state="wrong", what="ledger", detail=guarded.why)
    if path_of(database) is not None:
        at = told(made, ZoneInfo(config.publication.timezone)) if made else ""
        age = f"the last one is of {at}" if made else "there is none yet"
        cure = "; `postroom outbox backup` makes one" * overdue
        yield Diagnosis(state="worth knowing" if overdue else "well", what="backup", detail=age + cure)


def _shared(database: str) -> Iterator[Diagnosis]:
    """Say of a ledger on PostgreSQL whether its server keeps what it confirms, and who works on it."""
    if path_of(database) is not None:
        return
    try:
        with Ledger(database) as ledger:
            danger = ledger.read(engine.durability)
            now, on_roll = ledger.read(presence.moment, session.now()), ledger.read(presence.roll)
    except LedgerError:
        return  # told with the ledger
    yield Diagnosis(
        state="wrong" if danger else "well",
        what="postgresql",
        detail=danger or "the server keeps what it confirms through a power cut",
    )
    for worker in on_roll:
        silence = now - worker.beat_at
        sign = f"{worker.name}: last sign {silence.total_seconds():.0f} s ago"
        if silence > presence.STALLED:
            dead = f"{sign}; it counts as dead, and what it had in hand is taken up by the others"
            yield Diagnosis(state="worth knowing", what="worker", detail=dead)
        else:
            yield Diagnosis(state="well", what="worker", detail=sign)


def _segments(config: Config) -> Iterator[Diagnosis]:
    """Say how many the segments of lists have, and which names in their conditions nobody has."""
    if not exists(config.database):
        return
    try:
        with Ledger(config.database) as ledger:
            found = list(narrowing.in_ledger(config, ledger))
    except LedgerError:
        return  # told with the ledger
    for who, detail, odd in found:
        yield Diagnosis(
            state="worth knowing" if odd else "well",
            what="segment",
            detail=f"{who.name}: {'; '.join((detail, *odd))}",
        )


def _disk(place: Path) -> Diagnosis:
    room = disk.room(place)
    if room.enqueues:
        return Diagnosis(state="well", what="disk", detail=f"{disk.megabytes(room.free)} free at {room.path}")
    return Diagnosis(state="worth knowing" if room.claims else "wrong", what="disk", detail=room.told)


def _ways_out(config: Config, *, is_online: bool) -> Iterator[Diagnosis]:
    faults = list(missing_ways_out(config))
    for finding in faults:
        state = "wrong" if finding.severity == "error" else "worth knowing"
        yield Diagnosis(state=state, what="unsubscribe", detail=str(finding))
    for channel in config.channels.values():
        silent = unanswered(channel, _link_keys(config)) if is_online else ""
        if silent:
            yield Diagnosis(state="wrong", what="unsubscribe", detail=f"{channel.name}: {silent}")


def _link_keys(config: Config) -> tuple[bytes, ...]:
    """Read the key that signs links; where there is no ledger yet, no page knows one either."""
    if not exists(config.database):
        return (b"none yet",)
    with Ledger(config.database) as ledger:
        return (ledger.write(meta.link_key),)


def _servers(config: Config, *, is_online: bool) -> Iterator[Diagnosis]:
    """Try whether a transport's secrets are there, and its server can be reached; says nothing to it."""
    for name, entry in config.transports.items():
        yield from _unreadable(name, _references(entry.settings.model_dump(exclude={"dkim"})), config)
        if entry.settings.server is None or not is_online:
            continue
        host, port = entry.settings.server
        try:
            socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
        except OSError as error:
            yield Diagnosis(state="wrong", what=name, detail=f"{host}:{port} cannot be reached: {error}")
        else:
            yield Diagnosis(state="well", what=name, detail=f"{host}:{port} can be reached")


def _keys(config: Config) -> Iterator[Diagnosis]:
    """Name the DKIM keys that cannot sign, or are not there for this process."""
    for finding in unusable_keys(config, session.secrets(config.base)):
        detail = f"{finding}{_ONLY_HERE}" if finding.rule == MISSING else str(finding)
        yield Diagnosis(state="wrong", what="dkim", detail=detail)


def _hooks(config: Config) -> Iterator[Diagnosis]:
    """Say which addresses of hooks that are to be told cannot be read; whether they answer, only a notice tells."""
    for number, place in enumerate(config.notify, 1):
        if isinstance(place, NotifyHook):
            yield from _unreadable(f"notify, item {number}", [place.url.reference], config)


def _unreadable(what: str, references: Iterable[str], config: Config) -> Iterator[Diagnosis]:
    """Name the secrets that are not there for this process: the daemon may have another environment."""
    read = session.secrets(config.base)
    for reference in references:
        try:
            read(reference)
        except TransportError as error:
            yield Diagnosis(state="wrong", what=what, detail=f"{error}{_ONLY_HERE}")


def _references(value: object) -> Iterator[str]:
    """Find the references to secrets in settings, however deep."""
    if isinstance(value, Secret):
        yield value.reference
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _references(each)
