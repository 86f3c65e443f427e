from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.lint.article import MAX_FINDINGS, check
from postroom.lint.prose import prose
from postroom.model import Article, Finding, ImageRef, Severity

TEXT = "\nThe river was here first.\n\nIt moved nine times.\n"
BODY_LINE = 12


def article(**facts: object) -> Article:
    """An article as it is loaded from front matter of ten keys."""
    given_facts: dict[str, object] = {
        "id": "rivers",
        "path": "rivers.md",
        "file": "seeds/rivers.md",
        "source": Path("/nowhere/rivers.md"),
        "title": "Rivers Remember",
        "authors": ("Sophia Martín",),
        "body_line": BODY_LINE,
        "body_hash": "",
        "source_hash": "",
        "lines": {"title": 2, "subtitle": 3, "description": 4, "author": 5, "heroImage": 9, "cta": 10},
    }
    return Article(**(given_facts | facts))  # type: ignore[arg-type]


def findings(body: str = TEXT, fields: frozenset[str] | None = None, **facts: object) -> list[Finding]:
    return list(check(article(**facts), body, fields))


def found(body: str = TEXT, **facts: object) -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.line) for finding in findings(body, **facts)]


def test_a_good_article_has_no_findings() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "body", ["", "\n \n", "\n# Rivers Remember\n", "<!-- to come -->\n", "<!-- never closed"]
)
def test_an_empty_body_is_an_error(body: str) -> None:
    assert ("empty-body", BODY_LINE) in found(body)
    assert findings(body)[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    "title",
    [
        "Content required",
        "Article not available",
        "Please provide a clear topic",
        "Input error: valid content required",
        "Valid Content Required",
        "Content Not Available",
        "Topic Required",
        "No content provided",
        "No Article Content Provided",
        "Missing topic",
        "Invalid input: please provide a topic",
        "Error: No topic specified",
        "Unable to generate article",
        "I'm sorry, but I can't assist with that request",
        "Sorry, I cannot write this",
        "I apologize, but no topic was given",
        "As an AI language model, I cannot do that",
        "Untitled",
        "undefined",
        "[object Object]",
        "404 Not Found",
        "Access Denied",
        "Awaiting topic",
        "Insufficient information",
    ],
)
def test_a_refusal_as_title_is_an_error(title: str) -> None:
    (finding, *_) = [each for each in findings(title=title) if each.rule == "refusal-text"]
    assert (finding.severity, finding.line) == (Severity.ERROR, 2)


@pytest.mark.parametrize(
    "title",
    [
        "Content Is King, and Required Reading",
        "The Article That Was Not Available",
        "Error Handling in Go",
        "Missing Data: A Guide",
        "I Can't Stop Thinking About Rivers",
        "Please, Mr. Postman",
        "Sorry, But I Can't Stop",
        "404 Ways to Cook Rice",
        "Need Content Ideas? Start Here",
        "No Title, No Problem",
        "Null Island",
        "As an AI Researcher, I Worry",
        "Failed to Launch",
        "Invalid Assumptions About Time",
        "Unable to Let Go",
        "Access Denied: How Paywalls Shape News",
        "Topics in Number Theory",
    ],
)
def test_a_headline_that_only_sounds_alike_is_none(title: str) -> None:
    assert found(title=title) == []


@pytest.mark.parametrize(
    "opening",
    [
        "I'm sorry, but I can't help with that request.",
        "I\u2019m sorry, but I don\u2019t have enough information to write this article.",
        "I cannot write an article about this topic.",
        "I apologize, but I cannot fulfill this request.",
        "As an AI language model, I do not have opinions.",
        "Please provide a topic, and I will write the article.",
        "Could you please provide more details on the subject?",
        "It seems there was no topic provided.",
        "Certainly! Here's an article about rivers:",
        "No content was provided.",
        '{"error": "rate limited"}',
        "<!DOCTYPE html>\n<html>",
        "429 Too Many Requests",
        "# Rivers\n\nI'm sorry, but I am unable to generate this article.",
    ],
)
def test_a_body_that_opens_with_a_refusal_is_an_error(opening: str) -> None:
    assert ("refusal-text", BODY_LINE + 1) in found(f"\n{opening}\n\nAnd so on.\n")


