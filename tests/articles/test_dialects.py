"""A thousand articles in the dialects of the web, and five hundred that were broken on the way."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.articles import KEYS, ArticleRules, load, read_body
from postroom.model import Severity

LONDON = ZoneInfo("Europe/London")
BODY = "The river was here first.\n\nIt moved nine times, and the town moved with it.\n"


@dataclass(frozen=True)
class Written:
    """An article as it was written, and what it must be read as."""

    name: str
    content: bytes
    title: str
    publish_at: datetime
    id: str


WORDS = st.sampled_from(
    [
        "Rivers",
        "What's",
        "DeepSeek's",
        "RAG:",
        "100%",
        "C++",
        "—",
        "“quoted”",
        "Über",
        "読む",
        "לחם",
        "🚀",
        "(2025)",
        "don't",
    ]
)
TITLES = st.lists(WORDS, min_size=2, max_size=6).map(lambda words: " ".join(["On", *words, "and on"]))
TITLE_KEYS = st.sampled_from(["title", "Title"])
DATE_KEYS = st.sampled_from(
    ["publish_date", "date", "pubDate", "publishDate", "published", "published_at", "created"]
)

# Each way to write a moment, and what it then means. Hours from 3 on: no clock changes there.
DATE_FORMS: dict[str, Callable[[date, time], datetime]] = {
    "{d}": lambda d, t: datetime.combine(d, time(9), LONDON),
    "{d:%Y/%m/%d}": lambda d, t: datetime.combine(d, time(9), LONDON),
    "{d:%b %d %Y}": lambda d, t: datetime.combine(d, time(9), LONDON),
    "{d:%B %d, %Y}": lambda d, t: datetime.combine(d, time(9), LONDON),
    "{d} {t}": lambda d, t: datetime.combine(d, t, LONDON),
    "{d}T{t}": lambda d, t: datetime.combine(d, t, LONDON),
    "{d}T{t}Z": lambda d, t: datetime.combine(d, t, UTC),
    "{d} {t} +0000": lambda d, t: datetime.combine(d, t, UTC),
    "{d} {t} -4": lambda d, t: datetime.combine(d, t, timezone(timedelta(hours=-4))),
    "{d}T{t}+05:30": lambda d, t: datetime.combine(d, t, timezone(timedelta(hours=5, minutes=30))),
    "{d} {t} America/New_York": lambda d, t: datetime.combine(d, t, ZoneInfo("America/New_York")),
}
TIMES = st.times(time(3)).map(lambda moment: moment.replace(microsecond=0))

# How a value may be quoted in YAML; the last four are not YAML, and are read line by line.
QUOTINGS: dict[str, Callable[[str], str]] = {
    "single": lambda text: "'" + text.replace("'", "''") + "'",
    "double": json.dumps,
    "folded": lambda text: f">-\n  {text}",
    "bare apostrophe": lambda text: f"'{text}'",
    "backslash": lambda text: "'" + text.replace("'", "\\'") + "'",
    "remark": lambda text: "'" + text.replace("'", "''") + "'  // placeholder",
    "comment": lambda text: f"'{text}' <!-- the title -->",
    "colon": lambda text: text,
}


def front_matter(fence: str, facts: dict[str, str], quoting: str) -> str:
    """Write facts between fences, in one of the ways that sites do."""
    if fence == "yaml":
        quote = QUOTINGS[quoting]
        lines = [
            f"{key}: {quote(value) if key.lower() == 'title' else value}" for key, value in facts.items()
        ]
        return "\n".join(["---", *lines, "---", ""])
    if fence == "toml":
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
        return "\n".join(["+++", *lines, "[params]", "weight = 3", "+++", ""])
    if fence == "json":
        return json.dumps(facts, indent=2) + "\n"
    return "\n".join([*(f"{key}: {value}" for key, value in facts.items()), "", ""])


@st.composite
def articles(draw: st.DrawFn) -> Written:
    title, day = draw(TITLES), draw(st.dates(date(2000, 1, 1), date(2040, 12, 31)))
    stem = draw(st.from_regex(r"[a-z]{3,8}-[a-z]{3,8}", fullmatch=True))
    form, clock = draw(st.sampled_from(sorted(DATE_FORMS))), draw(TIMES)
    naming = draw(st.sampled_from(["id", "slug", ""]))
    fence = draw(st.sampled_from(["yaml", "yaml", "yaml", "toml", "json", "headers", "none"]))
    if fence == "none":
        stem = f"{day}-{stem}"
        text, publish_at, name = f"# {title}\n\n", datetime.combine(day, time(9), LONDON), stem
    else:
        facts = {
            draw(TITLE_KEYS): title,
            draw(DATE_KEYS): form.format(d=day, t=clock),
            "author": "Sophia Martín",
        }
        facts |= {naming: f"own-{stem}"} if naming else {}
        text = front_matter(fence, facts, draw(st.sampled_from(sorted(QUOTINGS))))
        publish_at, name = DATE_FORMS[form](day, clock), facts.get(naming, stem)
    text = draw(st.sampled_from(["", "\n", " \n\n"])) * (fence in ("yaml", "toml", "json")) + text + BODY
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    return Written(
        f"{stem}{draw(st.sampled_from(['.md', '.markdown']))}", text.encode(encoding), title, publish_at, name
    )


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> ArticleRules:
    base = tmp_path_factory.mktemp("project")
    (base / "seeds").mkdir()
    return ArticleRules(
        folder=base / "seeds",
        base=base,
        timezone="Europe/London",
        publish_time=time(9),
        url="https://learning.example/{slug}",
    )


def put(rules: ArticleRules, written: Written) -> Path:
    path = rules.folder / written.name
    path.write_bytes(written.content)
    return path


@given(written=articles())
@settings(max_examples=1000, derandomize=True, deadline=None)
def test_every_dialect_becomes_the_article_that_was_meant(rules: ArticleRules, written: Written) -> None:
    loaded = load(put(rules, written), rules)
    assert loaded.article is not None, (loaded.findings, written.content)
    assert not [found for found in loaded.findings if found.severity is Severity.ERROR]
    assert loaded.article.title == written.title
    assert loaded.article.publish_at == written.publish_at
    assert loaded.article.id == written.id
    assert read_body(loaded.article).endswith(BODY)
    assert loaded.article.repaired == any(found.rule == "front-matter-repaired" for found in loaded.findings)


def _cut(content: bytes) -> bytes:
    return content[: content.index("í".encode()) + 1]


def _put_line(line: str, behind: bytes = b"date: 2024-05-01\n") -> Callable[[bytes], bytes]:
    return lambda content: content.replace(behind, behind + line.encode() + b"\n", 1)


GOOD = "---\ntitle: '{title}'\ndate: 2024-05-01\nauthor: 'Sophia Martín'\ntags: [a, b]\n---\n" + BODY

# How files get broken. Each must end as a finding with file and line, and no article that may go out.
BREAKAGES: dict[str, Callable[[bytes], bytes]] = {
    "an unclosed fence": lambda content: content.replace(b"\n---\n", b"\n", 1),
    "a key given twice": _put_line("title: 'Another'"),
    "a key given twice, in a file that is no YAML": _put_line("x: 'a'b'\nx: c"),
    "words that are no key": _put_line("these are just words"),
    "a bad date": lambda content: content.replace(b"2024-05-01", b"the day after"),
    "an ambiguous date": lambda content: content.replace(b"2024-05-01", b"11-9-2017"),
    "a day that is none": lambda content: content.replace(b"2024-05-01", b"2024-02-31"),
    "an unknown zone": lambda content: content.replace(b"2024-05-01", b"2024-05-01 10:00 Europe/Londn"),
    "half a character": _cut,
    "another encoding": lambda content: content.replace("í".encode(), b"\xed"),
    "a NUL": lambda content: content.replace(b"Sophia", b"So\0hia"),
    "binary data": lambda content: content.replace(b"Sophia", bytes(range(256))),
    "no text": lambda content: content[: -len(BODY)],
    "a title from a template": lambda content: re.sub(rb"title: .*", b"title: {{ page.title }}", content),
    "template code in the text": lambda content: content + b"\n{% include ad.html %}\n",
    "deep nesting": _put_line("deep: " + "[" * 200),
    "many aliases": _put_line("\n".join(f"{b}: &{b} [{a}, {a}, {a}, {a}, {a}]" for a, b in zip(
        ("1", "*a", "*b", "*c", "*d", "*e"), "abcdef", strict=True))),
    "a broken mapping": _put_line("social: {linkedin: {hook: a: b}"),
    "a title that is a mapping": lambda content: re.sub(rb"title: .*", b"title: {a: b}", content),
    "too much front matter": _put_line("x: " + "y" * 70_000),
    "a placeholder for a name": lambda content: content.replace("Sophia Martín".encode(), b"[Author Name]"),
    "an id that leads away": _put_line("id: ../../outside"),
}  # fmt: skip


@given(
    title=st.lists(
        st.sampled_from(["Rivers", "remember", "Über", "読む", "twice"]), min_size=2, max_size=5
    ).map(" ".join),
    how=st.sampled_from(sorted(BREAKAGES)),
    line_end=st.sampled_from([b"\n", b"\r\n"]),
)
@settings(max_examples=500, derandomize=True, deadline=None)
def test_every_breakage_is_an_error_with_file_and_line(
    rules: ArticleRules, title: str, how: str, line_end: bytes
) -> None:
    broken = BREAKAGES[how](GOOD.format(title=title).encode()).replace(b"\n", line_end)
    path = rules.folder / "broken.md"
    path.write_bytes(broken)
    errors = [found for found in load(path, rules).findings if found.severity is Severity.ERROR]
    assert errors, how
    lines = broken.count(b"\n") + 1
    assert all(found.file == "seeds/broken.md" and 1 <= (found.line or 0) <= lines for found in errors), (
        errors
    )


NAMES = sorted({name for names in KEYS.values() for name in names})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.from_regex(r"[/:\[\]{}.#@\d-]*"),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "src", "name"]), inner, max_size=3)
    ),
)


@given(facts=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_no_value_of_any_type_under_any_key_ends_in_an_exception(
    rules: ArticleRules, facts: dict[str, object]
) -> None:
    path = rules.folder / "values.md"
    path.write_text(json.dumps(facts, indent=1) + "\n" + BODY)
    loaded = load(path, rules)
    assert loaded.article is not None, loaded.findings
    assert all(found.line for found in loaded.findings)
    json.dumps(loaded.article.attributes)


@pytest.mark.parametrize("seed", range(150))
def test_bytes_changed_at_random_never_end_in_an_exception(rules: ArticleRules, seed: int) -> None:
    source = random.Random(seed)
    content = bytearray(GOOD.format(title="It''s a river").encode())
    for _ in range(source.randint(1, 12)):
        position = source.randrange(len(content))
        match source.randrange(3):
            case 0:
                content[position] = source.choice(b"\t\n -:'\"{}[]|>&*!#%@`\\\xff\x00\x1b+")
            case 1:
                del content[position : position + source.randint(1, 20)]
            case _:
                content[position:position] = content[: source.randint(1, 30)]
    path = rules.folder / "random.md"
    path.write_bytes(bytes(content))
    loaded = load(path, rules)
    assert loaded.article is not None or loaded.findings
    assert all(found.line for found in loaded.findings)
