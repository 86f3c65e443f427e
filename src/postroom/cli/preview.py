"""`postroom preview`: see every mail and post before it goes out."""

from __future__ import annotations

import secrets
import sys
import threading
import webbrowser
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import click

from postroom.cli import console, session
from postroom.cli.sheets import ProjectSource
from postroom.errors import ArticleError, AudienceError, TemplateError, UsageError
from postroom.outbox.ledger import Ledger
from postroom.pipeline.preview import sample
from postroom.pipeline.project import Project
from postroom.pipeline.stage import stage
from postroom.pipeline.survey import survey
from postroom.readiness import Candidate


@click.command()
@click.argument("article", required=False)
@click.option("--channel", help="Only this channel.")
@click.option("--variant", help="Only this variant.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write files here; open nothing."
)
@click.option("--port", type=int, default=0, help="Serve on this port of localhost; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Print the address; open no browser.")
@click.pass_obj
def command(
    config: Path,
    article: str | None,
    channel: str | None,
    variant: str | None,
    out: Path | None,
    port: int,
    no_browser: bool,
) -> int:
    """Open the studio in a browser: every mail and post as it would go out, live while you edit.

    ARTICLE is an id, a slug or a file. With --out, files are written instead:
    DIR/<article id>/<channel>-<variant>.html, .txt, .eml, .mjml and .json.
    """
    if out is None and (article or channel or variant):
        chosen(session.load(config), session.now(), article=article, channel=channel, variant=variant)
    if out is None:
        _serve(
            config, port, {"article": article, "channel": channel, "variant": variant}, browser=not no_browser
        )
        return 0
    project = session.load(config)
    now = session.now()
    candidates = chosen(project, now, article=article, channel=channel, variant=variant)
    with session.ledger_if_any(project) as ledger:
        written = [_write(project, candidate, ledger, out, now) for candidate in candidates]
    click.echo(f"{sum(written)} previews written below {out}")
    return int(not all(written))


def chosen(
    project: Project,
    now: datetime,
    *,
    article: str | None = None,
    channel: str | None = None,
    variant: str | None = None,
) -> list[Candidate]:
    """Find the candidates that these words name. Raises UsageError where they name none."""
    with session.ledger_if_any(project) as ledger:
        seen = survey(project, session.read_history(ledger), now)
    everything = [verdict.candidate for verdict in seen.verdicts]
    found = [
        each
        for each in everything
        if (article is None or is_named(each, article))
        and channel in (None, each.channel.name)
        and variant in (None, each.variant.name)
    ]
    if not found and (article or channel or variant):
        near = session.nearest(article or "", [each.article.id for each in everything])
        raise UsageError(f"nothing goes by {_told(article, channel, variant)}{near}")
    return found


def is_named(candidate: Candidate, name: str) -> bool:
    """Say whether a person who types `name` means this article."""
    article = candidate.article
    return (
        name in (article.id, article.path, article.file, article.slug)
        or article.source == Path(name).resolve()
    )


def _told(article: str | None, channel: str | None, variant: str | None) -> str:
    words = (("article", article), ("channel", channel), ("variant", variant))
    return ", ".join(f"{kind} '{name}'" for kind, name in words if name)


def _write(project: Project, candidate: Candidate, ledger: Ledger | None, out: Path, now: datetime) -> bool:
    try:
        staged = stage(project, candidate, due_at=candidate.article.publish_at or now, now=now)
        files = sample(staged, ledger, now).files
    except (ArticleError, TemplateError) as error:
        console.print_findings([error.finding], console.err())
        return False
    except AudienceError as error:
        click.echo(str(error), err=True)
        return False
    folder = inside(out, candidate.article.id)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, data in files.items():
        (folder / f"{candidate.channel.name}-{candidate.variant.name}.{suffix}").write_bytes(data)
    return True


def inside(out: Path, article: str) -> Path:
    """Tell the folder of an article below `out`; an id with `..` in it cannot leave it."""
    folder = (out / article).resolve()
    if not folder.is_relative_to(out.resolve()):
        raise UsageError(
            f"the id '{article}' would be written outside of {out}; give the article another `id`"
        )
    return folder


def _serve(config: Path, port: int, view: dict[str, str | None], *, browser: bool) -> None:
    from postroom.watching import watch
    from postroom.web.serve import serve
    from postroom.web.studio import app

    source = ProjectSource(config)
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(source.paths(), source.changed, stop), daemon=True)
    watcher.start()

    def ready(address: str) -> None:
        asked = urlencode({name: value for name, value in view.items() if value})
        shown = f"{address}?{asked}" if asked else address
        click.echo(f"Postroom's studio is at {shown}\nCtrl-C ends it.")
        sys.stdout.flush()
        if browser:
            webbrowser.open(shown)

    try:
        token = secrets.token_urlsafe(16)
        serve(app(source, token=token, hosts=("127.0.0.1", "localhost")), port, ready)
    finally:
        stop.set()
