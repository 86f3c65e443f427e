"""People from other places: files of any form that is known → members and rejections, a row at a time.

Nothing here writes but `rejects`. A later step puts members on a list; it sees no file.
"""

from postroom.audience.imports.files import Counts, count, members
from postroom.audience.imports.rejects import rejects

__all__ = ["Counts", "count", "members", "rejects"]
