"""The mails that greet a subscriber."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from html_reader import Reader
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.compose.merge import cut
from postroom.config.palette import DARK, LIGHT, SYSTEM_FONT
from postroom.errors import TemplateError
from postroom.model import Asset, Brand, Channel, Publication, Unsubscribe, VariantPlan
from postroom.render import Greeting, Templates, render_greeting
from postroom.render.greeting_words import LANGUAGES

CHANNEL = Channel(
    name="newsletter",
    kind="email",
    publication=Publication(
        name="The Beacon",
        url="https://beacon.example",
        language="en",
        timezone="Europe/London",
        address="1 Quay, Whitby",
    ),
    brand=Brand(light=LIGHT, dark=DARK, font=SYSTEM_FONT),
    variants=(VariantPlan(name="article"),),
    transport="mail",
    transport_kind="folder",
    rehearsal=True,
)
TEMPLATES = Templates([], Path.cwd())
CONFIRM = Greeting(kind="confirm", lists=("Sunday letter", "Recipes"))
WELCOME = Greeting(kind="welcome", lists=("Sunday letter",))


def speaking(language: str, **facts: str) -> Channel:
    return replace(CHANNEL, publication=replace(CHANNEL.publication, language=language, **facts))


def test_the_mail_to_confirm_leads_to_the_page_that_confirms_and_home() -> None:
    email = render_greeting(CONFIRM, CHANNEL, TEMPLATES)
    read = Reader(email.html)
    assert set(read.links) == {"@@confirm_url@@", "https://beacon.example"}
    assert email.subject == "Please confirm: The Beacon by mail"
    assert "\n@@confirm_url@@\n" in email.text
    for said in ("Sunday letter", "Recipes", "1 Quay, Whitby"):
        assert said in read.text
        assert said in email.text


def test_the_welcome_names_the_lists_and_the_way_out() -> None:
    email = render_greeting(WELCOME, CHANNEL, TEMPLATES)
    assert set(Reader(email.html).links) == {"@@unsubscribe_url@@", "https://beacon.example"}
    assert "\nUnsubscribe: @@unsubscribe_url@@\n" in email.text
    assert "- Sunday letter\n" in email.text


def test_the_welcome_leads_to_the_page_to_choose_on_where_there_is_one() -> None:
    own = replace(CHANNEL, unsubscribe=Unsubscribe(web="https://mail.beacon.example"))
    email = render_greeting(WELCOME, own, TEMPLATES)
    assert "@@preferences_url@@" in Reader(email.html).links
    assert "\nChoose what you get: @@preferences_url@@\n" in email.text
    assert "preferences" not in render_greeting(CONFIRM, own, TEMPLATES).text


def test_a_link_of_any_recipient_can_be_filled_in() -> None:
    email = render_greeting(CONFIRM, CHANNEL, TEMPLATES)
    for text, times in ((email.html, 3), (email.text, 1)):
        assert [field.name for field in cut(text, email.fence)[1]] == ["confirm_url"] * times


@pytest.mark.parametrize("greeting", [CONFIRM, WELCOME], ids=["confirm", "welcome"])
def test_the_reader_s_language_goes_before_the_publication_s(greeting: Greeting) -> None:
    for reader, publication, spoken in (("de-AT", "en", "de"), ("fr", "de", "de"), ("", "ja", "en")):
        email = render_greeting(replace(greeting, language=reader), speaking(publication), TEMPLATES)
        assert email.language == spoken
        assert f'lang="{spoken}"' in email.html
        assert LANGUAGES[spoken][greeting.kind]["title"] in email.text


def test_all_languages_say_the_same_things() -> None:
    def fields(text: str) -> list[str]:
        return sorted(field for _, field, _, _ in Formatter().parse(text) if field)

    english = LANGUAGES["en"]
    for language in LANGUAGES.values():
        assert {kind: set(texts) for kind, texts in language.items()} == {
            kind: set(texts) for kind, texts in english.items()
        }
        for kind, texts in language.items():
            assert all(fields(text) == fields(english[kind][key]) for key, text in texts.items())


@settings(max_examples=30)
@given(name=st.text(st.characters()) | st.just("{{first_name}} {title} @@ <b>&amp;"))
def test_a_name_is_data(name: str) -> None:
    email = render_greeting(replace(CONFIRM, lists=(name, "x")), speaking("en", name=name), TEMPLATES)
    plain = render_greeting(replace(CONFIRM, lists=("n", "x")), speaking("en", name="n"), TEMPLATES)
    assert Reader(email.html).tags == Reader(plain.html).tags
    fields = [field.name for field in cut(email.html, email.fence)[1]]
    assert fields == ["confirm_url"] * 3


def test_the_logo_stands_in_place_of_the_name() -> None:
    brand = replace(CHANNEL.brand, logo=Path("/p/logo.png"))
    logo = Asset(src="/p/logo.png", url="https://m.example/l.png", width=400, height=80)
    greeting = replace(WELCOME, images={"/p/logo.png": logo})
    html = render_greeting(greeting, replace(CHANNEL, brand=brand), TEMPLATES).html
    assert 'src="https://m.example/l.png"' in html
    assert 'width="200"' in html


def test_the_same_greeting_gives_the_same_bytes() -> None:
    assert render_greeting(CONFIRM, CHANNEL, TEMPLATES) == render_greeting(CONFIRM, CHANNEL, TEMPLATES)


def test_a_template_of_one_s_own_is_told_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "templates" / "greeting" / "confirm.mjml.j2"
    own.parent.mkdir(parents=True)
    own.write_text("<mjml>\n<mj-body>\n<mj-sektion />\n</mj-body>\n</mjml>\n", "utf-8")
    with pytest.raises(TemplateError, match="mj-section") as raised:
        render_greeting(CONFIRM, CHANNEL, Templates([tmp_path / "templates"], tmp_path))
    assert (raised.value.finding.file, raised.value.finding.line) == ("templates/greeting/confirm.mjml.j2", 3)


def test_greetings_are_no_variants_of_an_article() -> None:
    assert TEMPLATES.names("email") == ("article",)
