"""Files instead of mail: whole, private, and one for each delivery."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from postroom.model import Asset, Deferred, LinkCard, Message, Part, Post, PostImage, Refused, Scope, Sent
from postroom.transports.folder import Transport

CAN_BE_DENIED = os.geteuid() != 0


def folder(path: Path) -> Transport:
    return Transport(Transport.Settings(path=path), str)


def test_a_mail_becomes_an_eml_file_that_only_its_owner_reads(tmp_path, mail) -> None:
    (outcome,) = folder(tmp_path).send([mail(number=7)])
    file = tmp_path / "mail-7.eml"
    assert outcome == Sent(reply=f"written to {file}")
    assert file.read_bytes() == mail().content.data
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_part_becomes_json_and_the_text_that_people_would_read(tmp_path) -> None:
    image = Asset(
        src="a.png", url="https://x.example/a.png", file=tmp_path / "a.png", digest="ab", width=1200
    )
    card = LinkCard(url="https://x.example/a", title="Ä", description="d", image=image, image_alt="a chart")
    content = Post(
        network="linkedin",
        parts=("Grüße 👋", "2"),
        language="de",
        card=card,
        first_comment="c",
        hashtags=("ML",),
        images=(PostImage(asset=image, alt="a chart"),),
    )
    part = Part(post=content, number=1, text="2", parent_id="urn:li:1")
    message = Message(delivery_id=1, name="linkedin-hook", idempotency_key="k", content=part)
    (outcome,) = folder(tmp_path).send([message])
    assert outcome == Sent(reply=f"written to {tmp_path / 'linkedin-hook.json'}", remote_id="linkedin-hook")
    assert (tmp_path / "linkedin-hook.txt").read_text(encoding="utf-8") == "2\n"
    written = json.loads((tmp_path / "linkedin-hook.json").read_text(encoding="utf-8"))
    assert {name: written[name] for name in ("network", "part", "text", "is_comment", "parent_id")} == {
        "network": "linkedin", "part": 1, "text": "2", "is_comment": False, "parent_id": "urn:li:1"
    }  # fmt: skip
    assert (written["parts"], written["hashtags"], written["first_comment"]) == (
        ["Grüße 👋", "2"],
        ["ML"],
        "c",
    )
    assert written["card"]["title"] == "Ä"
    assert written["images"][0]["alt"] == "a chart"
    assert written["images"][0]["asset"]["file"] == str(tmp_path / "a.png")


def test_a_repeat_overwrites_itself(tmp_path, mail) -> None:
    transport = folder(tmp_path)
    list(transport.send([mail()]))
    list(transport.send([mail(data=b"Subject: again\r\n\r\n\r\n")]))
    assert [file.name for file in tmp_path.iterdir()] == ["mail-1.eml"]
    assert b"again" in (tmp_path / "mail-1.eml").read_bytes()


def test_what_a_kill_left_half_written_is_cleared_by_the_repeat(tmp_path, mail) -> None:
    (tmp_path / ".mail-1.eml.part").write_bytes(b"half a m")
    list(folder(tmp_path).send([mail()]))
    assert [file.name for file in tmp_path.iterdir()] == ["mail-1.eml"]


def test_a_link_laid_in_the_way_is_replaced_and_never_followed(tmp_path, mail) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    for name in (".mail-1.eml.part", "mail-1.eml"):
        (tmp_path / name).symlink_to(precious)
    list(folder(tmp_path).send([mail()]))
    assert precious.read_text() == "keep me"
    assert not (tmp_path / "mail-1.eml").is_symlink()


def test_the_folder_is_made_when_the_first_message_comes(tmp_path, mail) -> None:
    transport = folder(tmp_path / "out" / "mail")
    assert not (tmp_path / "out").exists()
    assert isinstance(*transport.send([mail()]), Sent)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up",
        "/etc/passwd",
        "a/b",
        "a\\b",
        ".hidden",
        "a\nb",
        "a\x00b",
        "x" * 201,
        "é" * 101,
        "C:x",
        "\ud800",
    ],
)
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, mail, name: str) -> None:
    content = mail().content
    message = Message(delivery_id=1, name=name, idempotency_key="k", content=content)
    (outcome,) = folder(tmp_path / "out").send([message])
    assert isinstance(outcome, Refused)
    assert list(tmp_path.rglob("*.eml")) == []


def test_a_file_in_the_folders_place_defers_everything_and_names_the_cure(tmp_path, mail) -> None:
    (tmp_path / "out").write_text("I am a file")
    outcomes = list(folder(tmp_path / "out").send([mail(number=1), mail(number=2)]))
    assert [(type(each), each.scope) for each in outcomes] == [(Deferred, Scope.TRANSPORT)] * 2
    assert str(tmp_path / "out") in outcomes[0].reason
    assert "set `path` to a folder" in outcomes[0].reason


@pytest.mark.skipif(not CAN_BE_DENIED, reason="nothing is unwritable for root")
def test_a_folder_without_leave_to_write_defers(tmp_path, mail) -> None:
    tmp_path.chmod(0o500)
    (outcome,) = folder(tmp_path).send([mail()])
    assert isinstance(outcome, Deferred)
    assert "Permission denied" in outcome.reason


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path, mail) -> None:
    """A directory stands where the file should go, so the last step fails."""
    (tmp_path / "mail-1.eml").mkdir()
    (outcome,) = folder(tmp_path).send([mail()])
    assert isinstance(outcome, Deferred)
    assert [file.name for file in tmp_path.iterdir()] == ["mail-1.eml"]


def test_one_bad_message_does_not_touch_the_others(tmp_path, mail, post) -> None:
    bad = Message(delivery_id=2, name="a/b", idempotency_key="k", content=mail().content)
    outcomes = list(folder(tmp_path).send([mail(number=1), bad, post(number=3)]))
    assert [type(each) for each in outcomes] == [Sent, Refused, Sent]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mail-1.eml", "post-3.json", "post-3.txt"]


def test_text_that_no_encoding_knows_is_still_written(tmp_path, post) -> None:
    assert isinstance(*folder(tmp_path).send([post(text="half a \ud83d pair")]), Sent)


def test_a_relative_path_starts_at_the_folder_of_the_config(tmp_path) -> None:
    chosen = Transport.Settings.model_validate({"path": "out/mail"}, context={"base": tmp_path})
    assert chosen.path == tmp_path / "out/mail"
    kept = Transport.Settings.model_validate({"path": "/var/mail"}, context={"base": tmp_path})
    assert kept.path == Path("/var/mail")
