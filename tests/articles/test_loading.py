from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.articles import ArticleRules, Loaded, load, read_body
from postroom.articles.loading import MAX_BODY_BYTES, MAX_MATTER_BYTES
from postroom.errors import ArticleError
from postroom.model import Article, ImageRef, Severity

Read = Callable[..., Loaded]

FEED = """\
---
title: 'Rivers Remember'
subtitle: 'What water writes'
description: 'A walk along a river that has moved nine times.'
author: 'Sophia Martín'
read_time: '8 mins'
publish_date: '2025-02-07'
created_date: '2025-02-06'
heroImage: 'https://images.learning.example/river.webp'
cta: 'Follow us on LinkedIn.'
---

The river was here first.
"""


def article(loaded: Loaded) -> Article:
    assert loaded.article is not None, loaded.findings
    return loaded.article


def matter(lines: str) -> str:
    return f"---\ntitle: Rivers\n{lines}\n---\nThe river was here first.\n"


def rules_of(loaded: Loaded, severity: Severity | None = None) -> list[tuple[str, int | None]]:
    return [(found.rule, found.line) for found in loaded.findings if severity in (None, found.severity)]


def test_the_feed_s_own_dialect_fills_every_fact(read: Read, rules: ArticleRules) -> None:
    loaded = read(FEED, "rivers/remember.md")
    found = article(loaded)
    assert loaded.findings == ()
    assert (found.id, found.path, found.file) == (
        "rivers/remember",
        "rivers/remember.md",
        "seeds/rivers/remember.md",
    )
    assert (found.title, found.subtitle) == ("Rivers Remember", "What water writes")
    assert found.description.startswith("A walk along")
    assert (found.authors, found.read_time, found.cta) == (("Sophia Martín",), 8, "Follow us on LinkedIn.")
    assert found.publish_at == datetime(2025, 2, 7, 9, tzinfo=UTC)
    assert found.publish_text == "2025-02-07"
    assert found.created_at == datetime(2025, 2, 6, tzinfo=UTC)
    assert found.image == ImageRef(src="https://images.learning.example/river.webp", line=9)
    assert found.url == "https://learning.example/articles/remember"
    assert (found.body_line, found.lines["publish_date"], found.attributes) == (12, 7, {})
    assert read_body(found) == "\nThe river was here first.\n"


@pytest.mark.parametrize(
    "key", ["date", "pubDate", "publishDate", "published", "published_at", "created", "Pub-Date"]
)
def test_each_name_of_the_date_is_known(read: Read, key: str) -> None:
    found = article(read(matter(f"{key}: 2024-05-01")))
    assert found.publish_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert found.lines[key] == found.lines["publish_date"] == 3


@pytest.mark.parametrize(
    ("lines", "src", "alt"),
    [
        ("image: a.png", "a.png", ""),
        ("cover: {image: a.png, alt: A river}", "a.png", "A river"),
        ("coverImage:\n  src: //cdn.example/a b.png", "//cdn.example/a b.png", ""),
        ("featured_image: [a.png, b.png]", "a.png", ""),
        ("thumbnail: a.png\nimageAlt: A river", "a.png", "A river"),
        ("image: {src: {url: a.png}}", "a.png", ""),
    ],
)
def test_images_come_as_text_list_or_mapping(read: Read, lines: str, src: str, alt: str) -> None:
    found = article(read(matter(lines)))
    assert found.image == ImageRef(src=src, alt=alt, line=3)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ("author: Jenkins, David", ("Jenkins, David",)),
        ("authors: [Ann, Bob]", ("Ann", "Bob")),
        ("author: {name: Ann, url: x}", ("Ann",)),
        ("by:\n  - name: Ann\n  - Bob", ("Ann", "Bob")),
        ("author: null", ()),
        ("author: 1984", ("1984",)),
    ],
)
def test_authors_come_as_text_list_or_mapping(read: Read, lines: str, names: tuple[str, ...]) -> None:
    assert article(read(matter(lines))).authors == names


@pytest.mark.parametrize(
    ("lines", "tags"),
    [
        ("tags: a, b c; '#d'", ("a", "b c", "'#d'")),
        ("tags: [1.10, No, x, x]", ("1.10", "No", "x")),
        ("categories:\n- Deep Learning\n- '#AI'", ("Deep Learning", "AI")),
        ("tags: []\ntopics: y", ("y",)),
    ],
)
def test_tags_come_as_text_or_list(read: Read, lines: str, tags: tuple[str, ...]) -> None:
    assert article(read(matter(lines))).tags == tags


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("draft: true", "draft: true"),
        ("draft: 'yes'", "draft: yes"),
        ("published: false", "published: false"),
        ("status: Draft", "status: draft"),
        ("draft: perhaps", "draft: perhaps"),
        ("draft: false\npublished: true\nstatus: published", ""),
        ("published: 2024-01-01", ""),
    ],
)
def test_a_draft_says_why_it_is_one(read: Read, lines: str, reason: str) -> None:
    found = article(read(matter(lines)))
    assert (found.draft, found.draft_reason) == (bool(reason), reason)


