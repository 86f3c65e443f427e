from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from postroom.model import Asset, Severity
from postroom.render.markdown import MAX_CHARS, parse

PICTURE = {"a b.png": Asset(src="a b.png", url="https://cdn.example/1.png", width=1200, height=800)}


def html(body: str, **options: object) -> str:
    return parse(body).html(PICTURE, **options)  # type: ignore[arg-type]


def test_pictures_are_listed_with_alt_text_and_line() -> None:
    body = 'Text\n![one](<a b.png>) and\n![two](https://x.example/2.jpg)\n\n<img src="3.png" alt="three">\n'
    found = [(image.src, image.alt, image.line) for image in parse(body).images]
    assert found == [("a b.png", "one", 2), ("https://x.example/2.jpg", "two", 3), ("3.png", "three", 5)]


def test_a_picture_is_shown_at_the_width_of_the_column_and_keeps_its_shape() -> None:
    shown = html("![A](<a b.png>)")
    assert (
        '<img style="max-width:536px" src="https://cdn.example/1.png" alt="A" width="536" height="357">'
        in shown
    )


def test_a_small_picture_keeps_its_own_size() -> None:
    small = {"s.png": Asset(src="s.png", url="https://cdn.example/s.png", width=120, height=60)}
    assert 'width="120" height="60"' in parse("![A](s.png)").html(small)


def test_a_remote_picture_of_unknown_size_fills_the_column() -> None:
    remote = {"https://x.example/p.jpg": Asset(src="https://x.example/p.jpg", url="https://x.example/p.jpg")}
    shown = parse("![A](https://x.example/p.jpg)").html(remote)
    assert 'src="https://x.example/p.jpg" alt="A" width="536">' in shown


def test_a_missing_picture_leaves_its_alt_text() -> None:
    assert "[Image: A map]" in html("See ![A map](gone.png)")
    assert "<img" not in html("See ![A map](gone.png) and <img src='https://evil.example/x.png'>")


def test_a_picture_alone_in_its_paragraph_is_a_figure_with_its_title_as_caption() -> None:
    shown = html('![A](<a b.png> "What it shows")')
    assert shown.startswith('<div class="figure"><img ')
    assert '<div class="caption">What it shows</div>' in shown


def test_headings_begin_at_two_and_skip_no_level() -> None:
    shown = html("# A\n\n#### B\n\n## C\n\n<h6>D</h6>\n\n###### E\n\n# F")
    levels = [element.tag for element in lxml_html.fromstring(f"<div>{shown}</div>")]
    assert levels == ["h2", "h3", "h3", "h4", "h4", "h2"]


def test_soft_breaks_between_tags_are_kept() -> None:
    assert "<strong>b</strong>\n<em>c</em>" in html("**b**\n*c*")


def test_lines_of_code_are_kept_and_coloured_by_class() -> None:
    shown = html("```python\ndef f():\n    pass\n\nx = 1\n```")
    assert 'class="hl-k"' in shown
    assert lxml_html.fromstring(shown).text_content() == "def f():\n    pass\n\nx = 1"


def test_code_in_an_unknown_language_stays_plain() -> None:
    assert html("```nosuchlanguage\na < b\n```") == '<pre class="code"><code>a &lt; b</code></pre>'


def test_a_bare_address_becomes_a_link_without_the_sentence_around_it() -> None:
    shown = html("See (https://x.example/a_(b)), or https://y.example/c_d_e. `https://z.example`")
    assert '<a href="https://x.example/a_(b)">https://x.example/a_(b)</a>),' in shown
    assert '<a href="https://y.example/c_d_e">https://y.example/c_d_e</a>.' in shown
    assert "<code>https://z.example</code>" in shown


def test_a_link_is_not_linked_twice() -> None:
    shown = html("[https://a.example](https://b.example) <a href='https://c.example'>https://d.example</a>")
    assert shown.count("<a ") == 2


