"""`postroom send-test`: one marked message to one address, outside the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from postroom import transports
from postroom.address import Address
from postroom.cli import session
from postroom.cli.preview import chosen
from postroom.compose import compose
from postroom.errors import PostroomError, UsageError
from postroom.model import Edition, Email, Outcome, Recipient, Sent, Severity
from postroom.pipeline.preview import SAMPLE, keys_of, sample_delivery
from postroom.pipeline.project import Project
from postroom.pipeline.signing import signers_of
from postroom.pipeline.stage import stage
from postroom.readiness import Candidate


@click.command()
@click.argument("article")
@click.option("--to", "recipient", required=True, metavar="ADDRESS", help="Who gets it.")
@click.option("--channel", help="The email channel; needed where there are several.")
@click.pass_obj
def command(config: Path, article: str, recipient: str, channel: str | None) -> int:
    """Send ARTICLE to ADDRESS as one message marked [Test], through the channel's transport.

    It is filled in for a made-up reader, and its links open nothing. The ledger knows nothing of it.
    """
    project = session.load(config)
    person = session.address(recipient, "--to")
    candidate = _candidate(project, article, channel)
    staged = stage(project, candidate, due_at=session.now(), now=session.now())
    for finding in staged.findings:
        if finding.severity is Severity.ERROR:
            raise PostroomError(str(finding))
    delivery = sample_delivery(staged.edition, _receiver(person), session.now())
    entry = project.config.transports[candidate.channel.transport]
    secrets = session.secrets(project.config.base)
    keys = replace(keys_of(None), dkim=signers_of(project.config, entry, secrets))
    message = compose(_marked(staged.edition), delivery, keys)
    transport = transports.find(entry.kind)(entry.settings, secrets)
    try:
        (outcome,) = list(transport.send([message]))
    finally:
        transport.close()
    return _told(outcome, person.address, f"{entry.name} ({entry.kind})")


def _receiver(person: Address) -> Recipient:
    """Make up who gets it: nobody of the audience, whose link would let a tester leave in their name."""
    return replace(SAMPLE, address=person.address, identity=person.identity, domain=person.domain, name="")


def _candidate(project: Project, article: str, channel: str | None) -> Candidate:
    found = [
        each
        for each in chosen(project, session.now(), article=article, channel=channel)
        if each.channel.is_email
    ]
    if not found:
        raise UsageError(f"'{article}' goes to no email channel")
    if len(found) > 1:
        names = ", ".join(each.channel.name for each in found)
        raise UsageError(f"'{article}' goes to several channels ({names}); name one with --channel")
    return found[0]


def _marked(edition: Edition) -> Edition:
    content = edition.content
    assert isinstance(content, Email)
    return replace(
        edition, key=f"test/{edition.key}", content=replace(content, subject=f"[Test] {content.subject}")
    )


def _told(outcome: Outcome, recipient: str, through: str) -> int:
    if isinstance(outcome, Sent):
        click.echo(f"sent to {recipient} through {through}: {outcome.reply}")
        return 0
    click.echo(f"not sent to {recipient} through {through}: {outcome.reason}", err=True)
    return 1
