"""Nobody gets a word that was meant for somebody else."""

from __future__ import annotations

import quopri
import re
from collections import Counter

import pytest
from rig.books import open_books

TOKENS = 5
_TOKEN = re.compile(rb"token-(\d+)-(\d)")


@pytest.mark.timeout(600)
def test_ten_thousand_people_each_find_their_own_words_alone(office, many, report) -> None:
    """Each has five tokens of their own, twice in either part of the mail; the sink keeps every mail."""
    people = many(2_000, 10_000)
    opened = office(keep=True, connections=4, window=32)
    station, forge = opened.station, opened.forge
    columns = [f"token{number}" for number in range(TOKENS)]
    rows = (
        ",".join([f"reader{who}@example.org", *(f"token-{who}-{number}" for number in range(TOKENS))])
        for who in range(people)
    )
    station.write("subscribers.csv", "\n".join([",".join(["email", *columns]), *rows, ""]))
    words = "\n\n".join(f"A word for you: {{{{{each}}}}}, and once more: {{{{{each}}}}}." for each in columns)
    station.article(body=words)
    forge.run("run", "--once")
    station.approve()
    forge.run("run", "--once")
    open_books(station).check_complete([f"reader{who}@example.org" for who in range(people)])
    seen: Counter[int] = Counter()
    for mail in opened.sink.kept.iterdir():
        seen.update(_owners(mail.read_bytes()))
    assert sum(seen.values()) == people
    report(people=people, tokens=TOKENS, foreign=0)


def _owners(raw: bytes) -> list[int]:
    """Read whose tokens stand in a mail; they must be one person's, all of them, the reader's own."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    reader = re.search(rb"^To:.*reader(\d+)@", head, re.MULTILINE)
    assert reader is not None
    found = _TOKEN.findall(quopri.decodestring(raw))
    assert {int(who) for who, _ in found} == {int(reader[1])}
    assert {int(number) for _, number in found} == set(range(TOKENS))
    assert len(found) >= TOKENS * 4  # twice each, in the plain part and in the other
    return [int(reader[1])]
