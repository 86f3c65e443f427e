"""A picture is sent as what its name says, and nothing else is sent at all."""

from __future__ import annotations

import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from postroom.config import ImageSettings
from postroom.web.front.logo import logo_of
from postroom.web.front.pictures import below_pages

from .conftest import NOW, PAGES, Stand


def png(colour: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


def put(stand: Stand, data: bytes, name: str = "") -> str:
    folder = stand.config.images.folder
    folder.mkdir(exist_ok=True)
    name = name or f"{sha256(data).hexdigest()[:32]}.png"
    (folder / name).write_bytes(data)
    return name


def test_a_picture_is_sent_for_good(stand: Stand) -> None:
    data = png()
    answer = stand.client.get(f"/images/{put(stand, data)}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, data, "image/png")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = stand.client.get(answer.url.path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_not_what_its_name_says_is_not_there(stand: Stand) -> None:
    right = png()
    name = f"{sha256(right).hexdigest()[:32]}.png"
    put(stand, b"<script>alert(1)</script>", name)
    assert stand.client.get(f"/images/{name}").status_code == 404
    put(stand, right, name)
    assert stand.client.get(f"/images/{name}").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        *("../config.yaml", "..%2fconfig.yaml", "%2e%2e/config.yaml", "....//config.yaml", "%00.png"),
        *("notes.txt", "A" * 32 + ".png", "a" * 32 + ".svg", "a" * 31 + ".png", "a" * 32 + ".png%0a"),
    ],
)
def test_no_other_file_is_sent(stand: Stand, name: str) -> None:
    put(stand, b"secret", "notes.txt")
    answer = stand.client.get(f"/images/{name}")
    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_a_link_is_not_followed(stand: Stand, tmp_path: Path) -> None:
    data = png("blue")
    outside = tmp_path / "outside.png"
    outside.write_bytes(data)
    name = f"{sha256(data).hexdigest()[:32]}.png"
    stand.config.images.folder.mkdir()
    (stand.config.images.folder / name).symlink_to(outside)
    assert stand.client.get(f"/images/{name}").status_code == 404


def test_a_folder_and_a_pipe_are_no_pictures(stand: Stand) -> None:
    import os

    folder = stand.config.images.folder
    folder.mkdir()
    (folder / f"{'b' * 32}.png").mkdir()
    os.mkfifo(folder / f"{'c' * 32}.png")
    for letter in "bc":
        assert stand.client.get(f"/images/{letter * 32}.png").status_code == 404


@pytest.mark.parametrize(
    ("url", "below"),
    [
        (f"{PAGES}/images", "/images"),
        (f"{PAGES}/a/b/", "/a/b"),
        ("https://mail.example.org/images", ""),
        (f"{PAGES}images", ""),
        ("https://pictures.example/post/images", ""),
        ("http://mail.example.org/post/images", ""),
        (PAGES, ""),
        (f"{PAGES}/u", ""),
        (f"{PAGES}/../images", ""),
        (f"{PAGES}/{{name}}", ""),
    ],
)
def test_pictures_are_served_where_their_address_lies_below_the_pages(
    stand: Stand, url: str, below: str
) -> None:
    images = ImageSettings(folder=Path("/nowhere"), url=url)
    assert below_pages(images, stand.front.web) == below


def test_a_logo_is_named_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(png())
    logo = logo_of(file, NOW)
    assert logo is not None
    assert logo.path == f"/logo-{sha256(logo.found.body).hexdigest()[:16]}.png"


def test_a_logo_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    assert logo_of(tmp_path / "none.png", NOW) is None
    (tmp_path / "logo.svg").write_text("<svg/>")
    assert logo_of(tmp_path / "logo.svg", NOW) is None


def test_the_pages_show_the_logo_from_their_own_origin(stand: Stand, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(png())
    brand = replace(stand.front.web.brand, logo=file)
    front = replace(stand.front, web=replace(stand.front.web, brand=brand))
    assert front.logo is not None
    assert front.site.logo == f"/post{front.logo.path}"