def test_the_drafts_folder_makes_drafts(read: Read) -> None:
    assert article(read(matter(""), "2026/_drafts/x.md")).draft_reason == "in the folder _drafts"


def test_yaml_has_no_surprises(read: Read) -> None:
    found = article(
        read(matter("country: no\nswitch: on\nclock: 10:30\nday: 2024-01-01\nn: 010\nx: 1.50\nb: true\nz: ~"))
    )
    assert found.attributes == {
        "country": "no",
        "switch": "on",
        "clock": "10:30",
        "day": "2024-01-01",
        "n": "010",
        "x": 1.5,
        "b": True,
        "z": None,
    }


def test_a_title_stays_what_was_written(read: Read) -> None:
    for written in ("1.10", "No", "1984", "2024-01-01", "true"):
        assert article(read(f"---\ntitle: {written}\n---\nText.")).title == written


def test_what_no_fact_uses_becomes_attributes(read: Read) -> None:
    found = article(read(matter("weight: 3\nparams: {a: [1, two]}\nemail: ann@learning.example")))
    assert found.attributes == {"weight": 3, "params": {"a": (1, "two")}, "email": "ann@learning.example"}


def test_front_matter_may_set_what_is_mailed_and_posted(read: Read) -> None:
    lines = (
        "email: {subject: S, preheader: P}\n"
        'social: {linkedin: {hook: "a\\nb", takeaways: [x, y]}}\n'
        "channels: a, not b"
    )
    found = article(read(matter(lines)))
    assert found.email == {"subject": "S", "preheader": "P"}
    assert found.social == {"linkedin": {"hook": "a\nb", "takeaways": ("x", "y")}}
    assert found.channels == ("a", "not b")


def test_an_empty_list_of_channels_sends_it_nowhere_and_says_so(read: Read) -> None:
    loaded = read(matter("tags: x\nchannels: []"))
    assert article(loaded).channels == ()
    (told,) = [each for each in loaded.findings if each.rule == "front-matter-channels"]
    assert (told.severity, told.line) == (Severity.INFO, article(loaded).lines["channels"])


@pytest.mark.parametrize("written", ["", "null", "''", "{}"])
def test_channels_without_a_name_are_an_error_with_its_line(read: Read, written: str) -> None:
    loaded = read(matter(f"tags: x\nchannels: {written}"))
    (told,) = [each for each in loaded.findings if each.rule == "front-matter-channels"]
    assert (told.severity, told.line) == (Severity.ERROR, article(loaded).lines["channels"])
    assert "`channels: []` to send it nowhere" in told.message


@pytest.mark.parametrize("written", ["in review", "Entwurf", "[draft]", "yes"])
def test_a_status_that_is_not_known_keeps_it_back_and_names_those_that_are(read: Read, written: str) -> None:
    loaded = read(matter(f"tags: x\nstatus: {written}"))
    (told,) = [each for each in loaded.findings if each.rule == "front-matter-status"]
    assert (told.severity, told.line) == (Severity.ERROR, article(loaded).lines["draft"])
    assert "write published (or " in told.message
    assert "draft (or archived, " in told.message
    assert article(loaded).draft


@pytest.mark.parametrize("written", ["published", "Public", "LIVE", "scheduled", "", "null"])
def test_a_status_that_lets_it_out_is_no_finding(read: Read, written: str) -> None:
    loaded = read(matter(f"status: {written}"))
    assert not article(loaded).draft
    assert [each for each in loaded.findings if each.rule == "front-matter-status"] == []


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("email: {subjct: S}", "front-matter-unknown"),
        ("email: [a]", "front-matter-type"),
        ("social: {x: '@learning'}", "front-matter-type"),
        ("social: text", "front-matter-type"),
        ("social: {linkedin: {hook: {a: b}}}", "front-matter-type"),
        ("subtitle: {a: b}", "front-matter-type"),
        ("tags: {a: b}", "front-matter-type"),
        ("author: [[a]]", "front-matter-type"),
        ("draft: perhaps", "front-matter-type"),
        ("lang: Klingon!", "bad-language"),
        ("id: ../../etc/passwd", "bad-id"),
        ("permalink: https://[bad", "bad-address"),
        ("date: {a: b}", "front-matter-type"),
        ("date: 11-9-2017", "bad-date"),
        ("created_date: soon", "bad-date"),
        ("date: 2026-03-29 01:30", "clock-change"),
        ('subtitle: "bell \\a rings"\nx: \x08', "control-character"),
    ],
)
def test_a_wrong_fact_is_named_with_its_line(read: Read, lines: str, rule: str) -> None:
    loaded = read(matter(lines))
    assert loaded.article is not None
    assert rule in [found.rule for found in loaded.findings]
    assert all(found.line and found.file == "seeds/story.md" for found in loaded.findings)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("8 mins", 8), ("1 hour 10 min", 70), ("'12'", 12), ("0 mins", 1), ("soon", 1), ("1h", 60), ("{}", 1)],
)
def test_read_time_is_read_or_counted(read: Read, text: str, minutes: int) -> None:
    assert article(read(matter(f"read_time: {text}"))).read_time == minutes


