"""Conditions: what they mean, and what an editor is told when one is mistyped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom import condition
from postroom.condition.explaining import written
from postroom.condition.meaning import Has, Is, Joined, Not, Part, Present
from postroom.errors import ConditionError

ARTICLE = {
    "title": "Training AI at home",
    "tags": ("Lead", "Machine-Learning"),
    "draft": False,
    "country": "de",
    "score": 5,
    "rows": "12",
    "vip": "no",
    "member": "TRUE",
    "empty": "",
    "city": "Zu\u0308rich",
    "social": {"linkedin": {"hook": "Read this"}},
    "a.b": 1,
}

TRUE = [
    'tags has "lead"',
    'country is "DE" and tags has "machine-learning"',
    "not draft",
    "title",
    'country is not "FR"',
    'country in ("fr", "DE")',
    'country not in ("fr", "at")',
    "score is 5",
    "score is 5.0",
    "score is not 6",
    "rows is 12",
    "member is true",
    "draft is false",
    "missing is null",
    "title is not null",
    "not missing",
    "not vip",
    "not empty",
    'city is "ZÜRICH"',
    'title has "ai"',
    'title has "AI at home"',
    'social has "linkedin"',
    "social.linkedin",
    'social.linkedin.hook has "read"',
    "a.b is 1",
    'tags is "lead"',
    'tags in ("lead", "other")',
    "draft or title",
    "draft and draft or title",
    "title or draft and draft",
    "not (draft or missing)",
    "not not title",
    'NOT draft AND country IS "de"',
    r'country is not "d\"e"',
    "country is 'de'",
    "score is +5",
]

FALSE = [
    'tags has "lea"',
    'title has "train"',
    'title has ""',
    "draft",
    "vip",
    'country is "d"',
    'country in ("fr")',
    "score is true",
    'score is "5"',
    "score is -5",
    "country is 5",
    "missing is 0",
    'missing has "x"',
    "missing has null",
    "score has 6",
    "title.sub",
    "social.bluesky.hook",
    "draft is null",
    'social.linkedin is "hook"',
    "(title or draft) and draft",
]

WRONG = [
    ("", 0, "expected a name such as `tags`, `not` or `(`, found the end"),
    ('tags hsa "x"', 5, 'expected `is`, `has` or `in` after `tags`, found hsa; did you mean "has"?'),
    ('tags = "x"', 5, 'expected `is`, `has` or `in` after `tags`, found =; did you mean "is"?'),
    ('tags != "x"', 5, 'expected `is`, `has` or `in` after `tags`, found !=; did you mean "is not"?'),
    (
        'tags contains "x"',
        5,
        'expected `is`, `has` or `in` after `tags`, found contains; did you mean "has"?',
    ),
    ("a && b", 2, 'expected `is`, `has` or `in` after `a`, found &&; did you mean "and"?'),
    ("!draft", 0, 'expected a name such as `tags`, `not` or `(`, found !; did you mean "not"?'),
    (
        "tags has lead",
        9,
        'expected text in quotes, a number, `true`, `false` or `null`, found lead; write "lead" in quotes',
    ),
    (
        'tags has "lead',
        9,
        'expected text in quotes, a number, `true`, `false` or `null`, found "; this quote is never closed',
    ),
    ("tags has", 8, "expected text in quotes, a number, `true`, `false` or `null`, found the end"),
    ('a is "b" adn c', 9, 'expected `and`, `or` or the end, found adn; did you mean "and"?'),
    ('a in "x"', 5, 'expected `(`, found "x"'),
    ('a in ("x" "y")', 10, 'expected `)`, found "y"'),
    ("a not b", 6, "expected `in`, found b"),
    ("(a", 2, "expected `)`, found the end"),
    ("a)", 1, "expected `and`, `or` or the end, found )"),
    ("a and and b", 6, "expected a name such as `tags`, `not` or `(`, found and"),
    ("not " * 60 + "a", 200, "more than 50 levels inside each other"),
    ("(" * 60 + "a", 50, "more than 50 levels inside each other"),
]


@pytest.mark.parametrize("text", TRUE)
def test_a_condition_that_is_met_holds(text: str) -> None:
    assert condition.parse(text).holds(ARTICLE)


@pytest.mark.parametrize("text", FALSE)
def test_a_condition_that_is_not_met_does_not_hold(text: str) -> None:
    assert not condition.parse(text).holds(ARTICLE)


@pytest.mark.parametrize(("text", "position", "message"), WRONG)
def test_a_mistake_is_told_with_its_place_and_the_nearest_keyword(
    text: str, position: int, message: str
) -> None:
    with pytest.raises(ConditionError) as caught:
        condition.parse(text)
    assert (caught.value.position, str(caught.value)) == (position, message)


def test_a_condition_names_what_it_looks_at() -> None:
    parsed = condition.parse('not draft and (tags has "x" or social.linkedin in (1, 2)) and tags is "y"')
    assert parsed.names == {"draft", "tags", "social.linkedin"}


def test_conditions_that_mean_the_same_are_equal() -> None:
    assert condition.parse("a  and b") == condition.parse("a and (b)") != condition.parse("b and a")


def test_a_long_flat_condition_is_no_deep_one() -> None:
    assert condition.parse(" and ".join(["title"] * 500)).holds(ARTICLE)


words = st.sampled_from(
    ["a", "tags", "and", "or", "not", "is", "in", "has", "(", ")", ",", '"x"', "5", "null", "true", "=", '"']
)
attributes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> condition.Condition | ConditionError:
    try:
        return condition.parse(text)
    except ConditionError as error:
        return error


@settings(deadline=None)
@given(st.text() | st.lists(words, max_size=12).map(" ".join))
def test_any_text_is_a_condition_or_a_condition_error(text: str) -> None:
    result = read(text)
    if isinstance(result, ConditionError):
        assert 0 <= result.position <= len(text)
    else:
        assert result.names
        assert result.holds({}) in {True, False}


@settings(deadline=None)
@given(
    attributes,
    st.sampled_from(["a", "a is 5", 'a is "x"', 'a has "x"', "a has 5", "a.b", "a in (true, null)"]),
)
def test_a_condition_and_its_denial_never_agree(value: object, text: str) -> None:
    subject = {"a": value}
    assert condition.parse(text).holds(subject) is not condition.parse(f"not ({text})").holds(subject)


@settings(deadline=None)
@given(st.text(min_size=1))
def test_quoted_text_means_itself(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert condition.parse(f'a is "{quoted}"').holds({"a": text})


PERSON = {"country": "FR", "tags": ("ai", "lead"), "empty": "", "vip": "yes"}


@pytest.mark.parametrize(
    ("only", "why"),
    [
        ('country is "DE" and tags has "ai"', '`country is "DE"` does not hold: country is "FR"'),
        ('country is "FR" and tags has "ai"',
         '`country is "FR"` holds: country is "FR"; `tags has "ai"` holds: tags is ai, lead'),
        ('country is "DE" or city',
         '`country is "DE"` does not hold: country is "FR"; `city` does not hold: city is empty'),
        ('country is "DE" or vip', '`vip` holds: vip is "yes"'),
        ('not (vip and country is "FR")', '`vip` holds: vip is "yes"; `country is "FR"` holds: country is "FR"'),
        ('country not in ("FR", 1.5, true, null)',
         '`country in ("FR", 1.5, true, null)` holds: country is "FR"'),
    ],
)  # fmt: skip
def test_what_decides_is_told_with_what_was_found(only: str, why: str) -> None:
    assert condition.explain(condition.parse(only), PERSON) == why


names = st.sampled_from(["country", "tags", "social.linkedin", "not_yet"])
values = st.none() | st.booleans() | st.text() | st.integers(-999, 999).map(lambda number: number / 4)
claims = (
    st.builds(Present, names)
    | st.builds(Has, names, values)
    | st.builds(Is, names, st.lists(values, min_size=1, max_size=3).map(tuple))
)
parts = st.recursive(
    claims,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(
            Joined, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)
        )
    ),
    max_leaves=6,
)


@given(parts)
def test_what_is_told_is_written_as_it_is_read(part: Part) -> None:
    parsed = condition.parse(written(part))
    assert parsed.part == part
    assert condition.explain(parsed, PERSON)
