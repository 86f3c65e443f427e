"""Whatever a field holds, the mail reads as if it had been written for that recipient alone."""

from __future__ import annotations

import binascii
import html as markup
import itertools
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.compose import compose
from postroom.compose.wording import printable
from postroom.model import Mail

HTML = (
    "<!DOCTYPE html>\n<html lang='en'><body>\n<p class=\"lead\">Dear @@first_name|reader@@,</p>"
    + "<p>A line without any break, as MJML writes them, = signs and all. </p>" * 40
    + "\n.dot @@name@@\n@@name@@ From here\nFrom @@town|afar@@ \n.@@town@@.\t\n"
    + '<a title="@@name|\'x\'@@" href="@@unsubscribe_url@@">Leave</a>@@town@@@@name@@ \n@@email@@</body></html>\n'
)
TEXT = (
    "@@name@@\n\nDear @@first_name|reader@@,\n\n" + "Fire is hot. " * 30 + "\n..\n.\nFrom fire\nFrom@@town@@ "
    "x \n\t\n@@unsubscribe_url@@ @@nothing|=default = @@\n@@name|@@ @@town@@"
)
ALPHABETS = (
    "abcdefgh ", " .", ".From ", "= \"'&<>", "\t\n\r\x00\x0b a", "äöüßéø", "王小明日本語の",
    "👋🏽👩\u200d👧é", "a\u0301\u202e\u200bب", "From ", "@@name|", "=20=?utf-8?q?", "%s{}\\",
    "".join(map(chr, range(32, 127))),
)  # fmt: skip


def odd_names(count: int) -> list[str]:
    """Names that nobody has, of up to 120 characters, always the same ones."""
    source = random.Random(7)
    fixed = [
        "",
        " ",
        ".",
        "..",
        "From ",
        "From x",
        "=",
        *("x" * size for size in (74, 75, 76, 120)),
        "王" * 120,
    ]
    drawn = (
        "".join(source.choices(source.choice(ALPHABETS), k=source.choice((1, 3, 12, 74, 75, 76, 120))))
        for _ in itertools.count()
    )
    return [*fixed, *itertools.islice(drawn, count - len(fixed))]


def in_full(text: str, values: dict[str, str]) -> str:
    """Fill a text in the plainest way there is."""
    return re.sub(
        "@@([a-z_]+)(?:\\|(.*?))?@@", lambda found: values.get(found[1], "") or found[2] or "", text
    )


def decoded(data: bytes) -> list[str]:
    """Read both parts in quoted-printable, faster than a parser does."""
    boundary = re.search(rb'boundary="(.*?)"', data)
    assert boundary is not None
    parts = data.split(b"\r\n--" + boundary[1])[1:3]
    return [binascii.a2b_qp(part.partition(b"\r\n\r\n")[2]).decode().replace("\r\n", "\n") for part in parts]


def lines_are_fit_for_every_server(data: bytes) -> bool:
    lines = data.split(b"\r\n")
    return (
        data.isascii()
        and data.count(b"\r") == data.count(b"\n") == len(lines) - 1
        and max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
        and not any(line.startswith((b".", b"From ")) or line.endswith((b" ", b"\t")) for line in lines)
    )


def test_three_thousand_odd_names_come_back_byte_for_byte(desk) -> None:
    edition = desk.edition(replace(desk.LETTER, html=HTML, text=TEXT, subject="For @@name|you@@: fire"))
    for at, name in enumerate(odd_names(3_000)):
        reader = replace(desk.ADA, name=name, merge={"town": name[::-1], "first_name": name[:20]})
        data = desk.written(edition, desk.delivery(reader))
        assert lines_are_fit_for_every_server(data)
        values = {
            "name": printable(name),
            "town": printable(name[::-1]),
            "first_name": printable(name[:20]),
            "email": reader.address,
            "unsubscribe_url": desk.head(data)["List-Unsubscribe"][1:-1],
        }
        escaped = {key: markup.escape(value) for key, value in values.items()}
        assert decoded(data) == [in_full(TEXT, values), in_full(HTML, escaped)]
        assert desk.shown(desk.head(data)["Subject"]) == printable(f"For {values['name'] or 'you'}: fire")
        if at % 100 == 0:
            assert [desk.body(data, 0), desk.body(data, 1)] == decoded(data)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=90), st.sampled_from(["@@name@@", "@@town|a b@@", "\n", " ", ".", "From "])
        )
    ),
    st.text(max_size=90),
)
def test_any_text_filled_with_any_value_comes_back(desk, pieces: list[str], value: str) -> None:
    text = printable("".join(pieces).replace("\n", "\u2063")).replace("\u2063", "\n")
    reader = replace(desk.ADA, name=value, merge={"town": ""})
    data = desk.written(desk.edition(replace(desk.LETTER, text=text, html=text)), desk.delivery(reader))
    assert lines_are_fit_for_every_server(data)
    assert desk.body(data, 0) == in_full(text, {"name": printable(value)})
    assert desk.body(data, 1) == in_full(text, {"name": markup.escape(printable(value))})


@pytest.mark.parametrize("name", ["", "Ada", "王小明", "<b>&"])
def test_a_part_in_base64_is_filled_before_it_is_encoded(desk, name: str) -> None:
    text = "@@name|読者@@様、" + "日本語の記事です。\n" * 300
    data = desk.written(
        desk.edition(replace(desk.LETTER, text=text, html=text)), desk.with_recipient(name=name)
    )
    assert data.count(b"Content-Transfer-Encoding: base64\r\n") == 2
    assert lines_are_fit_for_every_server(data)
    assert desk.body(data, 0) == in_full(text, {"name": name})
    assert desk.body(data, 1) == in_full(text, {"name": markup.escape(name)})


def test_ten_thousand_letters_of_several_threads_hold_their_own_fields_alone(desk) -> None:
    fields = ("c1", "c2", "c3", "c4", "c5")
    text = "".join(f"[@@{name}@@] " for name in fields) + "\n"
    editions = [
        desk.edition(replace(desk.LETTER, text=text, html=text), content_hash=f"{at}") for at in range(3)
    ]

    def foreign(number: int) -> set[str]:
        own = {name: f"canary{number}x{name}" for name in fields}
        reader = replace(desk.ADA, name=f"canary{number}xname", merge=own)
        content = compose(editions[number % 3], desk.delivery(reader), desk.KEYS).content
        assert isinstance(content, Mail)
        found = set(re.findall(r"canary\d+x\w+", content.data.decode()))
        assert found >= set(own.values())
        return found - set(own.values()) - {reader.name}

    with ThreadPoolExecutor(4) as pool:
        assert set().union(*pool.map(foreign, range(10_000), chunksize=100)) == set()


def test_two_editions_that_differ_in_anything_are_two_letters(desk) -> None:
    """The form that is kept for an edition depends on all that it was made of, not on its hash alone."""
    first = desk.written()
    for changes in (
        {"content": replace(desk.LETTER, text="Other.\n")},
        {"content": replace(desk.LETTER, html="Other.\n")},
        {"content": replace(desk.LETTER, subject="Other")},
        {"content": replace(desk.LETTER, fence="@@@")},
        {"content_hash": "other"},
        {"sender": replace(desk.SENDER, list_name="Other")},
        {"unsubscribe": None},
        {"one_click": False},
    ):
        assert desk.written(desk.edition(**changes)) != first
        assert desk.written() == first
