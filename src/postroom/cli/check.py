"""`postroom check`: look for mistakes before anybody sees them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.cli.console import plural
from postroom.errors import ConfigError
from postroom.model import Finding, Severity
from postroom.pipeline.check import Checked, check


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True), metavar="[PATH...]")
@console.json_option
@click.pass_obj
def command(config: Path, paths: tuple[Path, ...], as_json: bool) -> int:
    """Look for mistakes in config.yaml, templates, audiences, every article (or only those at
    PATH), and in every mail and post that they would become.
    """
    try:
        project = session.load(config)
    except ConfigError as error:
        if as_json:
            _print_json(Checked(articles=0, findings=error.findings))
        else:
            console.print_findings(error.findings, console.out())
        return 2
    with console.progress("Checking") as progress:
        checked = check(project, session.now(), only=paths, progress=progress)
    if as_json:
        _print_json(checked)
    else:
        _print(checked)
    return int(any(finding.severity is Severity.ERROR for finding in checked.findings))


def _print_json(checked: Checked) -> None:
    findings = [_as_dict(finding) for finding in checked.findings]
    console.print_json({"articles": checked.articles, "findings": findings})


def _as_dict(finding: Finding) -> dict[str, object]:
    fields = asdict(finding)
    return {name: fields[name] for name in ("rule", "severity", "file", "line", "column", "message")}


def _print(checked: Checked) -> None:
    out = console.out()
    console.print_findings(checked.findings, out)
    counts = Counter(finding.severity for finding in checked.findings)
    told = [_told(counts[each], each) for each in Severity if counts[each]]
    out.print(f"\n{plural(checked.articles, 'article')} checked: {', '.join(told) or 'nothing found'}")


def _told(number: int, severity: Severity) -> str:
    return f"{number} info" if severity is Severity.INFO else plural(number, severity)
