"""See in Markdown what readers see as text: code and comments are blanked out, positions stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

# The forms of code, each with a sign that it must hold. Each runs to the end of the text if it is never
# closed (as CommonMark 0.31.2, sections 4.5 and 4.6, has it for fences and comments), so that no input makes
# the search quadratic. A code span (section 6.1) is looked for in 2,000 characters of one paragraph at most.
_FENCE = r"""^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*\n
             (?s:.*?)(?:^[ \t>]*(?P=fence)[`~]*[ \t]*$|\Z)"""
_COMMENT = r"<!--(?s:.*?)(?:-->|\Z)"
_ELEMENT = r"<(?P<tag>pre|code|kbd|samp)\b(?s:.*?)(?:</(?P=tag)\s*>|\Z)"
# Its look behind comes second, so that the search can jump from one back-tick to the next.
_SPAN = r"""(?P<ticks>`(?<!``)(?<!\\`)`*+)
            (?:[^`\n]|\n(?![ \t]*\n)|(?!(?P=ticks)(?!`))`++){1,2000}?(?P=ticks)(?!`)"""
_FORMS = (
    ("```", _FENCE),
    ("~~~", _FENCE),
    ("<!--", _COMMENT),
    ("<pre", _ELEMENT),
    ("<code", _ELEMENT),
    ("<kbd", _ELEMENT),
    ("<samp", _ELEMENT),
    ("`", _SPAN),
)
_INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)(?: {4}|\t)[ \t]*\S")
_LIST_ITEM = re.compile(r"\s{0,3}(?:[-*+]|\d{1,9}[.)])\s|\[\^")
_NOT_NEW_LINE = re.compile(r"[^\n]")


def prose(body: str) -> str:
    """Blank out code (fenced, indented, spans, `<pre>` and its like) and HTML comments.

    The result has the same length and lines as `body`, so that positions found in it are true.
    """
    forms = tuple(dict.fromkeys(form for sign, form in _FORMS if sign in body))
    if forms:
        body = _any_of(forms).sub(_blank, body)
    if ("    " in body or "\t" in body) and _INDENTED.search(body):
        body = "\n".join(_without_indented_code(body.split("\n")))
    return body


@cache
def _any_of(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(forms), re.VERBOSE | re.MULTILINE)


def _blank(match: re.Match[str]) -> str:
    return _NOT_NEW_LINE.sub(" ", match[0])


def _without_indented_code(lines: list[str]) -> Iterator[str]:
    """Blank out lines indented by four after a blank one, except within lists and footnotes."""
    may_begin, in_code, in_list = True, False, False
    for line in lines:
        is_indented = line.startswith(("    ", "\t")) and line.strip() != ""
        in_code = is_indented and not in_list and (may_begin or in_code)
        yield " " * len(line) if in_code else line
        if not line.strip():
            may_begin = True
            continue
        may_begin = False
        if not is_indented:
            in_list = _LIST_ITEM.match(line) is not None or (in_list and line[0] in " \t")
