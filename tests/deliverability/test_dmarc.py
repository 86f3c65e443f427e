"""The DMARC policy is found where receivers look, judged by its tags, and held against who signs."""

from __future__ import annotations

import pytest
from dns_zone import SERVFAIL, zone
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability import dmarc
from postroom.deliverability.place import Place

PLACE = Place(file="config.yaml", setting="channels.newsletter.from", line=7)
RUA = "rua=mailto:dmarc@learning.example"


def inspected(*texts: str, sender: str = "learning.example", **names: object) -> dmarc.Inspection:
    records = {"_dmarc.learning.example": {"TXT": [*texts]}, **names}
    return dmarc.inspect(sender, zone(records), PLACE)


def named(inspection: dmarc.Inspection) -> list[str]:
    return [f"{each.rule} {each.severity}" for each in inspection.findings]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (f"v=DMARC1; p=none; {RUA}", []),
        (f"v=DMARC1; p=quarantine; pct=25; {RUA}", []),
        (f"v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s; fo=1; rf=afrf; ri=86400; {RUA}", []),
        (f"v=DMARC1;p=reject;{RUA};", []),
        (f"v = DMARC1 ; p = none ; {RUA}", []),
        (f"v=DMARC1; {RUA}; p=none", []),
        (f"v=DMARC1; p=NONE; adkim=R; {RUA}", []),
        (f"v=DMARC1; p=none; np=reject; psd=n; t=y; x=unknown; {RUA}", []),
        ("v=DMARC1; p=none; rua=mailto:a@learning.example!10m, mailto:b@news.learning.example", []),
        ("v=DMARC1; p=none", ["dmarc-no-reports info"]),
        ("v=DMARC1; p=none; rua=", ["dmarc-no-reports info"]),
        (f"v=DMARC1; {RUA}", ["dmarc-policy error"]),
        (f"v=DMARC1; p=; {RUA}", ["dmarc-policy error"]),
        (f"v=DMARC1; p=monitor; {RUA}", ["dmarc-policy error"]),
        (f"v=DMARC1; p=none; sp=all; {RUA}", ["dmarc-policy error"]),
        (f"v=DMARC1; p=none; adkim=strict; {RUA}", ["dmarc-value warning"]),
        (f"v=DMARC1; p=none; aspf=x; adkim=y; {RUA}", ["dmarc-value warning", "dmarc-value warning"]),
        (f"v=DMARC1; p=none; pct=101; {RUA}", ["dmarc-value warning"]),
        (f"v=DMARC1; p=none; pct=half; {RUA}", ["dmarc-value warning"]),
        ("v=DMARC1; p=none; rua=dmarc@learning.example", ["dmarc-reports warning"]),
        ("v=DMARC1; p=none; rua=mailto:dmarc", ["dmarc-reports warning"]),
        ("v=DMARC1; p=none; rua=https://learning.example/dmarc", ["dmarc-reports warning"]),
        (
            "v=DMARC1; p=none; rua=mailto:a@learning.example; rua=mailto:b@learning.example",
            ["dmarc-syntax error"],
        ),
        ("v=DMARC1 p=none", ["dmarc-missing error"]),
        ("v=DMARC1; p=none p=reject", ["dmarc-policy error", "dmarc-no-reports info"]),
        ("v=DMARC1; p none", ["dmarc-syntax error"]),
        ("v=DMARC1\\; p=none", ["dmarc-missing error"]),
        ("v=dmarc1; p=none", ["dmarc-missing error"]),
        ("p=none; v=DMARC1", ["dmarc-missing error"]),
        ("v=DMARC2; p=none", ["dmarc-missing error"]),
        ("v=DMARC1; p=none; \u00e9=1", ["dmarc-syntax error"]),
        ("v=spf1 -all", ["dmarc-missing error"]),
    ],
)
def test_each_record_is_judged(text: str, rules: list[str]) -> None:
    assert named(inspected(text)) == rules


def test_two_records_count_as_none() -> None:
    inspection = inspected("v=DMARC1; p=none", "v=DMARC1; p=reject")
    assert named(inspection) == ["dmarc-many error"]
    assert inspection.policy is None


def test_other_texts_beside_it_do_not_count() -> None:
    assert named(inspected("site-verification=1", f"v=DMARC1; p=none; {RUA}")) == []


def test_a_missing_record_is_shown_for_the_organisation() -> None:
    inspection = dmarc.inspect("news.learning.example", zone({}), PLACE)
    (finding,) = inspection.findings
    assert finding.rule == "dmarc-missing"
    assert (
        '`_dmarc.learning.example. TXT "v=DMARC1; p=none; rua=mailto:dmarc@learning.example"`'
        in finding.message
    )


