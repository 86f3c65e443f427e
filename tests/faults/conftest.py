"""Fixtures of the fault tests."""

from rig.fixtures import many, office, report, strace

__all__ = ["many", "office", "report", "strace"]
