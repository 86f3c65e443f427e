"""What the daemon says of itself."""

from __future__ import annotations

import time

from structlog.testing import capture_logs

from postroom.pipeline.vitals import Role, Vitals


def test_standing_by_and_taking_over_are_logged_once() -> None:
    vitals = Vitals(time.monotonic)
    with capture_logs() as logs:
        for role in (Role.STANDS_BY, Role.STANDS_BY, Role.LEADS, Role.LEADS):
            vitals.take_role(role)
    assert [each["event"] for each in logs] == [
        "another process leads; this one stands by",
        "took over: this process leads now",
    ]


def test_leading_from_the_start_is_no_news() -> None:
    vitals = Vitals(time.monotonic)
    with capture_logs() as logs:
        vitals.take_role(Role.LEADS)
    assert logs == []
