"""Findings name the setting, the line and the record to publish."""

from __future__ import annotations

import pytest

from postroom.deliverability.lookup import Failed
from postroom.deliverability.place import Place, quoted, record


def test_a_finding_stands_at_its_setting(place: Place) -> None:
    assert str(place.error("some-rule", "it is wrong")) == (
        "config.yaml:7: channels.newsletter.from: it is wrong"
    )


def test_severities_are_those_of_their_names(place: Place) -> None:
    found = [place.error("r", "m"), place.warning("r", "m"), place.info("r", "m")]
    assert [str(each.severity) for each in found] == ["error", "warning", "info"]


def test_what_was_not_answered_is_a_warning(place: Place) -> None:
    finding = place.unanswered("learning.example", "MX", Failed(why="SERVFAIL"))
    assert (finding.rule, finding.severity) == ("dns-unanswered", "warning")
    assert "MX of learning.example could not be looked at: SERVFAIL" in finding.message


@pytest.mark.parametrize(
    ("text", "lengths"),
    [("", [0]), ("x", [1]), ("x" * 255, [255]), ("x" * 256, [255, 1]), ("x" * 600, [255, 255, 90])],
)
def test_long_texts_are_cut_into_strings(text: str, lengths: list[int]) -> None:
    assert [len(each) for each in quoted(text).split('"')[1::2]] == lengths


def test_records_are_written_as_in_a_zone_file() -> None:
    assert record("learning.example", "TXT", "v=spf1 -all") == '`learning.example. TXT "v=spf1 -all"`'
    assert record("learning.example", "MX", "10 mail.learning.example.") == (
        "`learning.example. MX 10 mail.learning.example.`"
    )
