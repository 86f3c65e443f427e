"""The preview studio: every mail and post as it will go out, on this machine only.

It reads from a `Source`, which the shell implements over the pipeline, and changes nothing.
"""

from postroom.web.studio.routes import app
from postroom.web.studio.source import Entry, Sheet, Source

__all__ = ["Entry", "Sheet", "Source", "app"]
