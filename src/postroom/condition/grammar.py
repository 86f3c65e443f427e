"""Reads the text of a condition; the grammar stands in the package's docstring."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from postroom.condition.meaning import Condition, Has, Is, Joined, Not, Part, Present, Value
from postroom.errors import ConditionError

MAX_DEPTH = 50
"""Parentheses and `not`s inside each other: far above what a person writes, far below Python's stack."""

_KEYWORDS = ("and", "or", "not", "is", "has", "in", "true", "false", "null")
_CONSTANTS: Mapping[str, Value] = {"true": True, "false": False, "null": None}
_FOREIGN = (
    ({"=", "==", "===", "equals"}, "is"),
    ({"!=", "<>"}, "is not"),
    ({"&", "&&"}, "and"),
    ({"|", "||"}, "or"),
    ({"!"}, "not"),
    ({"contains", "includes"}, "has"),
)
_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?![\w.]))
    |(?P<word>[^\W\d][\w-]*(?:\.[\w-]+)*)
    |(?P<mark>[(),])
    |(?P<stray>[=!<>&|]+|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    @property
    def keyword(self) -> str:
        """The keyword or mark this token stands for, or nothing."""
        folded = self.text.casefold()
        return folded if self.kind in {"word", "mark"} and folded in {*_KEYWORDS, *"(),"} else ""


def parse(text: str) -> Condition:
    """Read a condition.

    Raises ConditionError (what was expected, what was found, the nearest keyword) and nothing else.
    """
    return Condition(text, _Parser(text).whole())


class _Parser:
    """Recursive descent over the tokens; one method a rule of the grammar above."""

    def __init__(self, text: str) -> None:
        found = (_Token(str(m.lastgroup), m.group(), m.start()) for m in _TOKEN.finditer(text))
        self._tokens = [token for token in found if token.kind != "blank"]
        self._tokens.append(_Token("end", "", len(text)))
        self._next = 0
        self._depth = 0

    def whole(self) -> Part:
        part = self._condition()
        if self._token.kind != "end":
            raise self._expected("`and`, `or` or the end")
        return part

    def _condition(self) -> Part:
        return self._joined("or", self._both)

    def _both(self) -> Part:
        return self._joined("and", self._denied)

    def _joined(self, word: str, read: Callable[[], Part]) -> Part:
        parts = [read()]
        while self._take(word):
            parts.append(read())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _denied(self) -> Part:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"more than {MAX_DEPTH} levels inside each other", self._token.position)
        if self._take("not"):
            part: Part = Not(self._denied())
        elif self._take("("):
            part = self._condition()
            self._require(")")
        else:
            part = self._claim()
        self._depth -= 1
        return part

    def _claim(self) -> Part:
        if self._token.kind != "word" or self._token.keyword:
            raise self._expected("a name such as `tags`, `not` or `(`")
        name = self._advance().text
        if self._take("is"):
            return Not(Is(name, (self._value(),))) if self._take("not") else Is(name, (self._value(),))
        if self._take("has"):
            return Has(name, self._value())
        if self._take("in"):
            return Is(name, self._values())
        if self._take("not"):
            self._require("in")
            return Not(Is(name, self._values()))
        return self._bare(name)

    def _bare(self, name: str) -> Part:
        if self._token.kind == "end" or self._token.keyword in {"and", "or", ")"}:
            return Present(name)
        raise self._expected(f"`is`, `has` or `in` after `{name}`")

    def _values(self) -> tuple[Value, ...]:
        self._require("(")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._require(")")
        return tuple(values)

    def _value(self) -> Value:
        token = self._token
        if token.kind not in {"text", "number"} and token.keyword not in _CONSTANTS:
            raise self._expected("text in quotes, a number, `true`, `false` or `null`")
        self._advance()
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
        return float(token.text) if token.kind == "number" else _CONSTANTS[token.keyword]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _take(self, keyword: str) -> bool:
        taken = self._token.keyword == keyword
        self._next += taken
        return taken

    def _require(self, keyword: str) -> None:
        if not self._take(keyword):
            raise self._expected(f"`{keyword}`")

    def _expected(self, what: str) -> ConditionError:
        message = f"expected {what}, found {self._token.text or 'the end'}"
        return ConditionError(message + _hint(self._token, what), self._token.position)


def _hint(token: _Token, expected: str) -> str:
    if token.text in {'"', "'"}:
        return "; this quote is never closed"
    if token.kind == "word" and expected.startswith("text"):
        return f'; write "{token.text}" in quotes'
    meant = _meant(token.text.casefold())
    return f'; did you mean "{meant}"?' if meant else ""


def _meant(word: str) -> str | None:
    """Find the operator that a word stands for in other languages, or that it misspells."""
    foreign = [operator for words, operator in _FOREIGN if word in words]
    close = get_close_matches(word, ("and", "or", "not", "is", "has", "in"), n=1)
    return next((found for found in (*foreign, *close) if found != word), None)
