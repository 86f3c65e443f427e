"""A project opened for work: its settings, its shelf of articles and its templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from postroom.articles import ArticleRules, Shelf
from postroom.config import Config
from postroom.render import Templates
from postroom.shipped import shipped

CACHE = ".postroom"
"""The project's own folder beside config.yaml, for what can be made again (images)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One config.yaml and what stays warm between two looks at its files."""

    config: Config
    shelf: Shelf
    templates: Templates

    @property
    def cache(self) -> Path:
        """The folder of images made ready."""
        return self.config.base / CACHE / "images"


def open_project(config: Config, *, settle: bool = False) -> Project:
    """Open the project of a valid config; reads no article yet.

    With `settle` a file is left alone until it has stopped changing, as anything that publishes
    must; who only looks wants what was saved a moment ago.
    """
    settings = config.articles
    rules = ArticleRules(
        folder=settings.folder,
        base=config.base,
        timezone=config.publication.timezone,
        publish_time=settings.publish_time,
        url=settings.url,
        aliases=settings.aliases,
        settle=settings.settle if settle else timedelta(0),
        named_at=(config.path.name, settings.folder_line),
    )
    templates = Templates([config.templates, shipped("templates")], config.base)
    return Project(config=config, shelf=Shelf(rules), templates=templates)
