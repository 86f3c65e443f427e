"""What preview shows is what goes out: byte for byte what the outbox keeps, and the same message."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from postroom import cli, config
from postroom.compose import compose
from postroom.model import History
from postroom.outbox import content, status
from postroom.pipeline.preview import files, keys_of, post_text, sample
from postroom.pipeline.project import open_project
from postroom.pipeline.stage import stage
from postroom.pipeline.survey import survey


@pytest.fixture
def published(desk):
    """A project whose article went out, with everything that may stand in one."""
    desk.configure(("    transport: page", "    link: first_comment\n    transport: page"))
    desk.now -= timedelta(hours=2)
    desk.run()
    desk.now += timedelta(hours=2)
    desk.article(
        subtitle="A subtitle — with “quotes”",
        cta="Follow us on LinkedIn for more. Write to us.",
        body="Dear {{first_name|friend}}, soft\nbreaks stay.\n\n```python\nfor x in y:\n    print(x)\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nA note[^1] and <b>raw</b> HTML.\n\n[^1]: The note itself is here.\n"
        "\n## One\n\nThe first point stands alone and is true.\n\n## Two\n\nThe second point does so as well.\n",
    )
    desk.run()
    return desk


def frozen(desk, key: str):
    with desk.ledger() as ledger:
        return ledger.read(status.show, key).edition


def test_preview_files_equal_the_frozen_edition(published, tmp_path: Path) -> None:
    out = tmp_path / "previews"
    code = cli.main(["--config", str(published.folder / "config.yaml"), "preview", "--out", str(out)])
    assert code == 0
    mail = frozen(published, "newsletter/article/letters").content
    shown = out / "letters"
    assert (shown / "newsletter-article.html").read_bytes() == mail.html.encode()
    assert (shown / "newsletter-article.txt").read_bytes() == mail.text.encode()
    assert (shown / "newsletter-article.mjml").read_bytes() == mail.mjml.encode()
    assert (shown / "newsletter-article.json").read_bytes() == content.encode(mail).encode()
    post = frozen(published, "linkedin/hook/letters").content
    assert (shown / "linkedin-hook.json").read_bytes() == content.encode(post).encode()
    assert (shown / "linkedin-hook.txt").read_text() == post_text(post)
    assert {path.name for path in shown.iterdir()} == {
        *(f"newsletter-article.{suffix}" for suffix in ("html", "txt", "mjml", "json", "eml")),
        *(f"linkedin-{variant}.{suffix}" for variant in ("hook", "takeaways") for suffix in ("txt", "json")),
    }


def test_the_message_is_the_same_for_the_same_delivery_and_key(published) -> None:
    key = "newsletter/article/letters"
    edition = frozen(published, key)
    with published.ledger() as ledger:
        deliveries = ledger.read(lambda connection: list(status.deliveries(connection, key)))
        keys = keys_of(ledger)
        project = open_project(config.load(published.folder / "config.yaml"))
        verdict = next(
            each
            for each in survey(project, _history(ledger), published.now).verdicts
            if each.candidate.channel.is_email
        )
        staged = stage(project, verdict.candidate, due_at=edition.due_at, now=edition.created_at)
    for row in deliveries:
        sent = next(
            path
            for path in (published.folder / "out/mail").iterdir()
            if compose(edition, row.delivery, keys).name == path.stem
        )
        assert compose(staged.edition, row.delivery, keys).content.data == sent.read_bytes()


def _history(ledger):
    from postroom.outbox import history

    return ledger.read(history.read)


def test_a_preview_writes_to_the_first_of_the_audience_and_leaves_no_trace(published) -> None:
    project = open_project(config.load(published.folder / "config.yaml"))
    before = sorted((published.folder / "out").rglob("*"))
    with published.ledger() as ledger:
        verdict = survey(project, _history(ledger), published.now).verdicts[0]
        staged = stage(project, verdict.candidate, due_at=published.now, now=published.now)
        shown = sample(staged, ledger, published.now)
        assert b"reader0@example.org" in files(staged.edition, shown.message)["eml"]
        assert len(ledger.read(status.editions)) == 2
    assert sorted((published.folder / "out").rglob("*")) == before


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a/../../evil", "..", "evil\\..\\x"])
def test_an_id_cannot_lead_out_of_the_preview_folder(desk, tmp_path: Path, name: str) -> None:
    desk.article("evil", id=name)
    out = tmp_path / "deep" / "down" / "previews"
    before = set(tmp_path.rglob("*"))
    cli.main(["--config", str(desk.folder / "config.yaml"), "preview", "--out", str(out)])
    written = {
        path for path in set(tmp_path.rglob("*")) - before if path.is_file() and ".postroom" not in path.parts
    }
    assert all(path.is_relative_to(out) for path in written), written


def test_a_logo_takes_the_place_of_the_name(desk) -> None:
    logo = desk.folder / "templates" / "logo.png"
    logo.parent.mkdir()
    Image.new("RGB", (200, 80), "#0a66c2").save(logo)
    desk.configure(("articles: {", "brand: {logo: templates/logo.png}\narticles: {"))
    desk.article()
    project = open_project(config.load(desk.folder / "config.yaml"))
    verdict = survey(project, History(), desk.now).verdicts[0]
    staged = stage(project, verdict.candidate, due_at=desk.now, now=desk.now)
    assert 'width="100" height="40"' in staged.edition.content.html
    logo.unlink()
    (finding, *_) = stage(project, verdict.candidate, due_at=desk.now, now=desk.now).findings
    assert finding.file == "config.yaml"
    assert "logo.png" in finding.message
