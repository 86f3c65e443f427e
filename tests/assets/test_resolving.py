"""Claims about all the images of an article together: what can be shown is, the rest is told."""

import hashlib
import json
import os

import pytest
from PIL import Image

from postroom.assets import publish, resolve
from postroom.errors import AssetError
from postroom.model import Asset, ImageRef, Severity

URL = "https://mail.example/images/"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    Image.linear_gradient("L").convert("RGB").resize((1600, 900)).save(folder / "hero.webp")
    Image.new("RGB", (40, 20), "navy").save(folder / "dot.png")
    (folder / "text.png").write_text("no picture")
    return tmp_path


def resolved(project, *refs, cache="cache"):
    folder = project / "articles"
    return resolve(refs, near=folder, root=folder, cache=project / cache, url=URL, file="articles/a.md")


def files(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_local_image_becomes_an_asset_named_by_its_content(project):
    found = resolved(project, ImageRef(src="hero.webp", alt="A gradient", line=8))
    asset = found.images["hero.webp"]
    assert found.findings == ()
    data = asset.file.read_bytes()
    assert asset.digest == hashlib.sha256(data).hexdigest()
    assert asset.file.name == f"{asset.digest}{asset.file.suffix}"
    assert asset.url == f"https://mail.example/images/{asset.digest[:32]}{asset.file.suffix}"
    assert (asset.width, asset.height, asset.size_bytes) == (1200, 675, len(data))
    with Image.open(asset.file) as image:
        assert (image.size, image.get_format_mimetype()) == ((1200, 675), asset.media_type)


def test_a_remote_image_keeps_its_address_and_nothing_else_is_known(project):
    found = resolved(project, ImageRef(src="//cdn.example/a.jpg"))
    assert found.images == {
        "//cdn.example/a.jpg": Asset(src="//cdn.example/a.jpg", url="https://cdn.example/a.jpg")
    }
    assert not (project / "cache").exists()


def test_an_image_that_cannot_be_used_is_a_warning_by_its_line_and_missing(project):
    found = resolved(
        project, ImageRef(src="her.webp", line=8), ImageRef(src="text.png", line=20), ImageRef(src="dot.png")
    )
    assert set(found.images) == {"dot.png"}
    assert [str(finding) for finding in found.findings] == [
        'articles/a.md:8: image "her.webp" is left out: there is no such file; did you mean "hero.webp"?',
        (
            'articles/a.md:20: image "text.png" is left out: '
            "this is no JPEG, PNG, WebP, GIF or AVIF; save it as one"
        ),
    ]
    assert {finding.severity for finding in found.findings} == {Severity.WARNING}


def test_a_remote_format_some_client_lacks_is_a_warning_and_goes_out(project):
    src = "https://cdn.example/a.webp"
    found = resolved(project, ImageRef(src=src, line=3))
    assert set(found.images) == {src}
    (finding,) = found.findings
    assert (finding.rule, finding.line) == ("image-shown", 3)
    assert "goes out, but Outlook on Windows does not show WebP" in finding.message


def test_an_image_named_twice_is_resolved_and_told_once(project):
    refs = [ImageRef(src="none.png", line=2), ImageRef(src="dot.png", line=3)] * 2
    found = resolved(project, *refs)
    assert list(found.images) == ["dot.png"]
    assert [finding.line for finding in found.findings] == [2]


def test_control_characters_in_an_address_do_not_reach_the_finding(project):
    (finding,) = resolved(project, ImageRef(src="a\x1b[2J\n" + "x" * 200 + ".png")).findings
    assert finding.message.isprintable()
    assert len(finding.message) < 250


def test_nothing_is_done_twice(project):
    refs = [ImageRef(src="hero.webp"), ImageRef(src="dot.png")]
    first = resolved(project, *refs)
    before = files(project / "cache")
    assert resolved(project, *refs) == first
    assert files(project / "cache") == before


def test_a_copy_of_a_file_is_the_same_picture(project):
    (project / "articles" / "copy.png").write_bytes((project / "articles" / "dot.png").read_bytes())
    images = resolved(project, ImageRef(src="dot.png"), ImageRef(src="copy.png")).images
    assert images["dot.png"].file == images["copy.png"].file


def test_two_caches_hold_the_same_bytes(project):
    one, two = (resolved(project, ImageRef(src="hero.webp"), cache=name) for name in ("one", "two"))
    assert one.images["hero.webp"].digest == two.images["hero.webp"].digest
    assert files(project / "one").keys() == files(project / "two").keys()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"file": 1}', b'{"unknown": true}', b"\xff"])
def test_a_damaged_index_is_written_anew(project, damage):
    first = resolved(project, ImageRef(src="dot.png"))
    (entry,) = (project / "cache" / "index").iterdir()
    entry.write_bytes(damage)
    assert resolved(project, ImageRef(src="dot.png")) == first
    assert json.loads(entry.read_bytes())["media_type"] == "image/png"


@pytest.mark.parametrize("damage", [None, b"cut"])
def test_a_cached_picture_that_was_lost_is_made_anew(project, damage):
    asset = resolved(project, ImageRef(src="dot.png")).images["dot.png"]
    asset.file.unlink()
    if damage:
        asset.file.write_bytes(damage)
    resolved(project, ImageRef(src="dot.png"))
    assert hashlib.sha256(asset.file.read_bytes()).hexdigest() == asset.digest


def test_a_cache_that_cannot_be_written_is_a_warning(project):
    (project / "cache").write_text("a file where a folder should be")
    found = resolved(project, ImageRef(src="dot.png", line=4))
    assert found.images == {}
    assert "cannot be kept in" in found.findings[0].message


# --- publishing


def test_publishing_copies_what_is_missing_once(project):
    images = resolved(project, ImageRef(src="hero.webp"), ImageRef(src="//cdn.example/a.jpg")).images
    public = project / "public" / "images"
    assert publish(images.values(), public) == 1
    (copy,) = public.iterdir()
    assert images["hero.webp"].url == URL + copy.name
    assert copy.read_bytes() == images["hero.webp"].file.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o644
    before = files(public)
    assert publish(images.values(), public) == 0
    assert files(public) == before


def test_a_copy_that_was_cut_short_is_mended(project):
    images = resolved(project, ImageRef(src="dot.png")).images
    publish(images.values(), project / "public")
    (copy,) = (project / "public").iterdir()
    copy.write_bytes(b"")
    assert publish(images.values(), project / "public") == 1
    assert copy.stat().st_size == images["dot.png"].size_bytes


def test_a_folder_that_cannot_be_written_is_an_asset_error(project):
    images = resolved(project, ImageRef(src="dot.png")).images
    (project / "public").write_text("a file where a folder should be")
    with pytest.raises(AssetError, match="`folder:` under `images:`"):
        publish(images.values(), project / "public")


def test_a_failed_write_leaves_nothing_behind(project):
    from postroom.assets.files import write_atomically

    (project / "taken").mkdir()
    with pytest.raises(OSError, match=os.strerror(21)):
        write_atomically(project / "taken", b"data")
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []
