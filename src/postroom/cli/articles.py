"""`postroom articles`: what the tool sees in the articles folder."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.model import Article


@click.command()
@console.json_option
@click.pass_obj
def command(config: Path, as_json: bool) -> None:
    """List every article that the tool sees, with what it read from the front matter."""
    project = session.load(config)
    with console.progress("Reading") as progress:
        reading = project.shelf.read(session.now(), progress=progress)
    articles = [each.article for each in reading.loaded if each.article is not None]
    if as_json:
        console.print_json([as_dict(article) for article in articles])
        return
    out = console.out()
    zone = ZoneInfo(project.config.publication.timezone)
    rows = [[console.text(cell) for cell in _row(article, zone)] for article in articles]
    out.print(console.table(["date", "title", "file", "tags", "read"], rows))
    broken = [each for each in reading.loaded if each.article is None]
    files = sum(not each.is_folder for each in broken)
    others = f", {console.plural(files, 'file')} that cannot be read:" if files else ""
    out.print(f"\n{console.plural(len(articles), 'article')}{others}")
    console.print_findings((finding for each in broken for finding in each.findings), out)


def _row(article: Article, zone: ZoneInfo) -> list[str]:
    date = told(article.publish_at, zone) if article.publish_at else "no date"
    minutes = f"{article.read_time} min" if article.read_time else ""
    title = article.title + (" (draft)" if article.draft else "")
    return [date, title, article.file, ", ".join(article.tags), minutes]


def as_dict(article: Article) -> dict[str, object]:
    """Shape an article as `articles --json` promises it."""
    return {
        "id": article.id,
        "file": article.file,
        "title": article.title,
        "subtitle": article.subtitle,
        "description": article.description,
        "authors": list(article.authors),
        "publish_at": article.publish_at,
        "image": article.image.src if article.image else None,
        "cta": article.cta,
        "read_time": article.read_time,
        "tags": list(article.tags),
        "language": article.language,
        "draft": article.draft,
        "repaired": article.repaired,
    }
