"""An article is taken back everywhere, and stays back."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from postroom.outbox import operate

KEY = "newsletter/article/letters"


def test_what_is_queued_is_cancelled_and_never_enqueued_again(office, postroom, hours) -> None:
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1))
    office.run()
    answer = postroom("pull", "letters")
    assert answer.code == 0
    assert "letters is pulled: nothing more of it goes out" in answer.told
    assert f"{KEY}: 3 recipients will not get it, nobody has" in answer.told
    assert "linkedin/hook/letters: 0 recipients will not get it; 1 cannot be recalled" in answer.told
    postroom("outbox", "resume", "mail")
    office.run()
    office.run(after=timedelta(days=3))
    assert office.mails() == []
    assert len(office.posts()) == 1
    assert "it was pulled" in postroom("plan", "--all").told


@pytest.mark.parametrize("name", ["letters", "letters.md", "articles/letters.md"])
def test_an_article_goes_by_its_id_and_its_file(office, postroom, hours, name: str) -> None:
    office.article(date=hours(-1))
    office.run()
    assert "letters is pulled" in postroom("pull", name).told


def test_a_file_is_found_from_the_folder_one_is_in(office, postroom, hours, monkeypatch) -> None:
    office.article(date=hours(-1))
    monkeypatch.chdir(office.folder / "articles")
    assert "letters is pulled" in postroom("pull", "./letters.md").told


def test_an_article_that_the_ledger_has_not_met_can_be_pulled(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    assert postroom("pull", "letters").code == 0
    office.run()
    assert office.mails() == []


def test_an_article_whose_file_is_gone_can_be_pulled(office, postroom, hours) -> None:
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1)).rename(office.folder / "away.md")
    (office.folder / "away.md").rename(office.folder / "articles/letters.md")
    office.run()
    (office.folder / "articles/letters.md").unlink()
    assert f"{KEY}: 3 recipients" in postroom("pull", "letters.md").told


def test_the_answer_for_machines_names_every_edition(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    found = json.loads(postroom("pull", "letters", "--json").out)
    assert found["article"] == "letters"
    assert {each["edition"]: (each["cancelled"], each["beyond_recall"]) for each in found["editions"]} == {
        KEY: (0, 3),
        "linkedin/hook/letters": (0, 1),
    }


def test_an_unknown_article_is_refused_with_the_nearest(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    answer = postroom("pull", "leters")
    assert answer.code == 2
    assert "there is no article 'leters'; did you mean 'letters'?" in answer.told


def test_what_was_uncertain_is_beyond_recall(office, postroom, hours) -> None:
    office.article(date=hours(-1))
    office.run()
    with office.ledger() as ledger:
        done = ledger.write(operate.pull, "letters", "again", office.now)
    assert sum(each.beyond_recall for each in done) == 4