def test_reading_is_counted_at_230_words_a_minute(read: Read) -> None:
    assert article(read("# A\n\n" + "word " * 2299)).read_time == 11
    assert article(read("# A\n\n" + "读" * 920)).read_time == 3
    assert article(read("")).read_time is None


@pytest.mark.parametrize(
    ("lines", "name", "slug", "url"),
    [
        ("slug: Über uns", "Über uns", "uber-uns", "https://learning.example/articles/uber-uns"),
        ("permalink: /2017/hello/", "2017/hello", "hello", "https://learning.example/2017/hello/"),
        ("url: https://other.example/a/b.html", "a/b", "b", "https://other.example/a/b.html"),
        ("permalink: /:year/:title/", "story", "story", "https://learning.example/articles/story"),
        ("id: 42\nslug: x", "42", "x", "https://learning.example/articles/x"),
    ],
)
def test_ids_slugs_and_addresses(read: Read, lines: str, name: str, slug: str, url: str) -> None:
    found = article(read(matter(lines)))
    assert (found.id, found.slug, found.url) == (name, slug, url)


def test_a_pattern_with_a_date_gives_no_address_without_one(rules: ArticleRules, read: Read) -> None:
    dated = replace(rules, url="https://learning.example/{year}/{month}/{day}/{id}")
    path = rules.folder / "2024-03-21-spring.md"
    path.write_text("# Spring\n\nText.")
    assert article(load(path, dated)).url == "https://learning.example/2024/03/21/2024-03-21-spring"
    (rules.folder / "x.md").write_text("# X\n\nText.")
    assert article(load(rules.folder / "x.md", dated)).url is None


def test_a_file_s_name_gives_date_and_title_where_nothing_else_does(read: Read) -> None:
    found = article(read("Text.", "2024-03-21-my-first_post.md"))
    assert (found.title, found.publish_text, found.slug) == ("My first post", "2024-03-21", "my-first-post")
    assert article(read("Text.", "rivers/index.md")).slug == "rivers"


def test_the_first_heading_is_the_title_of_a_file_without_front_matter(read: Read) -> None:
    assert article(read("```\n# no\n```\n\n# The *real* [title](x) #\n\nText.")).title == "The real title"
    found = article(read("Set `in` stone\n===\n\nText."))
    assert (found.title, found.lines["title"]) == ("Set in stone", 1)


def test_toml_json_and_headers_are_read_with_their_lines(read: Read) -> None:
    toml = article(read('+++\ntitle = "T"\ndate = 2024-05-01T10:00:00Z\n[params]\nn = 1\n+++\nText.'))
    facts = json.dumps({"title": "T", "date": "2024-05-01T10:00:00Z", "params": {"n": 1}}, indent=1)
    as_json = article(read(f"{facts}\n\nText."))
    headers = article(read("Title: T\nDate: 2024-05-01T10:00:00Z\nSummary: long\n  text\n\nText."))
    for found in (toml, as_json, headers):
        assert found.title == "T"
        assert found.publish_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert read_body(headers) == "Text."
    assert toml.attributes == as_json.attributes == {"params": {"n": 1}}
    assert (toml.lines["date"], as_json.lines["date"], headers.lines["Date"]) == (3, 3, 2)
    assert (toml.body_line, headers.body_line, headers.description) == (7, 6, "long text")


