"""The people an email channel is for: a CSV file that editors keep, read one row at a time.

Nothing here holds more than one row, so a file of a million takes no more memory than one of ten.
"""

from postroom.audience.distinct import Distinct
from postroom.audience.encoding import findings
from postroom.audience.export import write
from postroom.audience.reading import Rejection, columns, count, digest, rows
from postroom.audience.segment import chosen, traits_of

__all__ = [
    "Distinct",
    "Rejection",
    "chosen",
    "columns",
    "count",
    "digest",
    "findings",
    "rows",
    "traits_of",
    "write",
]
