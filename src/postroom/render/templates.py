"""Find and fill templates. A publication's own folders come first, the shipped one last, file by file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

from postroom.errors import TemplateError
from postroom.model import Finding, Severity
from postroom.shipped import shipped

if TYPE_CHECKING:
    from types import TracebackType

    from jinja2 import Template

    from postroom.render.sandbox import Sandbox

MIN_LIKENESS = 5
"""Characters that two lines must have in common, and more, to be taken for one: `<b>` stands everywhere."""

_ESCAPED = (".mjml.j2", ".html.j2")
_KINDS = ("", "mjml", "txt")
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
_INCLUDE = re.compile(r"\{%-?\s*(?:include|import|from|extends)\s+[\"']([^\"']+)[\"']")
_UNDEFINED = re.compile(r"^'([^']+)' is undefined$")


class Templates:
    """The templates of a project.

    `folders` are searched in order; the folder that travels with Postroom comes after them, so that a
    project may replace a single file. `base` is the folder of config.yaml: errors name files relative to it.
    Files that end in `.mjml.j2` and `.html.j2` escape what they print, all others are text.
    """

    def __init__(self, folders: Sequence[Path], base: Path) -> None:
        self._shipped = shipped("templates")
        self._folders = (*(folder for folder in folders if folder != self._shipped), self._shipped)
        self._base = base
        self._hashes: dict[Path, tuple[tuple[int, int, int], bytes]] = {}

    def render(self, name: str, /, **context: object) -> str:
        """Fill the template `name` (such as `linkedin/hook.j2`) with `context`.

        Raises TemplateError, which names the template's own file and line and the cure.
        """
        from postroom.render.sandbox import counted_steps

        with counted_steps():
            try:
                return self._template(name).render(context)
            except TemplateError:
                raise
            except (
                Exception
            ) as error:  # whatever a template provokes is the template's fault: told with its line
                raise self._explained(error, name, context) from error

    def names(self, folder: str) -> tuple[str, ...]:
        """List the variants of a folder: `linkedin/hook.j2` is `hook`, `email/article.mjml.j2` is `article`.

        Files that begin with `_`, and folders within, are parts and no variants.
        """
        found = {
            path.name.split(".")[0]
            for root in self._folders
            for path in (root / folder).glob("*.j2")
            if not path.name.startswith("_") and path.name.removesuffix(".j2").partition(".")[2] in _KINDS
        }
        return tuple(sorted(found))

    def find(self, folder: str, variant: str) -> str:
        """Tell the template of a variant; raises TemplateError with the nearest name if there is none."""
        for kind in _KINDS:
            name = ".".join(filter(None, (f"{folder}/{variant}", kind, "j2")))
            if any((root / name).is_file() for root in self._folders):
                return name
        raise self._missing(f"{folder}/{variant}", [f"{folder}/{each}" for each in self.names(folder)])

    def text(self, name: str) -> str:
        """Read a file beside the templates, such as a style sheet, as it stands."""
        path = self.path(name)
        if path is None:
            raise self._missing(name, self._all_names())
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(name, None, f"cannot be read: {error}") from error

    def path(self, name: str) -> Path | None:
        """Tell which file `name` means: the first folder's that has it."""
        return next((root / name for root in self._folders if (root / name).is_file()), None)

    def shown(self, name: str) -> str:
        """Name a template for people: relative to the folder of config.yaml, or `templates/…` if shipped."""
        path = self.path(name)
        return self._shown(path) if path else f"templates/{name}"

    def digest(self) -> str:
        """Hash every template file. Files that look unchanged (size, time, inode) are not read again."""
        whole = hashlib.sha256()
        for root in self._folders:
            for path in sorted(each for each in root.rglob("*") if each.is_file()):
                whole.update(str(path.relative_to(root)).encode() + b"\0" + self._hash(path))
            whole.update(b"\n")
        return whole.hexdigest()

    def whence(self, name: str, line: str) -> tuple[str, int | None]:
        """Tell which template, `name` or one that it includes, wrote a line, and where: by its words."""
        best: tuple[tuple[bool, int], str, int | None] = ((False, MIN_LIKENESS), name, None)
        for part in self._parts(name):
            for number, written in enumerate(self.text(part).splitlines(), 1):
                best = max(
                    best, (_likeness(written.strip(), line.strip()), part, number), key=lambda each: each[0]
                )
        return best[1], best[2]

    def _parts(self, name: str) -> list[str]:
        """List a template and all that it includes by name."""
        found = [name]
        for part in found:
            path = self.path(part)
            names = _INCLUDE.findall(path.read_text("utf-8", "replace")) if path else []
            found += [each for each in names if each not in found and self.path(each)]
        return found

    def error(self, name: str, line: int | None, message: str) -> TemplateError:
        """Make the error that tells what is wrong with the template `name`."""
        return _template_error(self.shown(name), line, message)

    @cached_property
    def _environment(self) -> Sandbox:
        from jinja2 import FileSystemLoader

        from postroom.render.sandbox import Sandbox

        return Sandbox(FileSystemLoader(self._folders), lambda name: bool(name and name.endswith(_ESCAPED)))

    def _template(self, name: str) -> Template:
        from jinja2 import TemplateNotFound

        try:
            return self._environment.get_template(name)
        except TemplateNotFound as error:
            raise self._missing(name, self._all_names()) from error

    def _all_names(self) -> list[str]:
        return sorted(
            path.relative_to(root).as_posix()
            for root in self._folders
            for path in root.rglob("*")
            if path.is_file()
        )

    def _missing(self, name: str, known: Sequence[str]) -> TemplateError:
        from postroom.render.sandbox import suggestion

        message = f"there is no template {name!r}{suggestion(name, known)}"
        return _template_error(f"templates/{name}", None, message)

    def _explained(self, error: Exception, name: str, context: dict[str, object]) -> TemplateError:
        from jinja2 import TemplateNotFound, TemplateSyntaxError

        if isinstance(error, TemplateSyntaxError):
            place = Path(error.filename) if error.filename else self.path(name)
            return _template_error(
                self._shown(place), error.lineno, f"{error.message}. Correct the template's syntax"
            )
        place, line = self._place(error.__traceback__)
        file = self._shown(place) if place else self.shown(name)
        if isinstance(error, TemplateNotFound):
            return _template_error(
                file, line, self._missing(str(error.name), self._all_names()).finding.message
            )
        return _template_error(file, line, _reason(error, context))

    def _place(self, trace: TracebackType | None) -> tuple[Path | None, int | None]:
        """Find the innermost template line that a traceback passed."""
        place: tuple[Path | None, int | None] = (None, None)
        for frame, line in walk_tb(trace):
            path = Path(frame.f_code.co_filename)
            if any(path.is_relative_to(root) for root in self._folders):
                place = (path, line)
        return place

    def _shown(self, path: Path | None) -> str:
        if path is None:
            return "templates"
        if path.is_relative_to(self._shipped):
            return f"templates/{path.relative_to(self._shipped).as_posix()}"
        return path.relative_to(self._base).as_posix() if path.is_relative_to(self._base) else path.as_posix()

    def _hash(self, path: Path) -> bytes:
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        known = self._hashes.get(path)
        if known is None or known[0] != stamp:
            known = self._hashes[path] = (stamp, hashlib.sha256(path.read_bytes()).digest())
        return known[1]


