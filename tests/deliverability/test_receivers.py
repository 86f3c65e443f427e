"""The rules of the receivers: which finding breaks which, and what counts as seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from postroom.deliverability import receivers
from postroom.deliverability.place import Place
from postroom.deliverability.receivers import BREAKING, RULES, Aspect, verdicts

PLACE = Place(file="config.yaml", setting="channels.newsletter.from")
ALL = frozenset(Aspect)


def broken(*rules: str, seen: frozenset[Aspect] = ALL) -> dict[str, list[str]]:
    found = [PLACE.error(each, "m") for each in rules]
    return {each.receiver: [rule.demand for rule in each.broken] for each in verdicts(found, seen)}


def test_without_findings_nothing_is_broken() -> None:
    assert broken() == {"Gmail": [], "Yahoo": [], "Microsoft": []}


@pytest.mark.parametrize(
    ("rule", "gmail", "yahoo", "microsoft"),
    [
        ("spf-missing", True, True, True),
        ("spf-lookups", True, True, True),
        ("spf-ptr", False, False, False),
        ("dkim-other-key", True, True, True),
        ("dkim-shortish", False, False, False),
        ("dmarc-missing", True, True, True),
        ("dmarc-policy", True, True, True),
        ("dmarc-no-reports", False, False, False),
        ("dmarc-unaligned", True, True, True),
        ("ptr-missing", True, True, False),
        ("ptr-unconfirmed", True, True, False),
        ("tls-failed", True, False, False),
        ("one-click-mailto", True, False, False),
        ("one-click-missing", True, True, True),
        ("mx-null", False, False, True),
        ("from-gmail", True, False, False),
        ("dns-unanswered", False, False, False),
    ],
)
def test_each_finding_breaks_the_rules_it_is_about(
    rule: str, gmail: bool, yahoo: bool, microsoft: bool
) -> None:
    found = broken(rule)
    assert [bool(found[each]) for each in ("Gmail", "Yahoo", "Microsoft")] == [gmail, yahoo, microsoft]


def test_what_was_not_seen_is_not_kept() -> None:
    gmail = verdicts([], ALL - {Aspect.SPF})[0]
    assert "SPF" in [each.demand for each in gmail.unseen]
    assert "SPF" not in [each.demand for each in gmail.kept]


def test_what_only_people_can_see_to_is_never_kept() -> None:
    for verdict in verdicts([], ALL):
        assert all(rule.aspects for rule in verdict.kept)
        assert [rule for rule in verdict.unseen if not rule.aspects]


def test_each_rule_ends_up_in_one_place() -> None:
    for verdict in verdicts([PLACE.error("spf-missing", "m")], ALL - {Aspect.PTR}):
        mine = [each for each in RULES if each.receiver == verdict.receiver]
        assert sorted(map(id, (*verdict.broken, *verdict.kept, *verdict.unseen))) == sorted(map(id, mine))


def test_each_rule_names_its_page_and_its_days() -> None:
    for rule in RULES:
        assert rule.source.page.startswith("https://")
        assert rule.since <= rule.source.as_of


def test_the_findings_that_break_rules_are_made_somewhere() -> None:
    folder = Path(receivers.__file__).parent
    source = "".join(
        each.read_text(encoding="utf-8") for each in folder.glob("*.py") if each.name != "receivers.py"
    )
    made = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))
    assert frozenset().union(*BREAKING.values()) <= made
