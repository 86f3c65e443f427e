"""The way in: a file, or the last good text of one, becomes a Config or a ConfigError."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from postroom.config.config import Config
from postroom.errors import ConfigError
from postroom.model import Finding, Severity
from postroom.plainfiles import NoPlainFile, read_plain

MAX_BYTES = 1_000_000
"""A config.yaml with a thousand channels takes a third of this; more is another file by mistake."""


def load(path: Path) -> Config:
    """Read a config file. Raises ConfigError with all its faults, also when it cannot be read."""
    return parse(_text(path), path)


def parse(text: str, path: Path) -> Config:
    """Read the text of a config file that stands, or stood, at `path`.

    Relative paths start at `path.parent`. Raises ConfigError with all faults found.
    """
    from postroom.config.crosscheck import check  # pydantic and the YAML parser load only here
    from postroom.config.problem import findings_of
    from postroom.config.references import fill_in
    from postroom.config.resolve import Source, resolve
    from postroom.config.tree import read_tree
    from postroom.config.validate import validate

    path = path.absolute()
    tree = read_tree(text, path.name)
    problems = [*fill_in(tree)]
    sections = validate(tree, path.parent, problems)
    problems += check(sections, tree, path.parent)
    findings = findings_of(problems, tree)
    if any(each.severity is Severity.ERROR for each in findings):
        raise ConfigError([*_open_quotes(text, path), *findings])
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return resolve(sections, tree, Source(path=path, text=text, digest=digest, warnings=findings))


def schema() -> dict[str, Any]:  # Any: a JSON document
    """Describe config.yaml as JSON Schema (draft 2020-12), for editors that complete and warn."""
    from postroom.config.json_schema import json_schema

    return json_schema()


def _open_quotes(text: str, path: Path) -> list[Finding]:
    """Name the quote that was probably left open: it explains what else is wrong."""
    from postroom.config.syntax import doubtful_quote

    found = doubtful_quote(text)
    if found is None:
        return []
    message, line, column = found
    return [
        Finding(
            rule="config-yaml",
            severity=Severity.ERROR,
            file=path.name,
            message=message,
            line=line,
            column=column,
        )
    ]


def _text(path: Path) -> str:
    try:
        raw = read_plain(path, MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(
            path, "there is no such file; `postroom init` writes one, `--config FILE` names another"
        ) from None
    except IsADirectoryError:
        raise _unreadable(path, "is a folder; name the file in it") from None
    except NoPlainFile:
        raise _unreadable(path, "is a pipe, a socket or a device; put a plain file in its place") from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}; check its permissions") from error
    if len(raw) > MAX_BYTES:
        raise _unreadable(path, f"is larger than {MAX_BYTES:,} bytes; is it the right file?")
    return _decoded(raw, path)


def _decoded(raw: bytes, path: Path) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(path, "is written in UTF-16; save it as UTF-8", 1, 1)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        column = len(before) - before.rfind("\n")
        message = "a character here is not UTF-8; save the file as UTF-8"
        raise _unreadable(path, message, before.count("\n") + 1, column) from error


def _unreadable(path: Path, message: str, line: int | None = None, column: int | None = None) -> ConfigError:
    found = Finding(
        rule="config-unreadable",
        severity=Severity.ERROR,
        file=path.name,
        message=message,
        line=line,
        column=column,
    )
    return ConfigError([found])
