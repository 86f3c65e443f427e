from __future__ import annotations

import os
from pathlib import Path

import pytest

from postroom.errors import TemplateError
from postroom.render import Templates
from postroom.shipped import shipped


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def own(folder: Path) -> Templates:
    (folder / "templates").mkdir(exist_ok=True)
    return Templates([folder / "templates"], folder)


def refused(folder: Path, text: str, **context: object) -> str:
    write(folder, "x/t.j2", text)
    with pytest.raises(TemplateError) as caught:
        own(folder).render("x/t.j2", **context)
    return str(caught.value)


def test_a_template_is_filled(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "Hello {{ name }}\n")
    assert own(tmp_path).render("x/t.j2", name="<b>") == "Hello <b>\n"


def test_mail_templates_escape_and_their_style_sheets_do_not(tmp_path: Path) -> None:
    write(tmp_path, "x/t.mjml.j2", "{{ a }}{% include 'x/s.css.j2' %}")
    write(tmp_path, "x/s.css.j2", "{{ a }}")
    assert own(tmp_path).render("x/t.mjml.j2", a="'<") == "&#39;&lt;'<"


def test_a_project_replaces_a_single_file(tmp_path: Path) -> None:
    write(tmp_path, "email/head.css.j2", "mine")
    templates = own(tmp_path)
    assert templates.render("email/head.css.j2") == "mine"
    assert templates.shown("email/head.css.j2") == "templates/email/head.css.j2"
    assert templates.path("email/article.mjml.j2") == shipped("templates") / "email/article.mjml.j2"


def test_variants_are_template_files(tmp_path: Path) -> None:
    write(tmp_path, "email/card.mjml.j2", "")
    write(tmp_path, "email/_part.mjml.j2", "")
    names = own(tmp_path).names("email")
    assert {"article", "card"} <= set(names)
    assert not {"head", "dark", "_part", "parts"} & set(names)
    assert own(tmp_path).find("email", "card") == "email/card.mjml.j2"


def test_an_unknown_variant_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no template 'email/artikle'; did you mean 'email/article'"):
        own(tmp_path).find("email", "artikle")


def test_an_unknown_template_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"did you mean 'email/article\.txt\.j2'"):
        own(tmp_path).render("email/artcle.txt.j2")
    with pytest.raises(TemplateError, match="there is no template"):
        own(tmp_path).text("email/nothing.css")


def test_a_syntax_error_names_the_template_and_its_line(tmp_path: Path) -> None:
    assert refused(tmp_path, "one\n{% if %}\n").startswith("templates/x/t.j2:2: Expected an expression")


def test_a_syntax_error_in_an_include_names_the_include(tmp_path: Path) -> None:
    write(tmp_path, "x/part.j2", "a\nb\n{{ c\n")
    assert refused(tmp_path, "{% include 'x/part.j2' %}").startswith("templates/x/part.j2:3: ")


def test_an_unknown_name_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert refused(tmp_path, "\n{{ titel }}", title="x") == (
        "templates/x/t.j2:2: 'titel' is undefined; did you mean 'title'?"
    )
    assert "Use a name that this template is given" in refused(tmp_path, "{{ zzzzzz }}", title="x")


def test_an_unknown_attribute_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert "there is no 'nme' here; did you mean 'name'?" in refused(tmp_path, "{{ p.nme }}", p={"name": 1})


def test_an_unknown_name_in_an_include_names_the_include(tmp_path: Path) -> None:
    write(tmp_path, "x/part.j2", "\n\n{{ gone }}")
    assert refused(tmp_path, "{% include 'x/part.j2' %}").startswith("templates/x/part.j2:3: 'gone'")


def test_a_missing_include_names_the_line_that_asks_for_it(tmp_path: Path) -> None:
    write(tmp_path, "x/part.j2", "")
    assert refused(tmp_path, "\n{% include 'x/part.j' %}") == (
        "templates/x/t.j2:2: there is no template 'x/part.j'; did you mean 'x/part.j2'?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ values.__class__.__mro__ }}",
        "{{ values.append(1) }}",
        "{{ path.read_text() }}",
        "{{ path.parent }}",
        "{{ ''.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ 9 ** 999 }}",
        "{{ 'a' * 99999999 }}",
        "{{ [1] * 9999999 }}",
        "{{ '{0.__class__}'.format(values) }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(tmp_path: Path, text: str) -> None:
    said = refused(tmp_path, text, values=[1], path=Path("/etc/passwd"))
    assert said.startswith("templates/x/t.j2:1: ")
    assert "Templates may only read values" in said


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% include 'x/t.j2' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(40) }}",
    ],
)
def test_an_endless_template_is_stopped(tmp_path: Path, text: str) -> None:
    assert "does not end" in refused(tmp_path, text)


def test_loops_still_know_where_they_are(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "{% for a in b if a %}{{ loop.index }}/{{ loop.length }}{{ a }} {% endfor %}")
    assert own(tmp_path).render("x/t.j2", b=["x", "", "y"]) == "1/2x 2/2y "


def test_any_other_failure_is_the_templates_too(tmp_path: Path) -> None:
    assert refused(tmp_path, "\n\n{{ 1 / 0 }}").startswith("templates/x/t.j2:3: ZeroDivisionError")


def test_a_template_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "")
    (tmp_path / "templates/x/t.j2").write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError, match="is not UTF-8 text"):
        own(tmp_path).render("x/t.j2")
    with pytest.raises(TemplateError, match="cannot be read"):
        own(tmp_path).text("x/t.j2")


def test_a_shipped_template_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"^templates/email/article\.txt\.j2:1: "):
        own(tmp_path).render("email/article.txt.j2")


def test_the_digest_changes_with_any_template_and_only_then(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "one")
    templates = own(tmp_path)
    before = templates.digest()
    assert templates.digest() == before == own(tmp_path).digest()
    write(tmp_path, "x/t.j2", "two")
    os.utime(tmp_path / "templates/x/t.j2", ns=(1, 1))
    changed = templates.digest()
    assert changed != before
    write(tmp_path, "x/new.css", "")
    assert templates.digest() not in (before, changed)


def test_a_changed_template_is_used_at_once(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "one")
    templates = own(tmp_path)
    assert templates.render("x/t.j2") == "one"
    write(tmp_path, "x/t.j2", "two")
    os.utime(tmp_path / "templates/x/t.j2", ns=(1, 1))
    assert templates.render("x/t.j2") == "two"


def test_the_template_that_wrote_a_line_is_found(tmp_path: Path) -> None:
    write(tmp_path, "x/t.j2", "<mjml>\n{% include 'x/part.j2' %}\n")
    write(tmp_path, "x/part.j2", "\n  <mj-text color='{{ c }}'>\n")
    templates = own(tmp_path)
    assert templates.whence("x/t.j2", "<mj-text color='red'>") == ("x/part.j2", 2)
    assert templates.whence("x/t.j2", "nowhere") == ("x/t.j2", None)
