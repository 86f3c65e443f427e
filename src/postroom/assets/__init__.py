"""Images made ready for mail and posts: each once, named by its content, nothing fetched."""

from postroom.assets.pictures import convert
from postroom.assets.publishing import publish
from postroom.assets.refusal import ImageRefused
from postroom.assets.resolving import Resolved, resolve

__all__ = ["ImageRefused", "Resolved", "convert", "publish", "resolve"]
