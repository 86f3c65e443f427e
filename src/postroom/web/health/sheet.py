"""Write figures as Prometheus reads them. Needs the package `prometheus-client` (`pip install 'postroom[metrics]'`).

A name ends in its unit, or in `_total` where it only grows (prometheus.io/docs/practices/naming, read 2026-11-22).
No label ever holds an address or anything else of a reader; what may be a label is bounded.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from postroom import __version__
from postroom.outbox.attempts import BUCKETS
from postroom.outbox.figures import Figures
from postroom.pipeline.vitals import CONFIG, Pulse
from postroom.web.health.look import Log, Look

BEAT_SECONDS = 1
"""How often the daemon's heart beats when nothing keeps it from it."""


def written(pulse: Pulse, look: Look | None, now: datetime, accept: str) -> tuple[bytes, str]:
    """Write all figures in the format that `accept` (the header) prefers; return the text and its media type.

    A header that makes no sense gets the text format.
    """
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(_Sheet(pulse, look, now))
    try:
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type
    except Exception:  # edge: one header, in which anybody may write anything; the library takes it for sound
        encode, media_type = choose_encoder("")
        return encode(registry), media_type


class _Sheet(Collector):
    """What there is to tell at this moment."""

    def __init__(self, pulse: Pulse, look: Look | None, now: datetime) -> None:
        self._pulse, self._look, self._now = pulse, look, now

    def collect(self) -> Iterator[Metric]:
        """Give every family of figures; those of the ledger only where it could be read."""
        yield from _of_daemon(self._pulse)
        yield _gauge(
            "ledger_readable",
            "Whether the ledger could be read at the last look.",
            bool(self._look and self._look.figures),
        )
        if self._look is None:
            return
        yield from _of_look(self._look)
        yield from _of_log(self._look.log)
        if self._look.figures is not None:
            yield from _of_figures(self._look.figures, self._pulse.transports)
            yield from _ages(self._look.figures, self._now)


def _of_daemon(pulse: Pulse) -> Iterator[Metric]:
    build = {"version": __version__, "python": platform.python_version()}
    yield InfoMetricFamily("postroom_build", "Which program this is.", build)
    yield _gauge(
        "scheduler_lag_seconds",
        "By how much the daemon's heartbeat is late.",
        max(pulse.since_beat - BEAT_SECONDS, 0.0),
    )
    yield _gauge(
        "config_valid", "Whether config.yaml is in force as it stands; 0: broken.", CONFIG not in pulse.broken
    )


def _of_look(look: Look) -> Iterator[Metric]:
    yield _gauge(
        "ledger_busy_seconds",
        "How long the last look at the ledger took, its locks included.",
        look.seconds,
    )
    if look.wal_bytes is not None:
        yield _gauge("ledger_wal_bytes", "Size of SQLite's write-ahead log.", look.wal_bytes)
    if look.room is not None:
        yield _gauge("disk_free_bytes", "Free space where the ledger is.", look.room.free)
    if look.figures is not None:
        unbalanced = look.figures.unbalanced
        wrong = GaugeMetricFamily(
            "postroom_accounting_mismatch",
            "Editions whose accounts do not balance; must be 0. sums: as kept; rows: counted anew, hourly.",
            labels=["proof"],
        )
        wrong.add_metric(["sums"], unbalanced)
        wrong.add_metric(["rows"], look.mismatched)
        yield wrong


def _of_log(log: Log) -> Iterator[Metric]:
    yield _counter(
        "send_attempts",
        "Attempts to send, by how they ended.",
        ("transport", "outcome"),
        log.attempts.items(),
    )
    yield _counter(
        "smtp_replies",
        "Final replies of SMTP servers, by class.",
        ("transport", "class"),
        log.replies.items(),
    )
    yield _counter(
        "possible_repeats",
        "Attempts that may have brought somebody a message again.",
        ("channel",),
        (((channel,), count) for channel, count in log.repeats.items()),
    )
    yield _counter("feedback", "What came back, by who told of it.", ("source", "kind"), log.feedback.items())
    yield _counter("list_changes", "What people said of lists.", ("list", "what"), log.said.items())
    latency = HistogramMetricFamily(
        "postroom_send_latency_seconds",
        "From the moment a delivery is begun in the ledger until its answer is recorded there.",
        labels=["transport"],
    )
    bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
    for transport, counts in sorted(log.buckets.items()):
        running = list(zip(bounds, map(float, accumulate(counts)), strict=True))
        latency.add_metric([transport], buckets=running, sum_value=log.seconds[transport])
    yield latency


def _of_figures(figures: Figures, transports: Iterable[str]) -> Iterator[Metric]:
    yield _gauges(
        "deliveries",
        "Recipients by where their delivery stands.",
        ("channel", "state"),
        figures.deliveries.items(),
    )
    yield _gauges("editions", "Editions by state.", ("channel", "state"), figures.editions.items())
    yield _gauge(
        "feedback_waiting",
        "What came back and was not acted on yet, 10,000 at most.",
        figures.feedback_waiting,
    )
    yield _gauge(
        "greetings_waiting", "Mails to who joins that are still to be written.", figures.greetings_waiting
    )
    yield _gauges(
        "signups_waiting",
        "People who asked to be on a list and have yet to confirm.",
        ("list",),
        (((name,), number) for name, number in figures.unconfirmed.items()),
    )
    resting = {pause.transport for pause in figures.pauses}
    yield _gauges(
        "transport_paused",
        "Whether a transport rests after a fault of its own.",
        ("transport",),
        (((name,), float(name in resting)) for name in sorted(resting.union(transports))),
    )


def _ages(figures: Figures, now: datetime) -> Iterator[Metric]:
    yield _gauges(
        "oldest_due_seconds",
        "For how long the eldest delivery that was not begun is due.",
        ("transport",),
        (((name,), _seconds(now, due)) for name, due in figures.oldest_due.items()),
    )
    yield _gauges(
        "oldest_unfinished_seconds",
        "For how long the eldest delivery that was begun waits for its answer.",
        ("transport",),
        (((name,), _seconds(now, begun)) for name, begun in figures.oldest_begun.items()),
    )
    yield _gauges(
        "domain_throttled_seconds",
        "How long a recipient domain that wants less is still left alone; the fifty longest.",
        ("transport", "domain"),
        (((slow.transport, slow.domain), _seconds(slow.until, now)) for slow in figures.slowed),
    )
    if figures.backed_up_at is not None:
        yield _gauge("backup_age_seconds", "Since the last backup.", _seconds(now, figures.backed_up_at))
    yield _gauge("figures_age_seconds", "Since these figures were read.", _seconds(now, figures.at))


def _seconds(later: datetime, earlier: datetime) -> float:
    return max((later - earlier).total_seconds(), 0.0)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"postroom_{name}", told, value=float(value))


def _gauges(
    name: str, told: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"postroom_{name}", told, labels=labels)
    for marks, value in sorted(values):
        family.add_metric(marks, value)
    return family


def _counter(
    name: str, told: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(f"postroom_{name}", told, labels=labels)
    for marks, value in sorted(values):
        family.add_metric(marks, value)
    return family
