import pytest

from postroom.model import LinkMode
from postroom.render.header import Header, HeaderError, read_header


def test_a_header_says_what_a_variant_needs():
    text = (
        "---\n# a note\nneeds: hook, [cta]\nlink: first_comment\nimage: hero\nhashtags: 2 to 4\n\n---\nText\n"
    )
    header, rest = read_header(text.replace("[cta]", "cta"))
    assert header == Header(
        needs=("hook", "cta"), link=LinkMode.FIRST_COMMENT, shows_image=True, hashtags=(2, 4)
    )
    assert rest == "Text"


def test_a_single_number_is_the_most():
    assert read_header("---\nhashtags: 4\n---\n")[0].hashtags == (0, 4)


@pytest.mark.parametrize("text", ["", "Text", "Text\n---\nlink: card\n---"])
def test_a_template_without_header_follows_custom(text):
    assert read_header(text) == (Header(), text)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("---\nlink: card\n", 1, "close it with a line ---"),
        ("---\nneeds: hook\nneed: hook\n---", 3, "did you mean 'needs'"),
        ("---\nzzz: 1\n---", 2, "there are needs, link, image, hashtags"),
        ("---\nlink\nx: y\n---", 2, "no setting"),
        ("---\nlink: maybe\n---", 2, "write card, body, first_comment, none"),
        ("---\nimage: all\n---", 2, "write hero or none"),
        ("---\nhashtags: many\n---", 2, "3 to 5"),
    ],
)
def test_a_fault_names_its_line_and_cure(text, line, message):
    with pytest.raises(HeaderError, match=message) as caught:
        read_header(text)
    assert caught.value.line == line