@pytest.mark.parametrize(
    "opening",
    [
        "I'm sorry, said the river, and moved on.",
        "We can't help but notice that rivers move.",
        "Please share this article with your friends.",
        "It seems there is no information about the river.",
        "Of course, I'll admit that rivers are slow.",
        "Errors are how rivers learn.",
    ],
)
def test_an_opening_that_only_sounds_alike_is_none(opening: str) -> None:
    assert found(f"\n{opening}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "By [Your Name]",
        "Write to [insert address].",
        "As [Company Name] says",
        "on [date]",
        "[link goes here]",
        "[placeholder: a quote]",
        "Lorem ipsum dolor sit amet",
        "TODO: write the end",
        "TODO write the end",
        "The end is TBD",
        "Your text here",
    ],
)
def test_what_nobody_filled_in_is_an_error_with_its_line(line: str) -> None:
    assert found(f"{TEXT}\n{line}\n") == [("placeholder", BODY_LINE + 5)]


@pytest.mark.parametrize(
    "line",
    [
        "- [ ] date\n- [x] name",
        "[name](https://learning.example)",
        "![date](date.png)",
        "See [name][n] and [date][].\n\n[n]: https://learning.example\n[date]: https://learning.example",
        "[name]\n\n[name]: https://learning.example",
        "A note[^date].\n\n[^date]: It is.",
        "`[Your Name]`",
        "```\nTODO: [Your Name]\n```",
        "~~~~ text\n[date]\n```\n[name]\n~~~~",
        "Before.\n\n    TODO: code\n\nAfter.",
        "<!-- TODO: mend -->",
        "<pre><code>[Your Name]\n\nTODO: x</code></pre>",
        "My to-do list is long, my TODO list longer.",
        "He [Newton] said so. [1] [sic]",
        "\\[name]",
    ],
)
def test_markdown_and_code_are_no_placeholders(line: str) -> None:
    assert found(f"{TEXT}\n{line}\n") == []


@pytest.mark.parametrize("name", ["[Author Name]", "[Your Name], PhD", "<name>", "{{ author }}"])
def test_an_author_who_was_never_named_is_an_error(name: str) -> None:
    assert found(authors=(name,)) == [("placeholder", 5)]


def test_placeholders_and_code_are_seen_in_front_matter_too() -> None:
    assert found(subtitle="By [Your Name]") == [("placeholder", 3)]
    assert found(cta="{% include cta %}") == [("template-code", 10)]
    assert found(title="{{ title }}") == [("template-code", 2)]


def test_example_hosts_are_warned_of_and_a_publication_s_are_not() -> None:
    body = f"{TEXT}\n[a](https://www.example.com/x) <http://your-domain.com> https://learning.example/y example.com\n"
    assert found(body) == [("example-host", BODY_LINE + 5)] * 2
    assert found(image=ImageRef(src="https://via.placeholder.com/600")) == [("example-host", 9)]
    assert (
        found(f"{TEXT}`https://example.com` and https://notexample.com and https://example.community") == []
    )


@pytest.mark.parametrize(
    "code",
    [
        "{{ page.title }}",
        "{{< figure src='a.png' >}}",
        "{{% notice %}}",
        "{% if user %}",
        "{%- include ad.html -%}",
        "<%= title %>",
        "<Chart data={rows} />",
        '<Tabs group="os">',
        "Text</Callout>",
        "{props.title}",
        '[gallery ids="1,2"]',
        'import Chart from "../chart.js"',
        "export const meta = 1",
    ],
)
def test_template_code_is_an_error_with_its_line(code: str) -> None:
    assert found(f"{TEXT}\n{code}\n") == [("template-code", BODY_LINE + 5)]


@pytest.mark.parametrize(
    "text",
    [
        "Dear {{first_name}}",
        "Dear {{ first_name | there }}",
        "`{{ page.title }}` and `` `{% if %}` ``",
        "```liquid\n{% if %}\n```",
        "10. Step\n\n    {{name}} goes on",
        "List<String> and a < B, c > D",
        "<https://learning.example/A>",
        "<BR> <IMG src='a.png' alt='a'>",
        "Import taxes rise; we export more from here",
        "{a} {b}",
        "100 {%",
    ],
)
def test_merge_fields_code_and_prose_are_no_template_code(text: str) -> None:
    assert found(f"{TEXT}\n{text}\n") == []


def test_merge_fields_are_held_to_those_that_mail_knows() -> None:
    fields = frozenset(("first_name", "city"))
    assert findings(f"{TEXT}Dear {{{{first_name|you}}}}", fields) == []
    (finding,) = findings(f"{TEXT}Dear {{{{firstname}}}}", fields)
    assert finding.message == '`{{firstname}}`: no such merge field; did you mean "first_name"?'
    (finding,) = findings(f"{TEXT}Dear {{{{zzz}}}}", fields)
    assert finding.message.endswith("known: city, first_name")


