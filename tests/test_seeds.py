"""Claims about the sample project: that it shows every road an article can take, and looks good."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml
from PIL import Image

SEEDS = Path(__file__).parent.parent / "seeds"
NINE_KEYS = [
    "title", "subtitle", "description", "author", "read_time", "publish_date", "created_date", "heroImage", "cta",
]  # fmt: skip
ARTICLES = sorted(SEEDS.glob("*.md"))
PICTURES = sorted((SEEDS / "images").iterdir())
REFUSAL = "content-required"
FUTURE = "a-letter-to-be-opened-in-2035"
DRAFT = "how-we-choose-our-pictures"
BROKEN_YAML = "whats-next-for-small-models"
PUBLISHED = [path for path in ARTICLES if path.stem not in (REFUSAL, FUTURE, DRAFT)]
IMAGE = re.compile(r"!\[(?P<alt>[^]]*)]\((?P<src>[^)]+)\)")


def parts(path):
    _, matter, body = path.read_text("utf-8").split("---\n", 2)
    return matter, body


def value(path, key):
    """Read one of the nine keys as it stands, without YAML."""
    found = re.search(rf"^{key}: '(.*)'$", parts(path)[0], re.MULTILINE)
    return found[1] if found else ""


def matter(name):
    return yaml.safe_load(parts(SEEDS / f"{name}.md")[0])


def named(path):
    return path.stem


def words(path):
    return len(parts(path)[1].split())


def sizes():
    return {path.stem: words(path) for path in PUBLISHED}


@pytest.mark.parametrize("path", ARTICLES, ids=named)
def test_an_article_speaks_the_nine_keys_in_their_order(path):
    keys = re.findall(r"^(\w+):", parts(path)[0], re.MULTILINE)
    assert keys[: len(NINE_KEYS)] == NINE_KEYS
    lines = parts(path)[0].splitlines()[: len(NINE_KEYS)]
    assert all(re.fullmatch(r"\w+: '.*'", line) for line in lines)


@pytest.mark.parametrize("path", ARTICLES, ids=named)
def test_a_file_is_named_by_a_slug(path):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.stem)


@pytest.mark.parametrize("path", PUBLISHED, ids=named)
def test_an_article_tells_everything_a_mail_and_a_post_need(path):
    assert all(value(path, key) for key in NINE_KEYS)
    body = parts(path)[1]
    assert len(re.findall(r"^## ", body, re.MULTILINE)) >= 2
    assert re.search(r"^(- |1\. )", body, re.MULTILINE), "takeaways are drawn from a list"
    assert body.rstrip().split("\n\n")[-1].endswith("?") or "?\n" in body, "a question starts a talk"


@pytest.mark.parametrize("path", PUBLISHED, ids=named)
def test_read_time_agrees_with_the_words(path):
    assert value(path, "read_time") == f"{max(1, round(words(path) / 220))} mins"


@pytest.mark.parametrize("path", ARTICLES, ids=named)
def test_no_article_holds_filler(path):
    text = path.read_text("utf-8").lower()
    assert not re.search(r"lorem|ipsum|todo|tbd|\[placeholder|delve|in today's", text)


def test_the_articles_spread_over_two_years_and_all_but_one_are_past():
    dates = {path.stem: date.fromisoformat(value(path, "publish_date")) for path in ARTICLES}
    assert dates.pop(FUTURE).year == 2035
    assert max(dates.values()) < date(2026, 11, 1)
    assert Counter(day.year for day in dates.values()).keys() == {2025, 2026}
    assert len(set(dates.values())) == len(dates)


def test_there_is_a_long_and_a_short_article():
    assert len(PUBLISHED) >= 8
    assert max(sizes().values()) >= 1200
    assert min(sizes().values()) <= 260


def test_one_article_has_code_that_does_what_it_says(capsys):
    body = parts(SEEDS / "downhill-in-the-dark.md")[1]
    (code,) = re.findall(r"```python\n(.*?)```", body, re.DOTALL)
    exec(compile(code, "article", "exec"), {})
    printed = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert printed[:4] == ["2.706", "2.977", "3.004", "3.006"]
    assert printed[-1] == "3.007"
    assert len([line for line in code.splitlines() if line.strip()]) == 8


def test_one_article_has_tables_and_footnotes():
    body = parts(SEEDS / "the-test-that-is-nearly-always-right.md")[1]
    used, told = (
        set(re.findall(r"\[\^(\w+)](?!:)", body)),
        set(re.findall(r"^\[\^(\w+)]:", body, re.MULTILINE)),
    )
    assert used == told
    assert len(told) == 3
    assert len(re.findall(r"^\| -", body, re.MULTILINE)) == 2


def test_one_apostrophe_breaks_yaml_and_only_one():
    broken = []
    for path in ARTICLES:
        try:
            yaml.safe_load(parts(path)[0])
        except yaml.YAMLError:
            broken.append(path.stem)
    assert broken == [BROKEN_YAML]
    assert value(SEEDS / f"{BROKEN_YAML}.md", "title").startswith("What's next")


def test_one_article_is_a_draft():
    assert [path.stem for path in ARTICLES if "\ndraft: true\n" in parts(path)[0]] == [DRAFT]


def test_one_file_is_a_refusal_saved_as_an_article():
    path = SEEDS / f"{REFUSAL}.md"
    assert value(path, "title") == "Content required"
    assert "I cannot write this article" in parts(path)[1]


def test_one_article_overrides_what_is_drawn_from_it():
    found = matter("the-filter-that-flew-to-the-moon")
    assert set(found["social"]["linkedin"]) == {"hook", "takeaways", "question"}
    assert len(found["social"]["linkedin"]["takeaways"]) == 3
    assert found["email"]["subject"] != found["title"]
    assert 40 <= len(found["email"]["preheader"]) <= 110


def test_one_article_narrows_its_channels():
    assert matter("the-list-that-remembers-by-forgetting")["channels"] == ["newsletter"]


def test_tags_and_calls_to_action_vary():
    assert sum("\ntags: [" in parts(path)[0] for path in ARTICLES) >= 8
    calls = [value(path, "cta") for path in PUBLISHED]
    assert 3 <= sum("on LinkedIn" in call for call in calls) < len(calls)


@pytest.mark.parametrize("path", ARTICLES, ids=named)
def test_every_picture_is_there_and_described(path):
    images = [
        (value(path, "heroImage"), "hero"),
        *((found["src"], found["alt"]) for found in IMAGE.finditer(parts(path)[1])),
    ]
    for src, alt in images:
        assert (SEEDS / src).is_file()
        assert alt


@pytest.mark.parametrize("path", PICTURES, ids=named)
def test_a_picture_is_wide_and_light(path):
    with Image.open(path) as image:
        assert image.size == (1600, 900)
        assert image.format == {".webp": "WEBP", ".jpg": "JPEG"}[path.suffix]
        assert not image.getexif()
    assert path.stat().st_size <= 120_000


def test_pictures_come_as_jpeg_and_webp_and_none_is_idle():
    assert {path.suffix for path in PICTURES} == {".jpg", ".webp"}
    told = "".join(path.read_text("utf-8") for path in ARTICLES)
    assert all(f"images/{path.name}" in told for path in PICTURES)


def people():
    with (SEEDS / "subscribers.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_subscribers_are_nobody():
    assert 10 <= len(people()) <= 15
    for person in people():
        assert re.search(r"@example\.(com|org|net)$|\.example$", person["email"].lower())


def test_subscribers_show_every_line_of_the_accounts():
    addresses = [person["email"].lower() for person in people()]
    assert [address for address, times in Counter(addresses).items() if times > 1] == ["ada@example.com"]
    assert sum(person["status"] == "unsubscribed" for person in people()) == 1
    assert not all(person["first_name"] for person in people())
    assert any(not person["name"].isascii() for person in people())
    assert {"country", "language", "tags"} <= people()[0].keys()
