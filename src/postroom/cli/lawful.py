"""What `postroom doctor` says of a list that has to be lawful; docs/lawful-list.md says what each law asks."""

from __future__ import annotations

from collections.abc import Iterator

from postroom.cli import console
from postroom.cli.diagnosis import Diagnosis
from postroom.config import Config
from postroom.errors import LedgerError
from postroom.model import Channel
from postroom.outbox import subscribers
from postroom.outbox.consents import unproved
from postroom.outbox.ledger import Ledger, exists

_WHAT = "law"


def diagnoses(config: Config) -> Iterator[Diagnosis]:
    """Say what channels lack by which real people get mail: a postal address, and proof that they asked for it."""
    real = [each for each in config.channels.values() if each.is_email and not each.rehearsal]
    for channel in real:
        if not channel.publication.address.strip():
            yield Diagnosis(state="worth knowing", what=_WHAT, detail=_no_address(channel))
    yield from _unproved(
        config, [each.audience.list for each in real if each.audience and each.audience.list]
    )


def _no_address(channel: Channel) -> str:
    return (
        f"channels.{channel.name}: mail bears no postal address, which CAN-SPAM and CASL ask for in each; "
        "set `publication: {address: …}`, or `address:` in the channel"
    )


def _unproved(config: Config, lists: list[str]) -> Iterator[Diagnosis]:
    """Say of how many members of each list nothing tells when and how they agreed."""
    if not lists or not exists(config.database):
        return
    try:
        with Ledger(config.database) as ledger:
            found = {
                name: (ledger.read(subscribers.count, name), ledger.read(unproved, name))
                for name in dict.fromkeys(lists)
            }
    except LedgerError:
        return  # told with the ledger
    for name, (members, without) in found.items():
        if without:
            told = (
                f"{name}: of {without:,} of {console.plural(members, 'member')} nothing here tells when and how they "
                "agreed (GDPR, Article 7(1)). Import them again with the columns `consent_at` and `consent_how`, or "
                "keep the proof elsewhere"
            )
            yield Diagnosis(state="worth knowing", what=_WHAT, detail=told)
        elif members:
            told = f"{name}: it is kept of {console.plural(members, 'member')} when and how they agreed"
            yield Diagnosis(state="well", what=_WHAT, detail=told)
