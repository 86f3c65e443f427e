"""A file that is no YAML, or no settings at all, is told with its line; a text that parses is a Config."""

# ruff: noqa: E501  # a message stands in one line, as an editor sees it

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.config import load, parse
from postroom.config.tree import read_tree
from postroom.errors import ConfigError

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)
LADDER = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}}}\n" for n in range(1, 60))

UNREADABLE = [
    ("", "1:1: is empty; `postroom init` in a new folder writes one to start from"),
    ("# nothing yet\n", "1:1: is empty; `postroom init` in a new folder writes one to start from"),
    ("- a\n- b\n", "1:1: expected settings such as `publication:`, found something else"),
    ("just text\n", "1:1: expected settings such as `publication:`, found something else"),
    ("a: 1\n---\nb: 2\n", "3:1: holds a second document; remove the line `---` and what repeats"),
    ("a:\n\tb: 1\n", "2:1: found a tab; indent with blanks"),
    ("a: 'x\nb: 2\n", "1:4: this quote is never closed"),
    ('a: 1\nb: "x\nc: 2\n', "2:4: this quote is never closed"),
    ('a: "x\nb: 2\nc: "y z"\n', "1:4: this quote is not closed before line 3; close it where its text ends"),
    ("a: 'x\nb: 2\nc: 'y z'\n", "1:4: this quote is not closed before line 3; close it where its text ends"),
    ('a: "x\n  y"\nb: "z" w\n', "3:8: the indentation does not fit the lines above"),
    ('a: "\\q"\n', "1:6: a \\ means something in \"double quotes\"; use 'single quotes'"),
    ("a: b: c\n", '1:5: found a second ": "; check the indentation, or put the text in quotes'),
    ("a:\n  b: 1\n c: 2\n", "3:2: the indentation does not fit the lines above"),
    ("a: [1, 2\nb: 3\n", "1:4: this [ is never closed by a ], or a comma is missing in between"),
    ("a: {x: 1\n", "1:4: this { is never closed by a }, or a comma is missing in between"),
    ("brand: {accent: #0a66c2}\n", '1:17: what follows # is a comment; put the colour in quotes: "#0a66c2"'),
    ("a: {b: [1,\n", "2:1: a { or a [ above is never closed"),
    ("a: @x\n", "1:4: text that begins with @ needs quotes"),
    ("a: >x\n", "1:4: text that begins with | or > needs quotes"),
    ("a: - b\n", "1:4: a list begins in a line of its own; text that begins with - needs quotes"),
    ("a: ]\n", "1:4: found something that does not belong here"),
    ("a: *b\n", "1:4: nothing before this line is named &b; quote text that begins with *"),
    ("a: &x [1, *x]\n", "1:11: nothing before this line is named &x; quote text that begins with *"),
    ("a: !!python/object:os.system x\n", "1:4: the tag tag:yaml.org,2002:python/object:os.system means nothing here; remove it"),
    ("? [a]\n: 1\n", '1:3: expected a name; text with { }, [ ], * needs "quotes"'),
    ("%YAML 9.9\n---\na: 1\n", "1:1: expected YAML 1.2; remove the line that begins with %YAML"),
    ("a: 1\nb: x\x07y\n", "2:5: found a character that cannot be seen; delete it"),
    ("[" * 200, "1:32: more than 30 levels inside each other"),
    (BOMB, "4:5: stands for more than 10000 values; write fewer `*aliases`"),
    (LADDER, "31:6: more than 30 levels inside each other"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_no_yaml_is_told_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("config.yaml"))
    assert str(caught.value) == f"config.yaml:{expected}"


def test_scalars_mean_what_yaml_1_2_says() -> None:
    text = "a: [on, no, yes, 10:30, 010, 1_000, 0x1F, 0o17, 1e3, 2025-01-01, true, FALSE, ~, null, '5', !!str 5]\n"
    assert read_tree(text, "c").data["a"] == [
        "on", "no", "yes", "10:30", 10, "1_000", 31, 15, 1000.0, "2025-01-01", True, False, None, None, "5", "5",
    ]  # fmt: skip


def test_a_number_too_long_to_be_one_stays_text() -> None:
    assert read_tree(f"a: {'9' * 5000}", "c").data["a"] == float("inf")


def test_names_are_text_as_written() -> None:
    assert [*read_tree("on: 1\n5: 2\ntrue: 3\n", "c").data] == ["on", "5", "true"]


def test_an_alias_stands_for_what_it_names_and_keeps_its_place() -> None:
    tree = read_tree("a: &x {b: 1}\nc: *x\n", "c")
    assert tree.data == {"a": {"b": 1}, "c": {"b": 1}}
    assert tree.value_place(("c", "b")).line == 1


@settings(deadline=None)
@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \n\t?,"))
def test_any_text_is_a_tree_or_one_finding_with_a_line(text: str) -> None:
    try:
        tree = read_tree(text, "config.yaml")
    except ConfigError as error:
        (found,) = error.findings
    else:
        assert tree.value_place(()).line >= 1
        return
    assert (found.line or 0) >= 1
    assert (found.column or 0) >= 1


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    expected = "config.yaml: there is no such file; `postroom init` writes one, `--config FILE` names another"
    assert refusal(tmp_path / "config.yaml") == expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_a_pipe_and_a_device_are_no_files(what: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert refusal(path) == "config.yaml: is a pipe, a socket or a device; put a plain file in its place"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path.name}: is a folder; name the file in it"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    assert refusal(path) == "config.yaml: cannot be read: Permission denied; check its permissions"


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (
        refusal(tmp_path / "file" / "c.yaml")
        == "c.yaml: cannot be read: Not a directory; check its permissions"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a: 1\nb: Zürich".encode("latin-1"), "2:5: a character here is not UTF-8; save the file as UTF-8"),
        (
            codecs.BOM_UTF8 + "a: 1\nb: Zürich".encode("latin-1"),
            "2:5: a character here is not UTF-8; save the file as UTF-8",
        ),
        ("a: 1".encode("utf-16"), "1:1: is written in UTF-16; save it as UTF-8"),
        (b"#" * 1_000_001, " is larger than 1,000,000 bytes; is it the right file?"),
    ],
)
def test_a_file_that_is_no_text_says_so(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(raw)
    assert refusal(path) == f"config.yaml:{expected}"


SMALL = """\
publication: {name: News, url: https://n.example}
channels: {posts: {kind: linkedin, transport: out}}
transports: {out: {kind: folder, path: out}}
"""


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(path).channels["posts"].lines == {"channel": 2, "kind": 2, "transport": 2}


def test_the_last_good_text_gives_the_same_config_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(SMALL)
    config = load(path)
    path.write_text("broken: [")
    assert parse(config.text, path) == config


def test_the_digest_follows_the_text() -> None:
    one, other = (parse(text, Path("/p/config.yaml")) for text in (SMALL, SMALL + "# more\n"))
    assert one.digest != other.digest
    assert len(one.digest) == 64
