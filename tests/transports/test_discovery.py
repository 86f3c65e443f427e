"""A new transport is one file: nothing else is touched, and nothing is imported too early."""

from __future__ import annotations

import mailbox
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import postroom.transports
from postroom.errors import TransportError
from postroom.model import Deferred, Refused, Scope, Sent
from postroom.transports import find, kinds
from postroom.transports.protocol import Transport

GUIDE = Path(__file__).parents[2] / "docs" / "add-a-transport.md"


@pytest.fixture
def guide() -> str:
    """The file that the guide shows."""
    (code,) = re.findall(
        r"(?s)takes this block as mbox\.py.*?```python\n(.*?)```", GUIDE.read_text(encoding="utf-8")
    )
    return code


@pytest.fixture
def forget() -> Iterator[None]:
    """Forget what a test imported."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("postroom.transports.mbox", "elsewhere")):
            del sys.modules[name]


@pytest.fixture
def mbox(guide, tmp_path, monkeypatch, forget) -> type[Transport]:
    """Drop the guide's file into the package's folder, so to speak, and find it."""
    (tmp_path / "mbox.py").write_text(guide, encoding="utf-8")
    monkeypatch.setattr(postroom.transports, "__path__", [*postroom.transports.__path__, str(tmp_path)])
    return find("mbox")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, forget) -> Path:
    """An installed package of somebody else, with entry points of ours; its module is empty."""
    installed = tmp_path / "site"
    (installed / "elsewhere-1.0.dist-info").mkdir(parents=True)
    (installed / "elsewhere-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n"
    )
    (installed / "elsewhere-1.0.dist-info" / "entry_points.txt").write_text(
        "[postroom.transports]\npigeon = elsewhere\nowl = elsewhere:Transport\nfolder = elsewhere\n"
    )
    monkeypatch.syspath_prepend(installed)
    return installed / "elsewhere.py"


def test_the_kinds_are_the_modules_that_carry_something() -> None:
    assert {"folder", "smtp"} <= set(kinds())
    assert not {"fields", "protocol", "secret"} & set(kinds())
    assert not any(name.startswith("_") for name in kinds())
    assert list(kinds()) == sorted(kinds())


def test_a_file_is_found_by_its_name(mbox) -> None:
    assert "mbox" in kinds()
    assert mbox.kind == "mbox"


def test_the_file_of_the_guide_does_what_the_guide_says(mbox, mail, post, tmp_path) -> None:
    chosen = mbox.Settings.model_validate({"path": "out/mail.mbox"}, context={"base": tmp_path})
    transport = mbox(chosen, str)
    outcomes = list(transport.send([mail(number=1), post(number=2), mail(number=3)]))
    assert [type(outcome) for outcome in outcomes] == [Sent, Refused, Sent]
    with closing(mailbox.mbox(tmp_path / "out" / "mail.mbox")) as box:
        assert [message["Subject"] for message in box] == ["Hello", "Hello"]
    (tmp_path / "file").write_text("")
    blocked = mbox(mbox.Settings(path=tmp_path / "file" / "mail.mbox"), str)
    (outcome,) = blocked.send([mail()])
    assert (type(outcome), outcome.scope) == (Deferred, Scope.TRANSPORT)


def test_the_file_of_the_guide_keeps_the_contract(guide, tmp_path) -> None:
    """Run the shared contract over it in a process of its own, as its author would."""
    kinds_of_ours = tmp_path / "kinds"
    kinds_of_ours.mkdir()
    (kinds_of_ours / "mbox.py").write_text(guide, encoding="utf-8")
    (tmp_path / "with_mbox.py").write_text(
        "import sys, pytest, postroom.transports\n"
        f"postroom.transports.__path__.append({str(kinds_of_ours)!r})\n"
        "sys.exit(pytest.main(sys.argv[1:]))\n"
    )
    contract = Path(__file__).with_name("test_contract.py")
    ran = subprocess.run(
        [sys.executable, tmp_path / "with_mbox.py", contract, "-k", "mbox", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=GUIDE.parents[1],
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"\b1\d passed", ran.stdout)


@pytest.mark.parametrize("kind", ["pigeon", "owl"])
def test_another_package_adds_a_kind_by_an_entry_point(kind, elsewhere, guide) -> None:
    elsewhere.write_text(guide, encoding="utf-8")
    assert kind in kinds()
    assert "elsewhere" not in sys.modules
    assert find(kind).__module__ == "elsewhere"


def test_another_package_cannot_take_the_place_of_ours(elsewhere, guide) -> None:
    elsewhere.write_text(guide, encoding="utf-8")
    assert find("folder").__module__ == "postroom.transports.folder"
    assert kinds().count("folder") == 1


def test_a_module_without_a_transport_is_told_by_name(elsewhere) -> None:
    elsewhere.write_text("")
    with pytest.raises(TransportError, match="'pigeon' exports no class `Transport`"):
        find("pigeon")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("smpt", "no kind of transport 'smpt'; did you mean 'smtp'?"),
        ("xyz", "there are .*folder.*smtp"),
        ("protocol", "no kind of transport 'protocol'"),
        ("_smtp_wire", "no kind of transport '_smtp_wire'"),
        ("../folder", "no kind of transport"),
        ("", "no kind of transport ''"),
    ],
)
def test_an_unknown_kind_is_told_with_the_nearest(kind: str, message: str) -> None:
    with pytest.raises(TransportError, match=re.escape(message) if "?" in message else message):
        find(kind)


def test_looking_around_imports_no_transport() -> None:
    code = (
        "import sys; from postroom.transports import kinds; kinds();"
        "print([name for name in sys.modules if name.startswith(('pydantic', 'smtplib', 'postroom.transports.'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_guide_names_every_part_of_the_protocol() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    parts = {*Transport.__annotations__, *(name for name in vars(Transport) if not name.startswith("_"))}
    assert {part for part in parts if f"`{part}`" not in text} <= {"kind"}
