"""The domain of an organisation is found by the Public Suffix List."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability.organisation import is_aligned, organisation


@pytest.mark.parametrize(
    ("domain", "whole"),
    [
        ("learning.example", "learning.example"),
        ("news.learning.example", "learning.example"),
        ("a.b.c.learning.example", "learning.example"),
        ("News.Learning.Example.", "learning.example"),
        ("mail.guardian.co.uk", "guardian.co.uk"),
        ("co.uk", "co.uk"),
        ("example.com.au", "example.com.au"),
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("someone.github.io", "someone.github.io"),
        ("com", "com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("mail.xn--55qx5d.cn", "mail.xn--55qx5d.cn"),
        ("", ""),
    ],
)
def test_names_belong_to_organisations(domain: str, whole: str) -> None:
    assert organisation(domain) == whole


@pytest.mark.parametrize(
    ("signed", "sender", "relaxed", "strict"),
    [
        ("learning.example", "learning.example", True, True),
        ("Learning.example", "learning.EXAMPLE", True, True),
        ("mail.learning.example", "learning.example", True, False),
        ("learning.example", "news.learning.example", True, False),
        ("a.learning.example", "b.learning.example", True, False),
        ("learning.example", "xlearning.example", False, False),
        ("one.co.uk", "two.co.uk", False, False),
        ("one.github.io", "two.github.io", False, False),
    ],
)
def test_alignment_is_relaxed_or_strict(signed: str, sender: str, relaxed: bool, strict: bool) -> None:
    assert is_aligned(signed, sender, strict=False) is relaxed
    assert is_aligned(signed, sender, strict=True) is strict


@given(st.text(max_size=80))
def test_any_text_has_one(text: str) -> None:
    assert organisation(text) in (text.lower().removesuffix("."), organisation(organisation(text)))
