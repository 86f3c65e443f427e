"""One process leads; when it dies, another does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from postroom.outbox import Ledger, leader

LEAD = """
import sys, time
from postroom.outbox import Ledger, leader
with Ledger(sys.argv[1]) as ledger:
    print(ledger.read(leader.lead), flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has asked for the lead, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEAD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def leads_soon(ledger: Ledger) -> None:
    """See that it leads within seconds: a server frees a session's locks a moment after the session ended."""
    until = monotonic() + 10
    while not ledger.read(leader.lead):
        assert monotonic() < until


def test_who_leads_goes_on_leading(ledger: Ledger) -> None:
    assert [ledger.read(leader.lead) for _ in range(3)] == [True, True, True]


def test_only_one_leads_on_postgresql_and_the_next_when_it_ends(ledger: Ledger, url: str) -> None:
    assert ledger.read(leader.lead)
    assert ledger.read(leader.lead)
    with Ledger(url) as other:
        assert other.read(leader.lead) is not ledger.is_shared
        ledger.close()
        leads_soon(other)


def test_a_killed_leader_gives_way_within_seconds(ledger: Ledger, url: str) -> None:
    with another_process(url) as first:
        assert ledger.read(leader.lead) is not ledger.is_shared
        first.send_signal(signal.SIGKILL)
        first.wait()
        leads_soon(ledger)


def test_who_steps_down_lets_another_lead_and_works_on(ledger: Ledger, url: str) -> None:
    assert ledger.write(leader.lead)
    ledger.write(leader.step_down)
    with Ledger(url) as other:
        assert other.write(leader.lead)
        assert ledger.write(leader.lead) is not ledger.is_shared
        ledger.write(leader.step_down)
        assert ledger.write(leader.lead) is not ledger.is_shared
