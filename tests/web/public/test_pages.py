"""The public pages as documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from string import Formatter
from typing import Any

import pytest
from html_reader import Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.web.public import (
    TRAP,
    Choice,
    Doors,
    Fault,
    Notice,
    Paging,
    Person,
    SignUp,
    Ways,
    archive,
    left,
    message,
    preferences,
    sign_up,
    sign_up_sent,
    snippet,
    voice,
)
from postroom.web.public.characters import legal
from postroom.web.public.words import ENGLISH, GERMAN, LANGUAGES

HOSTILE = (
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)></title></textarea> {name} {0} %s {{7*7}} &lt; "
    "\u202eevil\u2066 \ud800 \ufffe \x1b[31m"
)
LINE = st.text(
    st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), min_size=1
).filter(lambda text: legal(text).strip())


def read(public: Any, text: str, language: str = "en") -> dict[str, Reader]:
    site = replace(public.site, name=text, language=language, address=text)
    return {name: Reader(html) for name, html in public.pages(site, public.said.everywhere(text)).items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=LINE)
def test_no_value_changes_the_shape_of_a_page(public: Any, text: str) -> None:
    plain, odd = read(public, "plain"), read(public, text)
    for name, page in odd.items():
        assert page.shape() == plain[name].shape(), name


def test_hostile_values_are_shown_as_text(public: Any) -> None:
    for name, page in read(public, HOSTILE).items():
        assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in page.text, name


def test_every_page_can_be_sent_and_holds_only_legal_characters(public: Any) -> None:
    said = public.said.everywhere(HOSTILE)
    for html in public.pages(replace(public.site, name=HOSTILE), said).values():
        assert html == legal(html)
        assert html.encode().decode() == html


@given(text=st.text(st.characters()))
def test_legal_text_can_be_written_as_utf8_and_loses_no_letter(text: str) -> None:
    kept = legal(text)
    assert kept.encode().decode() == kept == legal(kept)
    assert [each for each in text if each.isprintable()] == [each for each in kept if each.isprintable()]


@pytest.mark.parametrize("language", ["en", "de-AT"])
def test_every_page_is_a_whole_document(public: Any, language: str) -> None:
    for name, page in read(public, "plain", language).items():
        elements = [tag for tag, _ in page.elements]
        assert [elements.count(each) for each in ("h1", "main", "header", "footer", "title")] == [1] * 5, name
        assert page.all("html") == [{"lang": language[:2], "dir": "ltr"}]
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), name


def test_nothing_runs_and_nothing_is_fetched_from_elsewhere(public: Any) -> None:
    for name, page in read(public, HOSTILE).items():
        assert not {"script", "style", "iframe", "object", "base"} & {tag for tag, _ in page.elements}, name
        for tag, attributes in page.elements:
            assert not [each for each in attributes if each.startswith("on") or each == "style"], (name, tag)
        assert {each.get("href") for each in page.all("link") if each["rel"] == "stylesheet"} == {
            "/style.css"
        }


def test_looking_changes_nothing(public: Any) -> None:
    """Whatever changes something is posted, and no link leads to where forms are posted to."""
    posted = {"/c/tok", "/u/tok", "/p/tok/export"}
    for name, page in read(public, "plain").items():
        assert {each["method"] for each in page.all("form")} <= {"post"}, name
        assert not posted & {each.get("href") for each in page.all("a")}, name
    assert [each["action"] for each in read(public, "plain")["leave"].all("form")] == ["/u/tok"]


def test_only_what_is_for_everyone_may_be_found(public: Any) -> None:
    found = {
        name
        for name, page in read(public, "plain").items()
        if not any(each.get("name") == "robots" for each in page.all("meta"))
    }
    assert found == {"sign-up", "sign-up-single", "sign-up-wrong", "archive", "archive-empty"}


def test_the_answer_to_a_sign_up_cannot_depend_on_the_address() -> None:
    assert list(signature(sign_up_sent).parameters) == ["site"]
    assert list(signature(message).parameters) == ["site", "notice"]


def test_every_fault_is_told_above_and_beside_its_field(public: Any) -> None:
    page = Reader(
        sign_up(public.site, public.lists(public.said()), "/s", SignUp(stamp="", faults=tuple(Fault)))
    )
    described = {each["id"]: each for each in page.all("input") if "id" in each}
    for fault in (Fault.NO_EMAIL, Fault.BAD_EMAIL, Fault.LONG_NAME, Fault.NO_LIST):
        assert page.text.count(ENGLISH.texts[f"fault.{fault}"]) == 2
    assert page.text.count(ENGLISH.texts[f"fault.{Fault.ONCE_MORE}"]) == 1
    assert described["email"]["aria-invalid"] == "true"
    assert described["email"]["aria-describedby"] == "email-hint email-wrong"
    assert page.all("fieldset")[0]["aria-describedby"] == "list-wrong"
    assert {each["href"] for each in page.all("a")} >= {"#email", "#name", "#list"}


def test_a_form_in_order_has_no_fault_and_keeps_what_was_typed(public: Any) -> None:
    values = SignUp(stamp="st4mp", email="a@b.example", name="Zoë")
    page = Reader(sign_up(public.site, public.lists(public.said()), "/s", values))
    sent = {each["name"]: each.get("value") for each in page.all("input") if each.get("type") != "checkbox"}
    assert sent == {"email": "a@b.example", "name": "Zoë", "stamp": "st4mp", TRAP: None}
    assert not any("aria-invalid" in each for each in page.all("input"))
    assert not any(each.get("role") == "alert" for each in page.all("div"))


def test_a_single_list_is_not_asked_for_but_told(public: Any) -> None:
    one = [Choice(key="7", title="Sunday letter", about="A long read.")]
    page = Reader(sign_up(public.site, one, "/s", SignUp(stamp="")))
    assert page.all("fieldset") == []
    assert {"type": "hidden", "name": "list", "value": "7"} in page.all("input")
    assert "A long read." in page.text


def test_the_trap_is_passed_by_people_and_their_readers(public: Any) -> None:
    lists = public.lists(public.said())
    for html in (sign_up(public.site, lists, "/s", SignUp(stamp="")), snippet(public.site, lists, "/s")):
        trap = next(each for each in Reader(html).all("input") if each["name"] == TRAP)
        assert trap["tabindex"] == "-1"
        assert trap["autocomplete"] == "off"
        assert re.search(rf'<div[^>]* aria-hidden="true"[^>]*><label>[^<]*<input name="{TRAP}"', html)


def test_the_snippet_stands_alone_on_another_page(public: Any) -> None:
    action = f"{public.origin}/sign-up"
    html = snippet(public.site, public.lists(public.said.everywhere(HOSTILE)), action)
    page = Reader(html)
    assert page.all("form")[0] | {"action": action, "method": "post", "lang": "en"} == page.all("form")[0]
    assert not any("id" in attributes or "class" in attributes for _, attributes in page.elements)
    assert {each["name"] for each in page.all("input")} == {"email", "name", "list", TRAP}
    assert not {"script", "style", "link", "img"} & {tag for tag, _ in page.elements}
    assert html.endswith("</form>\n")


def test_a_link_that_is_not_of_the_web_leaves_its_text_alone(public: Any) -> None:
    for url in (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " javascript:x",
        "data:,x",
    ):
        site = replace(public.site, url=url)
        page = Reader(left(site, ["Sunday letter"], url))
        assert [each.get("href") for each in page.all("a")] == [None, None]
        bad = replace(public.editions(public.said())[0], url=url)
        shown = Reader(archive(site, [bad], Paging(), Ways(atom=url)))
        assert bad.title in shown.text
        assert not any("href" in each for each in (*shown.all("a"), *shown.all("link")[1:]))
    for url in ("https://a.example/?b=c:d", "/x", "?page=2", "#top", "a/b:c", "HTTP://A.example", ""):
        assert Reader(left(public.site, ["x"], url or "/")).all("a")[-1]["href"] == (url or "/")


@pytest.mark.parametrize(
    ("reader", "publication", "spoken"),
    [("de", "en", "de"), ("", "de-CH", "de"), ("fr", "de", "de"), ("fr", "ja", "en"), ("EN_gb", "de", "en")],
)
def test_the_reader_s_language_goes_before_the_publication_s(
    public: Any, reader: str, publication: str, spoken: str
) -> None:
    site = replace(public.site, reader=reader, language=publication)
    page = Reader(message(site, Notice.NOT_FOUND))
    assert page.all("html")[0]["lang"] == spoken
    assert LANGUAGES[spoken].texts["not-found"] in page.text
    own = None if publication.startswith(spoken) else publication
    assert {each.get("lang") for each in page.all("bdi")} == {own}


def test_all_languages_say_the_same_things() -> None:
    def fields(text: str) -> list[str]:
        return sorted(field for _, field, _, _ in Formatter().parse(text) if field)

    assert ENGLISH.texts.keys() == GERMAN.texts.keys()
    for key, text in ENGLISH.texts.items():
        assert fields(text) == fields(GERMAN.texts[key]), key
        assert text.strip() == text
    assert all(len(words.months) == 12 for words in LANGUAGES.values())


class Noted(dict[str, str]):
    """Texts that note which of them were said."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self.said: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.said.add(key)
        return super().__getitem__(key)


