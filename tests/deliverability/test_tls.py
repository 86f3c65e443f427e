"""What was seen of a server's TLS is judged by the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.deliverability.tls import Clear, Secured, Unsecured, is_here, judge

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def ends(**after: float) -> Secured:
    return Secured(version="TLSv1.3", expires_at=NOW + timedelta(**after))


@pytest.mark.parametrize(
    ("host", "seen", "found"),
    [
        ("smtp.example.org", ends(days=90), []),
        ("smtp.example.org", ends(days=14), []),
        ("smtp.example.org", ends(days=13, hours=23), ["tls-expiring warning"]),
        ("smtp.example.org", ends(days=1), ["tls-expiring warning"]),
        ("smtp.example.org", ends(hours=-1), ["tls-expiring warning"]),
        ("smtp.example.org", Secured(version="TLSv1.3", expires_at=None), []),
        (
            "smtp.example.org",
            Unsecured(why="smtp.example.org:587, STARTTLS: none is offered"),
            ["tls-failed error"],
        ),
        ("smtp.example.org", Clear(), ["tls-none warning"]),
        ("203.0.113.7", Clear(), ["tls-none warning"]),
        ("127.0.0.1", Clear(), []),
        ("::1", Clear(), []),
        ("localhost", Clear(), []),
    ],
)
def test_each_sight_is_judged(host, seen, found, place, rules) -> None:
    assert rules(judge(host, seen, NOW, place)) == found


def test_the_days_that_are_left_are_told(place) -> None:
    (finding,) = judge("smtp.example.org", ends(days=1, hours=2), NOW, place)
    assert "ends in 1 day, on 2026-11-24" in finding.message


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("LOCALHOST.", True), ("127.0.0.2", True), ("[::1]", True), ("10.0.0.1", False)],
)
def test_this_machine_is_known_by_its_names(host: str, here: bool) -> None:
    assert is_here(host) is here
