"""Keep a folder of articles read: each tick reads only what has changed and has stopped changing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from postroom.articles.identity import shown_path
from postroom.articles.loading import Loaded, load
from postroom.articles.notes import Notes
from postroom.articles.rules import ArticleRules
from postroom.articles.scanning import Signature, Survey, signature, survey
from postroom.model import Finding, Severity

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look at the folder gave.

    `loaded` is sorted by file. `changed` names the files read anew since the last reading, `gone`
    those that are no longer there, `unsettled` those that still change (of which `loaded` may hold
    the last good state).
    """

    loaded: tuple[Loaded, ...]
    changed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    unsettled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sighting:
    """When an unread state of a file was first seen."""

    signature: Signature
    since: datetime


class Shelf:
    """The articles of one folder, kept from reading to reading.

    A file is read when its last change is `rules.settle` ago, or (for clocks that disagree) when
    it has looked the same for as long. A folder that cannot be looked at loses nothing: its
    articles are left out of the reading, but are not `gone`, and are there again when it is.
    """

    def __init__(self, rules: ArticleRules) -> None:
        self._rules = rules
        self._signatures: dict[str, Signature] = {}
        self._loaded: dict[str, Loaded] = {}
        self._sightings: dict[str, _Sighting] = {}
        self._special: tuple[dict[str, str], list[str]] = ({}, [])
        self._shown: tuple[Loaded, ...] | None = None

    def read(self, now: datetime, *, progress: Callable[[int, int], None] | None = None) -> Reading:
        """Look at the folder and read what is new. `progress` is told (files read, files to read)."""
        found = survey(self._rules.folder)
        changed, unsettled = self._read_new(found, now, progress)
        gone = self._forget(found)
        special = (found.faults, found.strays)
        if changed or gone or self._shown is None or special != self._special:
            self._special = special
            self._shown = self._arranged(found)
        return Reading(
            loaded=self._shown,
            changed=frozenset(self._loaded[path].file for path in changed),
            gone=frozenset(gone),
            unsettled=tuple(sorted(self._file(path) for path in unsettled)),
        )

    def _read_new(
        self, found: Survey, now: datetime, progress: Callable[[int, int], None] | None
    ) -> tuple[list[str], list[str]]:
        known = self._signatures.get
        fresh = [path for path, seen in found.files.items() if known(path) != seen]
        self._sightings = {path: self._sighting(path, found.files[path], now) for path in fresh}
        settled = [path for path in fresh if self._is_settled(self._sightings[path], now)]
        changed = []
        for count, path in enumerate(settled, 1):
            if self._take(path, found.files[path]):
                changed.append(path)
            if progress is not None:
                progress(count, len(settled))
        return changed, list(self._sightings)

    def _sighting(self, path: str, seen: Signature, now: datetime) -> _Sighting:
        before = self._sightings.get(path)
        return before if before is not None and before.signature == seen else _Sighting(seen, now)

    def _is_settled(self, sighting: _Sighting, now: datetime) -> bool:
        settle = self._rules.settle
        if settle <= _NOTHING or now - sighting.since >= settle:
            return True
        return now.timestamp() - sighting.signature[0] / 1e9 >= settle.total_seconds()

    def _take(self, path: str, seen: Signature) -> bool:
        """Read one file. What changed while it was read waits for the next reading."""
        loaded = load(Path(path), self._rules)
        try:
            if signature(path) != seen:
                return False
        except OSError:
            return False
        self._loaded[path], self._signatures[path] = loaded, seen
        del self._sightings[path]
        return True

    def _forget(self, found: Survey) -> list[str]:
        """Drop files that are no longer there; give their names."""
        missing = self._signatures.keys() - found.files.keys()
        gone = [path for path in missing if not _is_below(path, found.faults)]
        for path in gone:
            del self._signatures[path]
        return [self._loaded.pop(path).file for path in gone]

    def _arranged(self, found: Survey) -> tuple[Loaded, ...]:
        """Sort what can be seen, with a finding for each pair of twins and each fault."""
        seen = [loaded for path, loaded in self._loaded.items() if path in found.files]
        faults = [self._fault(path, reason) for path, reason in found.faults.items()]
        strays = [_stray(self._file(path)) for path in found.strays]
        return tuple(sorted((*_with_twins_named(seen), *faults, *strays), key=lambda loaded: loaded.file))

    def _fault(self, path: str, reason: str) -> Loaded:
        """Tell why a path cannot be looked at; of the whole folder, at the setting that names it."""
        file, rules = self._file(path), self._rules
        is_all = path == os.fspath(rules.folder)
        named, line = rules.named_at if is_all else (file, None)
        what, check = (f"articles.folder: {file} ", "the name") if is_all else ("", "`articles.folder`")
        finding = Finding(
            rule="unreadable",
            severity=Severity.ERROR,
            file=named,
            line=line,
            message=f"{what}cannot be read ({reason}); check {check}, and the permissions",
        )
        return Loaded(file=file, article=None, findings=(finding,), is_folder=is_all)

    def _file(self, path: str) -> str:
        return shown_path(path, self._rules.base)


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def _stray(file: str) -> Loaded:
    notes = Notes(file)
    notes.warning(
        "link-outside", "a link that leads out of the articles folder is not read; copy the file", None
    )
    return Loaded(file=file, article=None, findings=tuple(notes.findings))


def _with_twins_named(shelf: Iterable[Loaded]) -> list[Loaded]:
    """Add an error to each article whose id another has, too: which of them is meant cannot be told."""
    files: dict[str, list[str]] = {}
    for loaded in shelf:
        if loaded.article is not None:
            files.setdefault(loaded.article.id, []).append(loaded.file)
    twins = {name: sorted(same) for name, same in files.items() if len(same) > 1}
    return [_twin(loaded, twins) if twins else loaded for loaded in shelf]


def _twin(loaded: Loaded, twins: Mapping[str, list[str]]) -> Loaded:
    article = loaded.article
    if article is None or article.id not in twins:
        return loaded
    others = " and ".join(file for file in twins[article.id] if file != loaded.file)
    line = article.lines.get("id") or article.lines.get("slug") or 1
    message = f"the id `{article.id}` is that of {others}, too; give one of them an `id` of its own"
    finding = Finding(
        rule="duplicate-id", severity=Severity.ERROR, file=loaded.file, line=line, message=message
    )
    return replace(loaded, findings=(*loaded.findings, finding))
