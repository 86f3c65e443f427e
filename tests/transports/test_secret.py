"""Secrets are shown to nobody and read at the last moment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from postroom.errors import TransportError
from postroom.transports.secret import Secret, reader


class Settings(BaseModel):
    password: Secret


def test_a_secret_shows_itself_nowhere() -> None:
    chosen = Settings.model_validate({"password": "hunter2"})
    for shown in (
        repr(chosen),
        str(chosen),
        str(chosen.password),
        chosen.model_dump_json(),
        f"{chosen!r:>80}",
    ):
        assert "hunter2" not in shown


def test_a_secret_keeps_its_reference() -> None:
    chosen = Settings.model_validate({"password": "${SMTP_PASSWORD}"})
    assert type(chosen.password) is Secret
    assert chosen.password.reference == "${SMTP_PASSWORD}"
    assert chosen == Settings.model_validate({"password": "${SMTP_PASSWORD}"})


def test_a_secret_is_a_password_in_the_schema() -> None:
    assert Settings.model_json_schema()["properties"]["password"]["format"] == "password"


@pytest.mark.parametrize(
    ("reference", "secret"),
    [
        ("${NAME}", "ada"),
        ("${NAME}:${NAME}!", "ada:ada!"),
        ("plain", "plain"),
        ("$NAME", "$NAME"),
        ("${TRICK}", "${NAME}"),
        ("", ""),
    ],
)
def test_a_reference_is_expanded_once(reference: str, secret: str, tmp_path: Path) -> None:
    assert reader({"NAME": "ada", "TRICK": "${NAME}"}, tmp_path)(reference) == secret


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_read_from_the_folder_of_the_config(tmp_path: Path, end: str) -> None:
    (tmp_path / "smtp").write_bytes(f" hunter2 {end}".encode())
    assert reader({}, tmp_path)("file:smtp") == " hunter2 "
    assert reader({}, Path("/"))(f"file:{tmp_path / 'smtp'}") == " hunter2 "


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("${MISSING}", "the environment variable MISSING is not set; set it before"),
        ("${EMPTY}", "the environment variable EMPTY is empty"),
        ("file:missing", "missing cannot be read: No such file"),
        ("file:", "is a folder, a pipe or a device; name a plain file"),
        ("file:pipe", "pipe is a folder, a pipe or a device; name a plain file"),
        ("file:/dev/zero", "/dev/zero is a folder, a pipe or a device; name a plain file"),
        ("file:blank", "blank is empty; write the secret into it"),
        ("file:binary", "binary cannot be read: it is no UTF-8 text"),
    ],
)
def test_what_is_missing_is_told_with_its_cure(tmp_path: Path, reference: str, message: str) -> None:
    (tmp_path / "blank").write_text("\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TransportError, match=message):
        reader({"EMPTY": ""}, tmp_path)(reference)