@pytest.mark.parametrize(
    "content",
    [
        FEED.encode("utf-8-sig"),
        b"\xff\xfe" + FEED.encode("utf-16-le"),
        b"\xfe\xff" + FEED.encode("utf-16-be"),
        FEED.replace("\n", "\r\n").encode(),
        FEED.replace("\n", "\r").encode(),
        ("\n  \n" + FEED).encode(),
    ],
)
def test_encodings_line_ends_and_blank_lines_do_not_matter(read: Read, content: bytes) -> None:
    found = article(read(content))
    assert (found.title, found.authors) == ("Rivers Remember", ("Sophia Martín",))
    assert read_body(found) == "\nThe river was here first.\n"


def test_a_body_may_open_with_a_thematic_break(read: Read) -> None:
    for body in (
        "---\n\nNo keys here.\n\n---\nMore.",
        "---\nA line.\n",
        "{{ x }}\n",
        "Note that: this\nis text.\n",
    ):
        assert read_body(article(read(body))) == body


def test_body_hash_ignores_outer_blanks_and_line_ends(read: Read) -> None:
    plain, blank = article(read(FEED)), article(read(FEED.replace("\n", "\r\n") + "\r\n\r\n"))
    assert plain.body_hash == blank.body_hash
    assert plain.source_hash != blank.source_hash


def test_a_body_is_only_given_for_the_file_that_was_read(read: Read, write: Callable[..., Path]) -> None:
    found = article(read(FEED))
    write(FEED + "More.")
    with pytest.raises(ArticleError, match=r"seeds/story\.md:1: the file has changed"):
        read_body(found)
    found.source.unlink()
    with pytest.raises(ArticleError, match="cannot be read"):
        read_body(found)


