"""Read articles: Markdown files with front matter in any common dialect become `Article`s and findings."""

from postroom.articles.loading import Loaded, load, read_body
from postroom.articles.names import KEYS
from postroom.articles.rules import ArticleRules
from postroom.articles.shelf import Reading, Shelf

__all__ = ["KEYS", "ArticleRules", "Loaded", "Reading", "Shelf", "load", "read_body"]