def test_one_line_of_template_code_is_told_once_and_many_are_cut_off() -> None:
    assert len(findings(f"{TEXT}{{% a %}} {{% b %}}\n")) == 1
    assert len(findings("{% a %}\n" * 100)) == MAX_FINDINGS


def test_a_title_made_of_the_file_s_name_is_warned_of() -> None:
    assert found(lines={}) == [("title-missing", 1)]


@pytest.mark.parametrize("heading", ["# Rivers Remember", "# **Rivers** Remember! #", "Rivers Remember\n==="])
def test_a_title_repeated_in_the_body_is_noted(heading: str) -> None:
    assert found(f"\n\n{heading}\n{TEXT}") == [("title-repeated-in-body", BODY_LINE + 2)]
    assert found(f"\n{heading} and Forget\n{TEXT}".replace("\n===", "")) == []
    assert found(f"{heading}\n{TEXT}", lines={"title": BODY_LINE}) == [], "the heading is the title"


def test_a_description_repeated_as_the_first_paragraph_is_noted() -> None:
    description = "A walk along a river that has moved nine times."
    assert found(f"\n*{description}* And on.\n\nMore.", description=description) == [
        ("description-repeated", BODY_LINE + 1)
    ]
    assert found(f"\nAnother.\n\n{description}", description=description) == []
    assert found("\nShort.\n", description="Short.") == []


def test_images_without_alternative_text_are_warned_of_by_line() -> None:
    images = (
        "![](a.png)",
        "![A river](b.png)",
        "<img src='c.png'>",
        "<img alt='' src='d.png'>",
        "<img alt='A' src='e.png'>",
        "![][f]",
    )
    body = TEXT + "\n".join(images)
    assert found(body) == [("image-without-alt", BODY_LINE + offset) for offset in (4, 6, 7, 9)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<iframe src='x'></iframe>", "<iframe>"),
        ("<VIDEO controls>", "<video>"),
        ("<script>x</script>", "<script>"),
        ("$$\nx^2\n$$", "a formula"),
        ("mass $E = mc^2$ is", "a formula"),
        ("\\(x\\)", "a formula"),
        ("![a](data:image/png;base64,AAAA)", "data:"),
    ],
)
def test_what_mail_cannot_show_is_warned_of_once(text: str, said: str) -> None:
    (finding,) = findings(f"{TEXT}\n{text}\n\n{text}\n")
    assert (finding.rule, finding.line, finding.severity) == ("not-mailable", BODY_LINE + 5, Severity.WARNING)
    assert said in finding.message


@pytest.mark.parametrize(
    "text", ["from $5 to $10", "US$ and A$", "a \\$x_1\\$", "`$x^2$`", "the <b>script</b>"]
)
def test_prices_and_words_can_be_mailed(text: str) -> None:
    assert found(f"{TEXT}\n{text}\n") == []


def test_a_very_long_word_is_noted() -> None:
    assert found(f"{TEXT}\n{'x' * 300}\n{'x' * 299}\n{'読' * 400}\n") == [("long-token", BODY_LINE + 5)]


@given(st.text(st.sampled_from("`~<!-pre code>[]{}%\\\n $#x_^")))
@settings(derandomize=True, deadline=None, max_examples=500)
def test_prose_keeps_every_position_and_no_text_breaks_a_rule(body: str) -> None:
    text = prose(body)
    assert [len(line) for line in text.split("\n")] == [len(line) for line in body.split("\n")]
    lines = body.count("\n") + 1
    for finding in findings(body):
        assert 1 <= (finding.line or 0) < BODY_LINE + lines


SIGNS = [
    "`",
    "``` ",
    "<!--",
    "<code",
    "[",
    "{{",
    "{%",
    "$",
    "$_",
    "<A ",
    "<Ab ",
    "<img ",
    "![",
    "~~~\n",
    "\\(",
]
SIGNS += [
    "- [",
    "$x",
    "//",
    "//a@",
    "TODO ",
    "[your ",
    " ",
    "\n ",
    "\n    ",
    "# ",
    "a=",
    "\\[",
    "export ",
    "data:",
]


@pytest.mark.parametrize("sign", SIGNS)
def test_no_sign_repeated_makes_the_rules_slow(sign: str) -> None:
    assert findings("x\n" + sign * (300_000 // len(sign))) is not None
