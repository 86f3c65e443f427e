"""May this article go out on this channel, in this variant, now? If not, why not, and what would help.

Pure: everything it knows is handed in. A decision is told in a sentence that names the setting or
the front matter behind it, with its line, because an editor will act on that sentence.
"""

from postroom.readiness.candidate import Candidate
from postroom.readiness.clearance import clearance
from postroom.readiness.judge import follows_its_file, judge, unselected
from postroom.readiness.moved import Recognised, recognise

__all__ = ["Candidate", "Recognised", "clearance", "follows_its_file", "judge", "recognise", "unselected"]
