"""The rules that let an article out, hold it, or keep it waiting; each a small function.

A rule answers None where it has nothing against the candidate. Their order is the order in which
an editor would want to hear of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from postroom.condition import parse
from postroom.model import (
    Article,
    Attribute,
    Blocked,
    EditionState,
    Held,
    History,
    Past,
    Published,
    Readiness,
    Ready,
    Severity,
    VariantPlan,
    Waiting,
)
from postroom.readiness.candidate import Candidate
from postroom.readiness.holds import late, lookalike, maybe_elsewhere, revised_elsewhere, still_leaving
from postroom.readiness.words import at, setting, span_in_words, told

SUSPICIOUS_RULES = frozenset({"refusal-text", "placeholder"})
"""Error findings that speak of a text nobody meant to publish: a person must look."""


def judge(candidate: Candidate, history: History, now: datetime, *, afresh: bool = False) -> Readiness:
    """Decide whether `candidate` may go out at `now` (aware).

    With `afresh` it is judged as if no edition of it existed: one that is only a proposal may be
    replaced.
    """
    past = history.editions.get(candidate.place)
    if past is not None and not afresh and not _is_to_be_made(candidate, past):
        return _told_past(candidate, past)
    decision: Readiness | None
    for rule in (_pulled, _unselected_now, _drafted, _faulty, _undated, _too_old, _too_early):
        decision = rule(candidate, history, now)
        if decision is not None:
            return decision
    since, decision = _turn(candidate, history, now)
    if decision is not None:
        return decision
    if history.revision(candidate.place) > 1:
        leaving = still_leaving(candidate, history, now)
        return leaving or revised_elsewhere(candidate, since, history) or Ready(since=since)
    held = late(candidate, since, now) or maybe_elsewhere(candidate, since, history)
    return held or lookalike(candidate, since) or Ready(since=since)


def follows_its_file(past: Past | None) -> bool:
    """Say whether an edition is still only a proposal: held for approval, and nothing of it begun.

    Such an edition is rendered anew when its article, template or settings change.
    """
    if past is None or past.state is not EditionState.HELD or not past.holds:
        return False
    counts = past.accounts
    return counts.recipients == counts.queued + counts.cancelled


def _is_to_be_made(candidate: Candidate, past: Past) -> bool:
    """Say whether the next tick makes an edition anew: its freeze was cut off, or it is a proposal for a rehearsal that
    is none any more.
    """
    is_cut_off = past.state is EditionState.FILLING
    return is_cut_off or (past.rehearsal and not candidate.channel.rehearsal and follows_its_file(past))


def _told_past(candidate: Candidate, past: Past) -> Readiness:
    if past.rehearsal and not candidate.channel.rehearsal and not past.counted:
        became = "went only to a folder" if past.accounts.sent else "was to go to a folder and has not"
        return Held(
            code="rehearsed",
            approvable=False,
            why=f"it {became}, as a rehearsal ({past.key}); `postroom outbox rehearsed "
            f"--resend` sends it for real, `--count-as-sent` leaves it as published",
        )
    why = f"{past.state}: {past.reason}{_way_on(past)}" if past.reason else _outcome(past)
    changed = past.source_hash != candidate.article.source_hash
    if changed and not follows_its_file(past):
        why += f"; {candidate.article.file} was changed since, which sends nothing again"
    return Published(edition=past.key, state=past.state, why=why)


def _way_on(past: Past) -> str:
    """Tell the command that lets a held edition go."""
    if past.state is not EditionState.HELD or "postroom outbox" in past.reason:
        return ""
    if not past.holds:
        return f"; `postroom outbox release {past.key}` lets it go on"
    counted = any(hold.startswith(("first-", "audience-")) for hold in past.holds)
    number = f" --recipients {past.accounts.recipients}" if counted else ""
    return f"; `postroom outbox approve {past.key}{number}` lets it go"


def _outcome(past: Past) -> str:
    counts = past.accounts
    parts = [f"{counts.sent} of {counts.recipients} sent"]
    for name in ("queued", "sending", "failed", "uncertain", "cancelled"):
        number = getattr(counts, name)
        if number:
            parts.append(f"{number} {name}")
    return ", ".join(parts)


def _pulled(candidate: Candidate, history: History, now: datetime) -> Blocked | None:
    known = history.articles.get(candidate.article.id)
    if known is None or known.pulled_at is None:
        return None
    return Blocked(why=f"it was pulled {told(known.pulled_at, candidate.channel)}")


def _unselected_now(candidate: Candidate, history: History, now: datetime) -> Blocked | None:
    return unselected(candidate)


def unselected(candidate: Candidate) -> Blocked | None:
    """Say why the article does not go to the channel at all: its own `channels`, or the channel's `only`."""
    article, channel = candidate.article, candidate.channel
    if article.channels is not None and not _names(article.channels, channel.name):
        line = article.lines.get("channels")
        what = f"does not name {channel.name}" if article.channels else "is an empty list: it goes nowhere"
        return Blocked(why=f"{at(article.file, line)}: its front matter `channels` {what}")
    if channel.only and not parse(channel.only).holds(facts(article)):
        return Blocked(
            why=f"{setting(channel, 'only')} is '{channel.only}', which this article does not meet"
        )
    return None


