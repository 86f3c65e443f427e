"""How Postroom's public pages look: values in, HTML or a feed out.

Nothing here knows the ledger, a request or the clock. Whoever answers a request hands in a `Site` and the
page's own values, and sends what comes back with `HEADERS`, or `PERSONAL` where a page is one person's.
All values are data: whatever stands in a name or a title is escaped, and set apart from the text around it.
"""

from postroom.web.public.archive import Paging, Ways, archive
from postroom.web.public.choosing import Doors, Person, erase, erased, preferences
from postroom.web.public.feeds import Feed, atom, json_feed, tag_of
from postroom.web.public.fields import EMAIL, LANGUAGE, LIST, NAME, STAMP, TRAP, Fault
from postroom.web.public.headers import FOR_GOOD, HEADERS, PERSONAL, POLICY, web_view_headers
from postroom.web.public.joining import SignUp, confirm, confirmed, sign_up, sign_up_sent, snippet
from postroom.web.public.notices import STATUS, Notice, message
from postroom.web.public.parting import Parting, leave, left
from postroom.web.public.published import Published
from postroom.web.public.site import Choice, Site
from postroom.web.public.theme import style_name, stylesheet
from postroom.web.public.voice import language_of
from postroom.web.public.webview import WebView, summary, view_headers, web_view

__all__ = [
    "EMAIL",
    "FOR_GOOD",
    "HEADERS",
    "LANGUAGE",
    "LIST",
    "NAME",
    "PERSONAL",
    "POLICY",
    "STAMP",
    "STATUS",
    "TRAP",
    "Choice",
    "Doors",
    "Fault",
    "Feed",
    "Notice",
    "Paging",
    "Parting",
    "Person",
    "Published",
    "SignUp",
    "Site",
    "Ways",
    "WebView",
    "archive",
    "atom",
    "confirm",
    "confirmed",
    "erase",
    "erased",
    "json_feed",
    "language_of",
    "leave",
    "left",
    "message",
    "preferences",
    "sign_up",
    "sign_up_sent",
    "snippet",
    "style_name",
    "stylesheet",
    "summary",
    "tag_of",
    "view_headers",
    "web_view",
    "web_view_headers",
]