def _likeness(written: str, line: str) -> tuple[bool, int]:
    """Tell how well a template's line explains a rendered one: wholly or its beginning, and by how many characters."""
    fixed = _EXPRESSION.split(written)
    size = sum(map(len, fixed))
    found = re.match(".*".join(map(re.escape, fixed)), line) if size > MIN_LIKENESS else None
    return bool(found and found.end() == len(line)), size if found else 0


def _template_error(file: str, line: int | None, message: str) -> TemplateError:
    return TemplateError(
        Finding(rule="template", severity=Severity.ERROR, file=file, line=line, message=message)
    )


def _reason(error: Exception, context: dict[str, object]) -> str:
    """Say in a sentence, with its cure, why a template failed."""
    from jinja2 import UndefinedError
    from jinja2.exceptions import SecurityError

    from postroom.render.sandbox import MAX_STEPS, EndlessTemplateError, suggestion

    match error:
        case UndefinedError():
            undefined = _UNDEFINED.match(str(error))
            name = undefined.group(1) if undefined else ""
            hint = suggestion(name, context) if name else ""
            return f"{error}{hint or '. Use a name that this template is given'}"
        case EndlessTemplateError() | RecursionError():
            return f"does not end: over {MAX_STEPS:,} steps, or it calls itself. Shorten its loops"
        case SecurityError():
            said = str(error).rstrip(".")
            return f"{said}. Templates may only read values, not change them or reach behind them"
        case UnicodeDecodeError():
            return "is not UTF-8 text. Save it as UTF-8"
    return f"{type(error).__name__}: {error}. Correct what this line does with its values"
