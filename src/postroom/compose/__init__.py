"""Turn an edition and a delivery into the message that a transport is handed: pure, byte for byte.

message       names, keys, and which part of what
letter        a mail: its headers in order, its envelope
header        text and names as a header holds them; the check that no header was smuggled in
body          text and html as lines that every server passes on
merge         what a recipient's fields stand for
unsubscribe   the way out
"""

from postroom.compose.letter import Keys
from postroom.compose.message import compose, parts_of

__all__ = ["Keys", "compose", "parts_of"]
