"""Claims about what an image's address may mean: never a byte from outside the articles folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.assets.references import MAX_BYTES, Remote, locate, read_file
from postroom.assets.refusal import ImageRefused

SECRET = b"secret"


@pytest.fixture
def root(tmp_path):
    """An articles folder beside things that are none of its business."""
    folder = tmp_path / "articles"
    (folder / "2026" / "images").mkdir(parents=True)
    (folder / "2026" / "images" / "a curve.png").write_bytes(b"curve")
    (folder / "logo.png").write_bytes(b"logo")
    (folder / "100%.png").write_bytes(b"percent")
    (tmp_path / "secret.png").write_bytes(SECRET)
    (tmp_path / "articles-too").mkdir()
    (tmp_path / "articles-too" / "secret.png").write_bytes(SECRET)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "door").symlink_to(tmp_path)
    (folder / "alias.png").symlink_to(folder / "logo.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    return folder


def refusal(src, root):
    with pytest.raises(ImageRefused) as caught:
        locate(src, root / "2026", root)
    return caught.value


@pytest.mark.parametrize(
    ("src", "content"),
    [
        ("images/a curve.png", b"curve"),
        ("./images/a curve.png", b"curve"),
        ("images/a%20curve.png", b"curve"),
        ("images/a%20curve.png?v=2#x", b"curve"),
        ("../logo.png", b"logo"),
        ("/logo.png", b"logo"),
        ("/2026/images/a curve.png", b"curve"),
        ("/alias.png", b"logo"),
        ("../100%.png", b"percent"),
    ],
)
def test_a_path_starts_at_the_article_or_at_the_articles_folder(root, src, content):
    assert read_file(locate(src, root / "2026", root)) == content


@pytest.mark.parametrize(
    "src",
    [
        "../../secret.png",
        "../../articles-too/secret.png",
        "/../secret.png",
        "/link.png",
        "/door/secret.png",
        "../door/secret.png",
        "%2e%2e/%2e%2e/secret.png",
        "..%2f..%2fsecret.png",
        "/%2e%2e/secret.png",
        "images/../../../secret.png",
        "../../secret.png?.png",
        "../../nothing-is-here.png",
    ],
)
def test_a_path_that_leads_outside_is_refused_without_saying_what_is_there(root, src):
    assert refusal(src, root).rule == "image-outside"


@pytest.mark.parametrize(
    ("src", "rule"),
    [
        ("file:///etc/passwd", "image-address"),
        ("FILE:/etc/passwd.png", "image-address"),
        ("C:/windows/win.png", "image-address"),
        ("javascript:alert(1)", "image-address"),
        ("cid:part1@example.org", "image-address"),
        ("ftp://example.org/a.png", "image-address"),
        ("data:image/png;base64,iVBORw0KGgo=", "image-address"),
        ("https://", "image-address"),
        ("https:///a.png", "image-address"),
        ("https://[::1/a.png", "image-address"),
        ("https://example.org:99999/a.png", "image-address"),
        ("//", "image-address"),
        ("/etc/passwd", "image-format"),
        ("../../.ssh/id_rsa", "image-format"),
        ("logo.svg", "image-format"),
        ("https.svgz", "image-format"),
        ("notes.md", "image-format"),
        ("", "image-format"),
        ("a\x00.png", "image-missing"),
        ("/ring.png", "image-missing"),
        ("x" * 5000 + ".png", "image-missing"),
        ("\\\\server\\share\\a.png", "image-missing"),
        ("~/a.png", "image-missing"),
    ],
)
def test_other_addresses_are_refused(root, src, rule):
    assert refusal(src, root).rule == rule


def test_a_missing_file_is_told_with_the_nearest_name(root):
    assert str(refusal("images/a-curve.png", root)) == 'there is no such file; did you mean "a curve.png"?'
    assert "add it, or correct the path" in str(refusal("images/other.png", root))
    assert "its folder does not exist either" in str(refusal("pictures/a.png", root))


@pytest.mark.parametrize(
    ("src", "url"),
    [
        ("https://cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("HTTP://cdn.example/a.jpg", "HTTP://cdn.example/a.jpg"),
        ("//cdn.example/a.png", "https://cdn.example/a.png"),
        ("https://cdn.example/a b.png?x=1&y=%20", "https://cdn.example/a%20b.png?x=1&y=%20"),
        ('https://cdn.example/"><script>.png', "https://cdn.example/%22%3E%3Cscript%3E.png"),
        ("https://cdn.example/a\r\nb.png", "https://cdn.example/a%0D%0Ab.png"),
    ],
)
def test_a_remote_image_keeps_its_link(root, src, url):
    assert locate(src, root, root) == Remote(url=url)


@pytest.mark.parametrize(
    ("src", "client"),
    [
        ("https://cdn.example/a.webp", "Outlook on Windows"),
        ("https://cdn.example/a.WEBP?w=600", "Outlook on Windows"),
        ("//cdn.example/a.avif", "Outlook on Windows"),
        ("https://cdn.example/a.svg#icon", "Gmail on the web"),
    ],
)
def test_a_remote_format_that_a_client_cannot_show_is_told(root, src, client):
    caution = locate(src, root, root).caution
    assert client in caution
    assert "caniemail.com" in caution


def test_a_file_that_is_too_large_is_not_read(root):
    with (root / "large.png").open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(ImageRefused, match="larger than 10 MB"):
        read_file(root / "large.png")


def test_a_file_exchanged_for_a_link_or_a_pipe_is_not_read(root):
    with pytest.raises(ImageRefused, match="cannot be read"):
        read_file(root / "link.png")
    os.mkfifo(root / "pipe.png")
    with pytest.raises(ImageRefused, match="not a file"):
        read_file(root / "pipe.png")


@given(
    src=st.lists(
        st.sampled_from(
            ["..", "/", ".", "%2e", "%2f", "\\", "secret", ".png", "door", "link", "//", "\0", "?", "~"]
        ),
        max_size=9,
    ).map("".join)
    | st.text(max_size=40)
)
def test_no_address_whatever_reads_a_byte_from_outside(tmp_path_factory, src):
    base = tmp_path_factory.getbasetemp() / "fence"
    root = base / "articles"
    if not root.exists():
        root.mkdir(parents=True)
        (base / "secret.png").write_bytes(SECRET)
        (root / "door").symlink_to(base)
        (root / "link.png").symlink_to(base / "secret.png")
    try:
        place = locate(src, root, root)
    except ImageRefused:
        return
    assert isinstance(place, Remote) or Path(place).is_relative_to(root.resolve())