def _names(wanted: Sequence[str], channel: str) -> bool:
    refused = {name[4:].strip() for name in wanted if name.startswith("not ")}
    asked = {name for name in wanted if not name.startswith("not ")}
    return bool(wanted) and channel not in refused and (not asked or channel in asked or "all" in asked)


def facts(article: Article) -> dict[str, Attribute]:
    """Lay out what a condition may ask of an article: its front matter by canonical names."""
    return {
        **article.attributes,
        "id": article.id,
        "slug": article.slug,
        "path": article.path,
        "title": article.title,
        "subtitle": article.subtitle,
        "authors": article.authors,
        "author": article.authors,
        "tags": article.tags,
        "language": article.language,
        "read_time": article.read_time,
    }


def _drafted(candidate: Candidate, history: History, now: datetime) -> Blocked | None:
    article = candidate.article
    if not article.draft:
        return None
    line = article.lines.get("draft")
    return Blocked(why=f"it is a draft ({at(article.file, line)}: {article.draft_reason or 'draft: true'})")


def _faulty(candidate: Candidate, history: History, now: datetime) -> Blocked | Held | None:
    errors = [finding for finding in candidate.findings if finding.severity is Severity.ERROR]
    if not errors:
        return None
    more = f" (and {len(errors) - 1} more; see `postroom check`)" if len(errors) > 1 else ""
    suspicious = [finding for finding in errors if finding.rule in SUSPICIOUS_RULES]
    if suspicious:
        return Held(code="finding", approvable=False, why=f"{suspicious[0]}{more}")
    return Blocked(why=f"{errors[0]}{more}")


def _undated(candidate: Candidate, history: History, now: datetime) -> Blocked | None:
    article = candidate.article
    if article.publish_at is not None:
        return None
    return Blocked(
        why=f"{article.file} has no date; add `publish_date: '{now:%Y-%m-%d}'` to its front matter"
    )


def _too_old(candidate: Candidate, history: History, now: datetime) -> Blocked | None:
    article, channel = candidate.article, candidate.channel
    assert article.publish_at is not None
    written = told(article.publish_at, channel)
    if channel.ignore_before is not None:
        if article.publish_at >= channel.ignore_before:
            return None
        border = told(channel.ignore_before, channel)
        return Blocked(why=f"its date, {written}, is before {setting(channel, 'ignore_before')} ({border})")
    sighting = history.channels.get(channel.name) or history.channels.get(channel.was or "")
    first_seen = sighting.first_seen if sighting else now
    if article.publish_at >= first_seen:
        return None
    return Blocked(
        why=f"its date, {written}, is older than this ledger's first sight of the channel "
        f"({told(first_seen, channel)}); to publish it, set {setting(channel, 'ignore_before')} "
        f"to an earlier date"
    )