def test_the_own_policy_goes_before_the_organisations() -> None:
    names = {"_dmarc.news.learning.example": {"TXT": [f"v=DMARC1; p=none; aspf=s; {RUA}"]}}
    text = f"v=DMARC1; p=reject; {RUA}"
    own = dmarc.inspect(
        "news.learning.example", zone({**names, "_dmarc.learning.example": {"TXT": [text]}}), PLACE
    )
    assert own.policy == dmarc.Policy(domain="news.learning.example", is_strict_spf=True)
    inherited = inspected(text, sender="news.learning.example")
    assert inherited.policy == dmarc.Policy(domain="learning.example")
    assert inherited.findings == ()


def test_silence_says_nothing() -> None:
    inspection = dmarc.inspect(
        "learning.example", zone({"_dmarc.learning.example": {"TXT": SERVFAIL}}), PLACE
    )
    assert named(inspection) == ["dns-unanswered warning"]
    assert inspection.policy is None


def test_reports_go_elsewhere_only_where_they_are_wanted() -> None:
    text = "v=DMARC1; p=none; rua=mailto:x@reports.example"
    permission = "learning.example._report._dmarc.reports.example"
    assert named(inspected(text)) == ["dmarc-reports warning"]
    (finding,) = inspected(text).findings
    assert f'`{permission}. TXT "v=DMARC1"`' in finding.message
    assert named(inspected(text, **{permission: {"TXT": ["v=DMARC1;"]}})) == []
    assert named(inspected(text, **{permission: {"TXT": SERVFAIL}})) == ["dns-unanswered warning"]


def test_few_are_asked_whether_they_want_reports() -> None:
    uris = ",".join(f"mailto:x@r{number}.test" for number in range(50))
    asked = zone({"_dmarc.learning.example": {"TXT": [f"v=DMARC1; p=none; rua={uris}"]}})
    dmarc.inspect("learning.example", asked, PLACE)
    assert len(asked.asked) == 11


STRICT = dmarc.Policy(domain="learning.example", is_strict_dkim=True, is_strict_spf=True)


@pytest.mark.parametrize(
    ("policy", "return_path", "signing", "rules"),
    [
        (None, "learning.example", ["learning.example"], []),
        (None, "bounce.learning.example", ["mail.learning.example"], []),
        (None, "bounces.provider.example", ["learning.example"], ["spf-unaligned info"]),
        (None, "learning.example", ["provider.example"], ["dkim-unaligned warning"]),
        (None, "learning.example", [], ["dkim-unseen warning"]),
        (None, "bounces.provider.example", [], ["alignment-unseen warning"]),
        (None, "bounces.provider.example", ["provider.example"], ["dmarc-unaligned error"]),
        (None, "bounces.provider.example", ["provider.example", "learning.example"], ["spf-unaligned info"]),
        (STRICT, "learning.example", ["learning.example"], []),
        (STRICT, "bounce.learning.example", ["learning.example"], ["spf-unaligned info"]),
        (STRICT, "learning.example", ["mail.learning.example"], ["dkim-unaligned warning"]),
        (STRICT, "bounce.learning.example", ["mail.learning.example"], ["dmarc-unaligned error"]),
        (STRICT, "bounce.learning.example", [], ["alignment-unseen warning"]),
    ],
)
def test_something_that_is_verified_has_to_speak_for_from(
    policy: dmarc.Policy | None, return_path: str, signing: list[str], rules: list[str]
) -> None:
    found = dmarc.alignment(policy, "learning.example", return_path, signing, PLACE)
    assert [f"{each.rule} {each.severity}" for each in found] == rules


@given(
    st.lists(st.binary(max_size=300), max_size=3),
    st.sampled_from(["", "v=DMARC1;", "v=DMARC1; p=none; rua="]),
)
def test_any_bytes_give_findings(texts: list[bytes], begin: str) -> None:
    inspection = inspected(*(begin + each.decode("latin-1") for each in texts))
    assert inspection.policy is not None or inspection.findings


@pytest.mark.parametrize("text", ["v=dmarc1; p=none", "v=DMARC1 p=none", '"v=DMARC1; p=none"', "V = DMARC 1"])
def test_what_nearly_is_a_record_is_shown(text: str) -> None:
    (finding,) = inspected(text).findings
    assert finding.rule == "dmarc-missing"
    assert repr(text[:40]) in finding.message
