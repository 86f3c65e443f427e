"""Is this process fit to work? One check, one function; what is found is told without a name of anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from postroom.outbox.disk import Room, megabytes
from postroom.outbox.sqlite import Driver
from postroom.pipeline.vitals import CONFIG, Pulse, Role
from postroom.web.health.look import Look

ALIVE_SECONDS = 30
"""After how long without a heartbeat the daemon counts as hanging: its heart beats once a second."""

SKEW = timedelta(minutes=1)
"""How far the clock may lie before the ledger's last heartbeat: several machines may share one ledger."""

State = Literal["well", "warning", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at. `failed` means not ready; a warning does not."""

    name: str
    state: State
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the checks go by. `unwritable` is why the ledger took no write, empty where it did.

    `driver` is None where the ledger is not SQLite; `tables` is the number of the newest migration.
    """

    now: datetime
    pulse: Pulse
    look: Look | None
    unwritable: str
    driver: Driver | None
    tables: str


def is_alive(pulse: Pulse) -> bool:
    """Whether the heartbeat beat lately."""
    return pulse.since_beat <= ALIVE_SECONDS


def checks(found: Findings) -> tuple[Check, ...]:
    """Look at everything that must be right for work to go on."""
    return tuple(_all(found))


def is_ready(made: tuple[Check, ...]) -> bool:
    """Whether nothing failed."""
    return all(check.state != "failed" for check in made)


def _all(found: Findings) -> Iterator[Check]:
    yield _heartbeat(found.pulse)
    yield _ledger(found)
    yield _tables(found)
    yield _role(found.pulse.role)
    yield _config(found.pulse)
    yield _clock(found)
    yield _sqlite(found.driver)
    yield _disk(found.look.room if found.look else None)


def _heartbeat(pulse: Pulse) -> Check:
    state: State = "well" if is_alive(pulse) else "failed"
    return Check(name="heartbeat", state=state, detail=f"{pulse.since_beat:.0f} s ago")


def _ledger(found: Findings) -> Check:
    if found.unwritable:
        return Check(name="ledger", state="failed", detail=found.unwritable)
    return Check(name="ledger", state="well", detail="takes writes")


def _tables(found: Findings) -> Check:
    """Go by whether it could be read: a ledger with other tables than ours is not even opened."""
    if found.look is None or found.look.figures is None:
        return Check(name="tables", state="failed", detail="the ledger cannot be read")
    return Check(name="tables", state="well", detail=found.tables)


def _role(role: Role) -> Check:
    details = {
        Role.LEADS: "this process does the work",
        Role.STANDS_BY: "another process leads; this one takes over when it ends",
        Role.NONE: "this process does not hold the ledger's lock",
    }
    return Check(name="role", state="failed" if role is Role.NONE else "well", detail=details[role])


def _config(pulse: Pulse) -> Check:
    """Warn of a broken one, but not say what is wrong in it: that may quote an address."""
    if CONFIG in pulse.broken:
        detail = "broken; the last good one is in force, and `postroom check` says what is wrong"
        return Check(name="config", state="warning", detail=detail)
    return Check(name="config", state="well", detail="in force")


def _clock(found: Findings) -> Check:
    """Refuse a clock behind the ledger's last heartbeat: it was set back, and what is due would wait for it."""
    figures = found.look.figures if found.look else None
    last = figures.heartbeat if figures else None
    if last is not None and found.now + SKEW < last:
        detail = f"it is {found.now:%Y-%m-%d %H:%M} UTC here, before the ledger's last heartbeat"
        return Check(name="clock", state="failed", detail=detail)
    return Check(name="clock", state="well", detail=f"{found.now:%Y-%m-%d %H:%M} UTC")


def _sqlite(driver: Driver | None) -> Check:
    """Whichever SQLite is chosen is used so that it is safe; a slow choice is worth a warning."""
    if driver is None:
        return Check(name="sqlite", state="well", detail="not in use: the ledger is PostgreSQL")
    detail = f"{driver.name} {driver.version}, journal {driver.journal}"
    return Check(name="sqlite", state="well" if driver.journal == "WAL" else "warning", detail=detail)


def _disk(room: Room | None) -> Check:
    """Go by the limits at which work stops: what stops sending is a failure, what stops enqueueing a warning."""
    if room is None:
        return Check(name="disk", state="warning", detail="its free space cannot be told")
    state: State = "well" if room.enqueues else "warning" if room.claims else "failed"
    return Check(name="disk", state=state, detail=room.told or f"{megabytes(room.free)} are free")
