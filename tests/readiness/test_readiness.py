"""Readiness: every rule that protects an editor, as a decision and as the sentence that explains it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from postroom.model import (
    Accounts,
    Approval,
    Article,
    Audience,
    Blocked,
    Brand,
    Channel,
    ChannelSighting,
    EditionState,
    Finding,
    Held,
    History,
    ImageRef,
    KnownArticle,
    Palette,
    Past,
    Publication,
    Published,
    Ready,
    Severity,
    VariantPlan,
    Waiting,
)
from postroom.readiness import Candidate, clearance, follows_its_file, judge, recognise

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FIRST_SEEN = datetime(2026, 3, 1, tzinfo=UTC)
PALETTE = Palette(
    accent="#0a66c2", background="#ffffff", surface="#ffffff", text="#111111", muted="#555555", line="#dddddd"
)
CHANNEL = Channel(
    name="linkedin",
    kind="linkedin",
    publication=Publication(
        name="P", url="https://p.example", language="en", timezone="Europe/London", address="1 Street"
    ),
    brand=Brand(light=PALETTE, dark=PALETTE, font="serif"),
    variants=(
        VariantPlan(name="hook", line=40),
        VariantPlan(name="takeaways", after=timedelta(days=2), line=41),
    ),
    transport="page",
    transport_kind="folder",
    rehearsal=True,
    lines={"channel": 30, "ignore_before": 33, "hold_if_late": 12, "only": 35, "approval": 36},
)
REAL = replace(CHANNEL, transport_kind="linkedin", rehearsal=False)
ARTICLE = Article(
    id="a",
    path="a.md",
    file="articles/a.md",
    source=Path("/articles/a.md"),
    title="A title",
    body_line=9,
    body_hash="body-a",
    source_hash="source-a",
    tags=("lead", "ai"),
    publish_at=datetime(2026, 3, 9, 9, 0, tzinfo=ZoneInfo("Europe/London")),
    lines={"publish_at": 5, "draft": 6, "channels": 7},
)
HISTORY = History(channels={"linkedin": ChannelSighting(name="linkedin", first_seen=FIRST_SEEN)})
PAST = Past(
    key="linkedin/hook/a",
    channel="linkedin",
    variant="hook",
    article="a",
    revision=1,
    state=EditionState.FINISHED,
    rehearsal=True,
    source_hash="source-a",
    content_hash="c",
    due_at=NOW,
    sent_at=NOW - timedelta(days=1),
    accounts=Accounts(rows_read=1, recipients=1, sent=1),
)


def candidate(**changes: object) -> Candidate:
    article = changes.pop("article", ARTICLE)
    channel = changes.pop("channel", CHANNEL)
    variant = changes.pop("variant", CHANNEL.variants[0])
    return Candidate(article=article, channel=channel, variant=variant, **changes)  # type: ignore[arg-type]


def with_past(*pasts: Past) -> History:
    return replace(HISTORY, editions={(past.channel, past.variant, past.article): past for past in pasts})


def test_a_due_article_is_ready_since_its_date() -> None:
    assert judge(candidate(), HISTORY, NOW) == Ready(since=ARTICLE.publish_at)  # type: ignore[arg-type]


def test_back_catalogue_is_blocked_and_names_the_setting() -> None:
    old = replace(ARTICLE, publish_at=FIRST_SEEN - timedelta(days=1))
    decision = judge(candidate(article=old), HISTORY, NOW)
    assert isinstance(decision, Blocked)
    assert "older than this ledger's first sight of the channel" in decision.why
    assert "channels.linkedin.ignore_before (config.yaml:33)" in decision.why


def test_an_empty_ledger_counts_as_first_sight_now() -> None:
    assert isinstance(judge(candidate(), History(), NOW), Blocked)


def test_ignore_before_replaces_first_sight() -> None:
    old = replace(ARTICLE, publish_at=datetime(2025, 6, 1, tzinfo=UTC))
    wide = replace(CHANNEL, ignore_before=datetime(2025, 1, 1, tzinfo=UTC))
    assert isinstance(judge(candidate(article=old, channel=wide), HISTORY, NOW), Ready)
    narrow = replace(CHANNEL, ignore_before=datetime(2025, 7, 1, tzinfo=UTC))
    decision = judge(candidate(article=old, channel=narrow), HISTORY, NOW)
    assert isinstance(decision, Blocked)
    assert "is before channels.linkedin.ignore_before (config.yaml:33)" in decision.why


def test_an_article_without_a_date_is_blocked_with_the_cure() -> None:
    decision = judge(candidate(article=replace(ARTICLE, publish_at=None)), HISTORY, NOW)
    assert decision == Blocked(
        why="articles/a.md has no date; add `publish_date: '2026-03-10'` to its front matter"
    )


def test_a_draft_is_blocked_at_its_line() -> None:
    decision = judge(candidate(article=replace(ARTICLE, draft=True)), HISTORY, NOW)
    assert decision == Blocked(why="it is a draft (articles/a.md:6: draft: true)")


def test_a_future_article_waits_and_both_zones_are_told() -> None:
    later = datetime(2026, 3, 12, 14, 0, tzinfo=ZoneInfo("America/New_York"))
    decision = judge(candidate(article=replace(ARTICLE, publish_at=later)), HISTORY, NOW)
    assert isinstance(decision, Waiting)
    assert decision.until == later
    assert "2026-03-12 14:00 America/New_York (2026-03-12 18:00 Europe/London)" in decision.why


@pytest.mark.parametrize(
    ("rule", "kind"),
    [("refusal-text", Held), ("placeholder", Held), ("empty-body", Blocked), ("template-code", Blocked)],
)
def test_error_findings_stop_an_article(rule: str, kind: type) -> None:
    finding = Finding(rule=rule, severity=Severity.ERROR, file="articles/a.md", line=11, message="wrong")
    decision = judge(candidate(findings=(finding,)), HISTORY, NOW)
    assert isinstance(decision, kind)
    assert "articles/a.md:11: wrong" in decision.why


def test_a_warning_stops_nothing() -> None:
    finding = Finding(rule="x", severity=Severity.WARNING, file="articles/a.md", message="hm")
    assert isinstance(judge(candidate(findings=(finding,)), HISTORY, NOW), Ready)


@pytest.mark.parametrize(
    ("names", "ready"),
    [
        (("linkedin",), True),
        (("newsletter",), False),
        (("not linkedin",), False),
        (("not newsletter",), True),
        (("all", "not linkedin"), False),
        ((), False),
    ],
)
def test_front_matter_narrows_the_channels(names: tuple[str, ...], ready: bool) -> None:
    decision = judge(candidate(article=replace(ARTICLE, channels=names)), HISTORY, NOW)
    assert isinstance(decision, Ready) is ready
    if not ready:
        assert isinstance(decision, Blocked)
        assert "articles/a.md:7" in decision.why


def test_only_selects_by_condition() -> None:
    fits = replace(CHANNEL, only='tags has "lead"')
    assert isinstance(judge(candidate(channel=fits), HISTORY, NOW), Ready)
    misses = replace(CHANNEL, only='tags has "sport"')
    decision = judge(candidate(channel=misses), HISTORY, NOW)
    assert isinstance(decision, Blocked)
    assert "channels.linkedin.only (config.yaml:35)" in decision.why


def test_what_became_ready_too_long_ago_is_held() -> None:
    strict = replace(CHANNEL, hold_if_late=timedelta(hours=3))
    decision = judge(candidate(channel=strict), HISTORY, NOW)
    assert isinstance(decision, Held)
    assert decision.approvable
    assert decision.code == "late"
    assert "channels.linkedin.hold_if_late (config.yaml:12) allows (3 hours)" in decision.why


def test_a_published_article_is_never_ready_again() -> None:
    decision = judge(candidate(), with_past(PAST), NOW)
    assert decision == Published(edition="linkedin/hook/a", state="finished", why="1 of 1 sent")


def test_a_changed_article_is_reported_and_not_sent_again() -> None:
    decision = judge(candidate(article=replace(ARTICLE, source_hash="new")), with_past(PAST), NOW)
    assert isinstance(decision, Published)
    assert "was changed since, which sends nothing again" in decision.why


def test_a_rehearsal_is_not_a_publication() -> None:
    decision = judge(candidate(channel=REAL), with_past(PAST), NOW)
    assert isinstance(decision, Held)
    assert decision.code == "rehearsed"
    assert not decision.approvable
    assert "--count-as-sent" in decision.why
    counted = replace(PAST, counted=True)
    assert isinstance(judge(candidate(channel=REAL), with_past(counted), NOW), Published)


LATER = CHANNEL.variants[1]


def test_a_later_variant_waits_for_its_offset_from_when_the_first_was_sent() -> None:
    decision = judge(candidate(variant=LATER), with_past(PAST), NOW)
    assert isinstance(decision, Waiting)
    assert decision.until == NOW + timedelta(days=1)
    assert "config.yaml:41" in decision.why
    ready = judge(candidate(variant=LATER), with_past(PAST), NOW + timedelta(days=1))
    assert ready == Ready(since=NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("state", "counts", "expected"),
    [
        (EditionState.HELD, Accounts(recipients=1, queued=1), Waiting),
        (EditionState.OPEN, Accounts(recipients=1, sending=1), Waiting),
        (EditionState.FINISHED, Accounts(recipients=1, uncertain=1), Waiting),
        (EditionState.FINISHED, Accounts(recipients=1, failed=1), Blocked),
        (EditionState.CANCELLED, Accounts(recipients=1, cancelled=1), Blocked),
    ],
)
def test_a_later_variant_follows_the_fate_of_the_first(
    state: EditionState, counts: Accounts, expected: type
) -> None:
    lead = replace(PAST, state=state, accounts=counts, sent_at=None)
    assert isinstance(judge(candidate(variant=LATER), with_past(lead), NOW), expected)


def test_a_later_variant_of_a_blocked_article_is_blocked_for_the_same_reason() -> None:
    old = replace(ARTICLE, publish_at=FIRST_SEEN - timedelta(days=1))
    first = judge(candidate(article=old), HISTORY, NOW)
    assert judge(candidate(article=old, variant=LATER), HISTORY, NOW) == first


def test_a_later_variant_of_a_ready_article_waits() -> None:
    decision = judge(candidate(variant=LATER), HISTORY, NOW)
    assert isinstance(decision, Waiting)
    assert decision.until == NOW + timedelta(days=2)


def test_only_an_untouched_held_edition_follows_its_file() -> None:
    held = replace(PAST, state=EditionState.HELD, holds=("late",), accounts=Accounts(recipients=3, queued=3))
    assert follows_its_file(held)
    assert not follows_its_file(replace(held, holds=())), "one that a person held by hand stays as it is"
    assert not follows_its_file(replace(held, accounts=Accounts(recipients=3, queued=2, sent=1)))
    assert not follows_its_file(PAST)
    assert not follows_its_file(None)


# --- clearance


def codes(channel: Channel, history: History, recipients: int = 1, content_hash: str = "c") -> list[str]:
    holds = clearance(candidate(channel=channel), history, content_hash=content_hash, recipients=recipients)
    return [hold.code for hold in holds]


def test_the_first_real_edition_is_held() -> None:
    assert codes(REAL, HISTORY) == ["first-edition"]


def test_a_rehearsal_needs_no_clearance() -> None:
    assert codes(CHANNEL, HISTORY, recipients=10_000) == []


def grown(last: int) -> History:
    sighting = ChannelSighting(name="linkedin", first_seen=FIRST_SEEN, real_editions=3, last_recipients=last)
    return replace(HISTORY, channels={"linkedin": sighting})


@pytest.mark.parametrize(("recipients", "expected"), [(120, []), (121, ["audience-growth"]), (50, [])])
def test_an_audience_a_fifth_larger_is_held(recipients: int, expected: list[str]) -> None:
    assert codes(REAL, grown(100), recipients=recipients) == expected


def test_leave_for_one_of_the_first_editions_is_none_for_the_others() -> None:
    held = replace(PAST, state=EditionState.HELD, holds=("first-edition",))
    others = replace(grown(100), editions={("linkedin", "hook", "a"): held})
    assert codes(REAL, others, recipients=50) == ["first-edition"]
    let_go = replace(held, state=EditionState.FINISHED, holds=())
    assert codes(REAL, replace(others, editions={("linkedin", "hook", "a"): let_go}), recipients=50) == []


def test_an_audience_over_max_is_held() -> None:
    limited = replace(REAL, audience=Audience(name="all", max=90, line=20))
    assert codes(limited, grown(100), recipients=91) == ["audience-max"]


def test_approval_is_bound_to_the_rendering() -> None:
    asked = replace(CHANNEL, approval=True)
    given = Approval(channel="linkedin", variant="hook", article="a", content_hash="c")
    assert codes(asked, HISTORY) == ["approval"]
    assert codes(asked, replace(HISTORY, approvals=(given,))) == []
    assert codes(asked, replace(HISTORY, approvals=(given,)), content_hash="changed") == ["approval"]


def test_approval_with_a_number_clears_the_audience_for_that_number_only() -> None:
    given = Approval(channel="linkedin", variant="hook", article="a", content_hash="c", recipients=7)
    approved = replace(HISTORY, approvals=(given,))
    assert codes(REAL, approved, recipients=7) == []
    assert codes(REAL, approved, recipients=8) == ["first-edition"]


# --- moved files

KNOWN = KnownArticle(
    id="old", path="old.md", title="A title", body_hash="body-a", publish_at=ARTICLE.publish_at, image="x.jpg"
)


def remembered(*known: KnownArticle) -> History:
    return replace(HISTORY, articles={each.id: each for each in known})


def test_a_moved_file_keeps_its_identity() -> None:
    moved = replace(ARTICLE, id="new", path="new.md")
    assert [article.id for article in recognise([moved], remembered(KNOWN)).articles] == ["old"]


def test_a_moved_file_keeps_its_identity_after_an_edit_in_its_new_place() -> None:
    moved = replace(ARTICLE, id="new", path="new.md", body_hash="edited")
    history = remembered(replace(KNOWN, path="new.md"))
    assert [article.id for article in recognise([moved], history).articles] == ["old"]


@pytest.mark.parametrize("shared", ["title", "date", "image"])
def test_what_only_looks_moved_is_suspicious(shared: str) -> None:
    other = replace(
        ARTICLE, id="new", path="new.md", title="Other", body_hash="other", publish_at=NOW, image=None
    )
    alike = {
        "title": replace(other, title="A title"),
        "date": replace(other, publish_at=ARTICLE.publish_at),
        "image": replace(other, image=ImageRef(src="x.jpg")),
    }[shared]
    found = recognise([alike], remembered(KNOWN))
    assert f"same {shared} as old.md" in found.suspicions["new"]
    decision = judge(
        candidate(article=replace(alike, publish_at=ARTICLE.publish_at), suspicion=found.suspicions["new"]),
        HISTORY,
        NOW,
    )
    assert isinstance(decision, Held)
    assert decision.code == "looks-moved"
    assert recognise([other], remembered(KNOWN)).suspicions == {}


def test_a_lookalike_of_a_present_article_is_not_suspicious() -> None:
    present = replace(ARTICLE, id="old", path="old.md")
    same_title = replace(ARTICLE, id="new", path="new.md", body_hash="other", publish_at=NOW)
    assert recognise([present, same_title], remembered(KNOWN)).suspicions == {}


def test_a_copy_of_a_present_article_is_suspicious() -> None:
    present = replace(ARTICLE, id="old", path="old.md", file="articles/old.md")
    copy = replace(ARTICLE, id="copy", path="copy.md")
    found = recognise([copy, present], remembered(KNOWN))
    assert set(found.suspicions) == {"copy"}
    assert "its text is that of articles/old.md" in found.suspicions["copy"]


def test_a_new_file_in_the_old_place_of_a_moved_one_is_an_article_of_its_own() -> None:
    history = remembered(replace(KNOWN, path="moved.md"))
    moved = replace(ARTICLE, id="moved", path="moved.md")
    fresh = replace(ARTICLE, id="old", path="old.md", title="Fresh", body_hash="fresh", publish_at=NOW)
    assert [article.id for article in recognise([moved, fresh], history).articles] == ["old", "old~2"]


def test_a_suspicion_ends_when_an_edition_was_let_go() -> None:
    alike = replace(ARTICLE, id="new", path="new.md", body_hash="other")
    history = replace(
        with_past(replace(PAST, article="new", state=EditionState.OPEN)), articles={"old": KNOWN}
    )
    assert recognise([alike], history).suspicions == {}


def test_a_later_variant_of_a_future_article_waits_for_date_and_offset() -> None:
    later = replace(ARTICLE, publish_at=NOW + timedelta(days=3))
    decision = judge(candidate(article=later, variant=LATER), HISTORY, NOW)
    assert isinstance(decision, Waiting)
    assert decision.until == NOW + timedelta(days=5)
    assert "it follows `hook` after 2 days" in decision.why
