"""Images made ready for mail and posts: each once, named by its content, nothing fetched."""

from postroom.assets.publishing import publish
from postroom.assets.resolving import Resolved, resolve

__all__ = ["Resolved", "publish", "resolve"]
