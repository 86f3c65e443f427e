"""People get everything that is kept about them, and nothing that is about somebody else."""

from __future__ import annotations

import json

from postroom.outbox import dossier, erasing
from postroom.outbox.person import find

from .test_erasing import LATER, a_whole_life, put_on, somebody


def of(outbox, name: str):
    return outbox.ledger.read(dossier.dossier_of, somebody(name).identity)


def test_all_that_is_kept_is_told_with_dates_and_titles(outbox) -> None:
    a_whole_life(outbox)
    told = of(outbox, "ada")
    assert told["person"]["name"] == "Ada Lovelace"
    assert told["person"]["attributes"]["town"] == "adaville"
    assert [each["list"] for each in told["lists"]] == ["weekly"]
    assert [each["list"] for each in told["requests"]] == ["daily"]
    assert [each["list"] for each in told["left"]] == ["monthly"]
    assert [each["what"] for each in told["consent"]] == ["asked", "confirmed", "asked", "left"]
    assert [(each["title"], each["state"]) for each in told["mails"]][:2] == [
        ("On post rooms", "sent"),
        ("On post rooms", "failed"),
    ]
    assert "250 2.1.5" in told["mails"][0]["attempts"][0]["reply"]
    assert told["greetings"][0]["kind"] == "confirm"
    assert told["feedback"][0]["address"] == "ADA.LOVELACE@EXAMPLE.ORG"
    assert told["suppressed"][0]["reason"] == "asked to be left alone"
    assert told["lists"][0]["since"].startswith("2026-11-23T09:00:00")
    text = json.dumps(told)
    assert "bea" not in text.lower()


def test_a_link_tells_the_same(outbox) -> None:
    a_whole_life(outbox)
    uuid = outbox.ledger.read(find, somebody("ada").identity).uuid
    assert outbox.ledger.read(dossier.dossier, uuid) == of(outbox, "ada")
    assert outbox.ledger.read(dossier.dossier, "nobody") is None


def test_of_whoever_was_erased_there_is_nothing_to_tell(outbox) -> None:
    put_on(outbox.ledger, "ada")
    outbox.ledger.write(erasing.erase, somebody("ada").identity, LATER)
    assert of(outbox, "ada") is None