def _too_early(candidate: Candidate, history: History, now: datetime) -> Waiting | None:
    article = candidate.article
    assert article.publish_at is not None
    if article.publish_at <= now:
        return None
    line = article.lines.get("publish_at")
    why = f"its date is {told(article.publish_at, candidate.channel)} ({at(article.file, line)})"
    if not _follows(candidate):
        return Waiting(until=article.publish_at, why=why)
    assert candidate.variant.after is not None
    first = candidate.channel.variants[0].name
    after = span_in_words(candidate.variant.after)
    return Waiting(
        until=article.publish_at + candidate.variant.after, why=f"it follows `{first}` after {after}; {why}"
    )


def _follows(candidate: Candidate) -> bool:
    """Say whether it is a later variant, whose time counts from when the first was sent."""
    variant, first = candidate.variant, candidate.channel.variants[0]
    return variant.after is not None and variant.name != first.name


def _turn(candidate: Candidate, history: History, now: datetime) -> tuple[datetime, Readiness | None]:
    """Find since when it is this variant's turn, or what it waits for."""
    article, channel, variant = candidate.article, candidate.channel, candidate.variant
    assert article.publish_at is not None
    first = channel.variants[0]
    if not _follows(candidate):
        return article.publish_at, None
    assert variant.after is not None
    lead = history.editions.get((channel.name, first.name, article.id))
    if lead is None:
        return article.publish_at, _after_unsent(candidate, first, history, now)
    stopped = _lead_stopped(lead, candidate)
    if stopped is not None:
        return article.publish_at, stopped
    assert lead.sent_at is not None
    due = lead.sent_at + variant.after
    if due <= now:
        return due, None
    offset = at(channel.file, variant.line)
    why = f"it follows `{first.name}`, sent {told(lead.sent_at, channel)}, at {told(due, channel)} ({offset})"
    return due, Waiting(until=due, why=why)


def _after_unsent(candidate: Candidate, first: VariantPlan, history: History, now: datetime) -> Readiness:
    lead = judge(replace(candidate, variant=first), history, now)
    match lead:
        case Blocked():
            return lead
        case Held(why=why):
            return Waiting(until=None, why=f"it follows `{first.name}`, which is held: {why}")
        case Waiting(until=until) if until is not None and candidate.variant.after is not None:
            due = until + candidate.variant.after
            return Waiting(until=due, why=f"it follows `{first.name}`, at {told(due, candidate.channel)}")
        case Ready() if candidate.variant.after is not None:
            due = now + candidate.variant.after
            return Waiting(until=due, why=f"it follows `{first.name}`, which is ready to go out now")
    return Waiting(until=None, why=f"it follows `{first.name}`, which has not gone out")


def _lead_stopped(lead: Past, candidate: Candidate) -> Readiness | None:
    first, counts = candidate.channel.variants[0], lead.accounts
    if lead.rehearsal and not candidate.channel.rehearsal and not lead.counted:
        return Waiting(until=None, why=f"it follows `{first.name}`, which was only rehearsed ({lead.key})")
    if lead.state is EditionState.CANCELLED or counts.cancelled:
        return Blocked(why=f"`{first.name}`, which it follows, was cancelled ({lead.key}: {lead.reason})")
    if counts.failed:
        return Blocked(why=f"`{first.name}`, which it follows, failed ({lead.key})")
    if counts.uncertain:
        return Waiting(until=None, why=f"it is uncertain whether `{first.name}` went out ({lead.key})")
    if lead.sent_at is None:
        return Waiting(until=None, why=f"it follows `{first.name}`, which is {lead.state} ({lead.key})")
    return None