def test_an_editor_s_own_names_are_known(rules: ArticleRules, write: Callable[..., Path]) -> None:
    path = write("---\nÜberschrift: Flüsse\nbild: a.png\n---\nText.")
    own = replace(rules, aliases={"title": ("Überschrift",), "image": ("bild",)})
    found = article(load(path, own))
    assert (found.title, found.image and found.image.src, found.attributes) == ("Flüsse", "a.png", {})


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("---\ntitle: x\n\nText.", 1, "never closes"),
        ("+++\ntitle = 'x'\n\nText.", 1, "never closes"),
        ('{\n"title": "x"\n\nText.', 1, "never closes"),
        ("---\ntitle: x\ntitle: y\n---\n", 3, "the key `title` is given twice"),
        ("---\ntitle: x\nsocial: {a: 1, a: 2}\n---\n", 3, "the key `a` is given twice"),
        ("---\ntitle: x\njust words\n---\n", 3, "`just words` is not of the form"),
        ("---\n- title: x\n---\n", 2, "not of the form"),
        ("+++\ntitle = 'x'\ndate = soon\n+++\n", 3, "not valid TOML"),
        ('{\n"title": "x",\n"date" 1\n}\n', 3, "not valid JSON"),
        ('{\n"title": "x",\n"title": "y"\n}\n', 1, "given twice"),
        ("Title: x\nTitle: y\n\nText.", 2, "given twice"),
        ("---\na: " + "[" * 60 + "\n---\n", 2, "nested more than 20 deep"),
        (
            "---\na: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcde", "bcdef", strict=True)
            )
            + "---\n",
            5,
            "more than 5,000 values",
        ),
        ("---\na: &a [*a]\n---\n", 2, "an alias that holds itself"),
        (f"---\ntitle: {'x' * MAX_MATTER_BYTES}\n---\n", 2, "larger than 64 KB"),
        (f"+++\ntitle = 'x'\nweight = {'9' * 4301}\n+++\n", 3, "a number is too long to be read"),
        (f"+++\ntitle = 'x'\nweight = 0x{'f' * 4301}\n+++\n", 3, "a number is too long to be read"),
        ("---\ntitle: x\n---\n" + "x" * (MAX_BODY_BYTES + 1), 4, "larger than 1024 KB"),
        ("---\ntitle: x\n---\n" + "é" * (MAX_BODY_BYTES // 2 + 1), 4, "larger than 1024 KB"),
        (b"---\ntitle: caf\xe9\n---\n", 2, "byte 0xE9 is not UTF-8"),
        (b"\xef\xbb\xbf---\ntitle: x\n---\nZo\xe9\n", 4, "byte 0xE9 is not UTF-8"),
        (b"---\ntitle: x\x00\n---\n", 2, "NUL"),
        (b"\x89PNG\r\n\x1a\n", 1, "not UTF-8"),
        (b"\xff\xfex", 1, "not UTF-16"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(
    read: Read, content: str | bytes, line: int, said: str
) -> None:
    loaded = read(content)
    assert loaded.article is None
    errors = [found for found in loaded.findings if found.severity is Severity.ERROR]
    assert [(found.file, found.line) for found in errors] == [("seeds/story.md", line)]
    assert said in errors[0].message


def test_a_missing_file_and_a_huge_one_are_findings(rules: ArticleRules, write: Callable[..., Path]) -> None:
    assert rules_of(load(rules.folder / "gone.md", rules)) == [("unreadable", 1)]
    assert rules_of(load(write(b"x" * 6_000_000), rules)) == [("too-large", 1)]


def test_a_tag_is_text_and_no_object_is_ever_made(read: Read) -> None:
    loaded = read(matter("subtitle: !!python/object/apply:os.system [ls]\nx: !!str 12\ny: !important z"))
    found = article(loaded)
    assert found.subtitle == "!!python/object/apply:os.system [ls]"
    assert found.attributes["x"] == "12"
    assert found.repaired


def test_a_repaired_line_is_shown_corrected_with_its_place(read: Read) -> None:
    loaded = read(FEED.replace("'Rivers Remember'", "'What's next'"))
    assert article(loaded).repaired
    assert [str(found) for found in loaded.findings] == [
        'seeds/story.md:2: not valid YAML; read as, and better written as: title: "What\'s next"'
    ]


def test_paths_in_any_script_and_bytes_that_are_no_text_can_be_shown(rules: ArticleRules, read: Read) -> None:
    found = article(read(matter(""), "לחם/読む [1] b.md"))
    assert (found.id, found.slug) == ("לחם/読む [1] b", "読む-1-b")
    path = rules.folder / "caf\udce9.md"
    path.write_text("# Café\n\nText.")
    assert article(load(path, rules)).file.encode() == "seeds/caf\ufffd.md".encode()


def test_values_that_would_break_a_header_are_one_line(read: Read) -> None:
    found = article(
        read('---\ntitle: "a\\r\\nBcc: x@y.example\\u0085b\\u2028c"\nauthor: "Ann\\0\\u0007"\n---\nText.')
    )
    assert found.title == "a Bcc: x@y.example b c"
    assert found.authors == ("Ann",)


@pytest.mark.parametrize(
    "sign", ["# ", " ", "a ", "[", "[a](", "=\n", "*", "'", "{", "Key: x\n", "\n---\n", "読", "\t- "]
)
def test_no_sign_repeated_makes_reading_slow(read: Read, sign: str) -> None:
    for opening in ("# A ", "---\ntitle: '", "Title: x\n", "a\n===\n", '{"a": '):
        assert read(opening + sign * (60_000 // len(sign))).file == "seeds/story.md"


def test_an_image_that_is_an_empty_list_in_a_list_is_no_image(rules: ArticleRules) -> None:
    path = rules.folder / "nested.md"
    path.write_text(
        "---\ntitle: Nested\nimage: [[]]\n---\n\nText enough to be an article.\n", encoding="utf-8"
    )
    loaded = load(path, rules)
    assert loaded.article is not None
    assert loaded.article.image is None


@pytest.mark.parametrize("escape", [r"\ufffe", r"\uffff", r"\x01", r"\x7f"])
@pytest.mark.parametrize("dialect", ["---\ntitle: {}\n---\n", "+++\ntitle = {}\n+++\n"])
def test_what_is_no_character_is_left_out_of_a_title(read, escape: str, dialect: str) -> None:
    escape = escape.replace(r"\x", r"\u00")
    assert read(dialect.format(f'"A{escape}B"') + "\nText.\n").article.title == "AB"


@pytest.mark.parametrize(
    "bomb",
    ["[" * 40_000, "[^" * 40_000, "x\n[" * 40_000, ("[" * 200 + "]" * 200) * 100, ("[" * 200 + "\n\n") * 100],
    ids=["open", "notes", "lines", "nested", "paragraphs"],
)
def test_brackets_that_would_be_read_for_long_are_refused_at_once(read: Read, bomb: str) -> None:
    begun = time.process_time()
    loaded = read(f"---\ntitle: Rivers\n---\nThe river was here first.\n\n{bomb}\n")
    assert time.process_time() - begun < 1
    assert loaded.article is None
    (found,) = [each for each in loaded.findings if each.rule == "open-brackets"]
    assert found.line is not None
    assert found.line >= 6
    assert "write \\[ where no link begins" in found.message


@pytest.mark.parametrize(
    "text",
    ["[a](b) " * 5_000, "[" * 1_000, "- [0, 1)\n\n" * 5_000, "\\[" * 40_000, f"```\n{'[' * 40_000}\n```"],
    ids=["links", "few", "intervals", "escaped", "code"],
)
def test_other_brackets_are_welcome(read: Read, text: str) -> None:
    assert article(read(f"---\ntitle: Rivers\n---\nThe river was here first.\n\n{text}\n"))
