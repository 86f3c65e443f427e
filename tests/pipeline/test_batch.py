"""Batch scheduling is for those who deliver, while they do."""

from __future__ import annotations

import os
import sys
from threading import Thread

import pytest

from postroom.pipeline.batch import batch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_BATCH")


def test_a_thread_and_those_it_starts_are_batch_work_until_the_end() -> None:
    started = []

    @batch()
    def work() -> int:
        thread = Thread(target=lambda: started.append(os.sched_getscheduler(0)))
        thread.start()
        thread.join()
        return os.sched_getscheduler(0)

    before = os.sched_getscheduler(0)
    assert work() == os.SCHED_BATCH
    assert started == [os.SCHED_BATCH]
    assert os.sched_getscheduler(0) == before


def test_a_policy_that_was_chosen_for_it_stays() -> None:
    seen = []

    def run() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with batch():
            seen.append(os.sched_getscheduler(0))
        seen.append(os.sched_getscheduler(0))

    thread = Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [os.SCHED_IDLE, os.SCHED_IDLE]


def test_where_the_system_forbids_it_nothing_is_done(monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "sched_getscheduler", refuse)
    with batch():
        done = True
    assert done
