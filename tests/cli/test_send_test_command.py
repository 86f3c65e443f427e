"""A test message is nobody's but the tester's."""

from __future__ import annotations

import re

from postroom import links
from postroom.outbox import meta, subscribers

SERVICE = (
    ("{mailto: leave@test.example}", '{url: "https://leave.test.example/{token}"}'),
    ("{file: subscribers.csv}", "{list: weekly}"),
)


def test_a_test_mail_cannot_unsubscribe_a_reader(office, postroom, hours) -> None:
    office.configure(*SERVICE)
    postroom("subscribers", "import", "--list", "weekly", str(office.folder / "subscribers.csv"))
    office.article(date=hours(-1))
    assert postroom("send-test", "letters", "--to", "colleague@test.example").code == 0
    (mail,) = office.mails()
    found = re.search(r"/([^/>]+)>", mail["List-Unsubscribe"])
    assert found is not None
    with office.ledger() as ledger:
        assert links.read((ledger.write(meta.link_key),), "unsubscribe", found[1]) is None
        assert all(one.uuid not in str(mail) for one in subscribers.stream(ledger, "weekly"))


def test_a_test_mail_names_nobody_of_the_audience(office, postroom, hours) -> None:
    office.article(date=hours(-1), title="For {{first_name|you}} at {{email}}")
    assert postroom("send-test", "letters", "--to", "Colleague@Test.example").code == 0
    (mail,) = office.mails()
    assert str(mail["To"]) == "Colleague@test.example"
    assert "eader0" not in str(mail)
    assert mail["Subject"].startswith("[Test]")


def test_a_test_mail_needs_no_ledger_and_makes_none(desk, postroom, hours) -> None:
    desk.article(date=hours(-1))
    assert postroom("send-test", "letters", "--to", "colleague@test.example").code == 0
    assert len(desk.mails()) == 1
    assert not list(desk.folder.glob("postroom.db*"))


def test_an_address_that_is_none_is_told_with_its_option(office, postroom) -> None:
    office.article("letters")
    for words, option in ((("send-test", "letters", "--to"), "--to"), (("suppress",), "ADDRESS")):
        answer = postroom(*words, "x y")
        assert (answer.code, answer.told) == (
            2,
            f"postroom: {option}: 'x y' is no mail address: there is no @",
        )
