"""Turn an edition and a delivery into the message that a transport is handed: pure, byte for byte.

message       names, keys, and which part of what
letter        a mail: what its recipients share, written once; then each one's headers and envelope
header        text and names as a header holds them; the check that no header was smuggled in
wording       printable text, folds and encoded words
body          plain text and html, and the borders around them
segments      a part cut at its tokens, encoded once, filled for each recipient
encoding      lines that every server passes on as they are
merge         what a recipient's fields stand for
unsubscribe   the way out
dkim          signatures
"""

from postroom.compose.dkim import Signer
from postroom.compose.letter import Keys
from postroom.compose.message import compose, parts_of

__all__ = ["Keys", "Signer", "compose", "parts_of"]