def test_every_text_is_said_somewhere(public: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Noted(ENGLISH.texts)
    monkeypatch.setattr(voice, "LANGUAGES", {"en": replace(ENGLISH, texts=texts)})
    public.pages(public.site, public.said())
    assert texts.said == set(ENGLISH.texts)


def test_a_language_that_is_not_offered_stays_chosen(public: Any) -> None:
    doors = Doors(save="/p", export="/e", erase="/x")
    for language, chosen in (("de-AT", "de"), ("fr", "fr"), ("en", "en")):
        page = Reader(preferences(public.site, Person(lists=(), language=language), doors))
        options = page.all("option")
        assert [each["value"] for each in options if "selected" in each] == [chosen]
        assert {"en", "de"} <= {each["value"] for each in options}


def test_dates_are_told_in_the_publication_s_zone(public: Any) -> None:
    late = replace(public.editions(public.said())[0], title="x")
    for zone, language, shown in (
        ("Asia/Tokyo", "en", "25 November 2026"),
        ("America/New_York", "de", "24. November 2026"),
    ):
        site = replace(public.site, timezone=zone, language=language)
        moment = late.published_at.replace(hour=15, minute=30)
        page = archive(site, [replace(late, published_at=moment)], Paging(), Ways())
        assert f">{shown}</time>" in page


def test_a_sheet_bears_the_accent_once(public: Any) -> None:
    for name, page in read(public, "plain").items():
        buttons = [
            each for tag in ("button", "a") for each in page.all(tag) if each.get("class") == "button main"
        ]
        marked = page.all("main")[0]["class"] == "sheet marked"
        assert len(buttons) + marked == 1, name