def test_tables_name_what_their_heading_cells_head() -> None:
    shown = html("| A | B |\n|---|--:|\n| 1 | 2 |")
    assert '<div class="table"><table>' in shown
    assert '<th scope="col">A</th>' in shown
    assert '<td style="text-align:right">2</td>' in shown


def test_tasks_are_drawn_as_characters_since_mail_holds_no_form() -> None:
    shown = html("- [x] done\n- [ ] open")
    assert "☑ done" in shown
    assert "☐ open" in shown
    assert "input" not in shown


def test_only_a_list_of_nothing_but_tasks_is_a_checklist() -> None:
    assert 'class="checklist"' in html("- [x] a\n- [ ] b\n\ntext")
    assert 'class="checklist"' not in html("- [x] a\n- b\n\ntext")


def test_footnotes_lead_there_and_back() -> None:
    shown = html("A[^n] and again[^n].\n\n[^n]: The note.")
    assert 'href="#fn1" id="fnref1"' in shown
    assert 'id="fn1"' in shown
    assert 'href="#fnref1-1"' in shown


def test_definition_lists_and_strikethrough_are_read() -> None:
    assert "<dt>Term</dt>\n<dd>Meaning</dd>" in html("Term\n: Meaning")
    assert "<s>gone</s>" in html("~~gone~~")


def test_relative_links_start_at_the_article() -> None:
    shown = html("[a](/b) [c](d) [e](#fn1)", base="https://x.example/y/z")
    assert 'href="https://x.example/b"' in shown
    assert 'href="https://x.example/y/d"' in shown
    assert 'href="#fn1"' in shown


def test_what_the_template_tells_already_is_left_out() -> None:
    document = parse("# The  Title\n\nThe *description*.\n\nThe body.\n\nThe description.")
    shown = document.without_opening("the title", "The description.").html({})
    assert shown == "<p>The body.</p>\n<p>The description.</p>"


def test_an_opening_that_says_more_stays() -> None:
    assert "The description and more." in parse("The description and more.").without_opening(
        "The description"
    ).html({})


def test_films_and_frames_become_links_and_are_named() -> None:
    document = parse('One\n\n<iframe src="https://www.films.example/1" onload="x()"></iframe>\n')
    assert '<a href="https://www.films.example/1">Open on films.example</a>' in document.html({})
    assert [(fault.rule, fault.line) for fault in document.faults] == [("html-not-shown", 3)]
    assert document.faults[0].severity is Severity.WARNING


def test_a_body_that_is_too_long_is_a_fault() -> None:
    document = parse("x" * (MAX_CHARS + 1))
    assert [fault.rule for fault in document.faults] == ["body-too-long"]
    assert document.html({}) == document.text() == ""


def test_html_nested_too_deep_is_a_fault_and_shown_as_its_text() -> None:
    document = parse("Before\n\n" + "<div>" * 20_000 + "deep\n\nAfter")
    assert [(fault.rule, fault.line) for fault in document.faults] == [("nested-too-deep", 3)]
    shown = document.html({})
    assert "<div" not in shown
    assert "deep" in shown
    assert "<p>After</p>" in shown


def test_markdown_nested_too_deep_is_a_fault() -> None:
    assert [fault.rule for fault in parse(">" * 500 + " deep").faults] == ["nested-too-deep"]


def test_unclosed_tags_of_an_author_do_not_leak() -> None:
    shown = html("<div><b>open\n\nnext")
    assert shown.count("<div") == shown.count("</div>")
    assert shown.count("<b>") == shown.count("</b>")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("#*_`~[]()!<>|-:^\"'={}& \n\tabé漢😀/\\x1.@"), max_size=300))
def test_no_text_breaks_the_reader(body: str) -> None:
    document = parse(body)
    shown = document.html({}, base="https://x.example/")
    lxml_html.fragments_fromstring(f"<div>{shown}</div>")
    assert isinstance(document.text(), str)
    assert shown == parse(body).html({}, base="https://x.example/")
