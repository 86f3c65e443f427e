"""What providers tell by HTTP: one module each, all with `read(body, headers, settings, now)`.

`read` gives the feedback of an event, () for one that is none of our business, a `Confirmation` that somebody
has to act on, or `Rejected` with the reason; it raises nothing, whatever the body. `body` are the bytes as they
came in; `headers` are those of the request, in any case (of a mapping that holds a name twice, `items()` has to
show both, as Starlette's does).
"""

from postroom.feedback.webhooks.answers import Confirmation, Reading, Rejected

__all__ = ["Confirmation", "Reading", "Rejected"]
