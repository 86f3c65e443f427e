"""Read front matter that is almost YAML, one key at a time, and say what each line should have been.

One file in five of a real feed is not valid YAML, most often for a bare apostrophe within single
quotes. Each key that YAML can read by itself is left to YAML; the others are read as they look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from postroom.articles.matter import Matter, MatterError, Plain, Value
from postroom.articles.names import is_known
from postroom.articles.yaml_matter import read_yaml

_KEY = re.compile(r"""([^\W\d][\w.-]*(?:[ ][\w.-]+){0,3}|"[^"]+"|'[^']+')[ \t]*:(?:[ \t]+(.*)|[ \t]*$)""")
_TIGHT_KEY = re.compile(r"([A-Za-z]\w*):(?!//)(\S.*)")
_ITEM = re.compile(r"[ \t]*-(?:[ \t]+(.*)|[ \t]*$)")
# What may stand behind a closing quote without being part of the value.
_AFTER_QUOTE = r"(?:\s+//.*|\s*<!--.*|\s+\#.*|\s*[,;]\s*)?\Z"
_QUOTED = {quote: re.compile(rf"{quote}(.*?){quote}\s*{_AFTER_QUOTE}", re.DOTALL) for quote in "'\""}
_ELISION = re.compile(r"'(?:\d0s|tis|twas|til|em|n|round|cause)\b", re.IGNORECASE)
_ESCAPED_UNITS = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_MAX_LEVELS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A line that was not YAML. `line` counts from 0 within the front matter; `corrected` is what
    should stand there.
    """

    line: int
    corrected: str


@dataclass(slots=True)
class _Chunk:
    """A key, what stands behind it, and the lines that belong to it."""

    line: int
    key: str
    value: str
    rest: list[str] = field(default_factory=list)
    odd: bool = False

    @property
    def text(self) -> str:
        return "\n".join((f"{self.key}: {self.value}", *self.rest, ""))

    @property
    def is_open(self) -> bool:
        """Whether its quotation goes on behind its first line."""
        quote = self.value[:1]
        return quote in ("'", '"') and not self.value.rstrip().endswith(quote, 1)


def read_by_line(text: str) -> tuple[Matter, list[Repair]]:
    """Read `key: value` lines whose values need not be valid YAML.

    Raises MatterError where a line cannot be understood, or a key stands twice.
    """
    return _read(text.split("\n"), 0, 1)


def _read(lines: Sequence[str], offset: int, level: int) -> tuple[Matter, list[Repair]]:
    matter, repairs = Matter(), list[Repair]()
    for chunk in _chunks(lines, offset):
        key = chunk.key.strip("\"'")
        if key in matter:
            raise MatterError(f"the key `{key}` is given twice; keep one", chunk.line)
        value, mended = _value(chunk, key, level)
        if chunk.odd and not any(repair.line == chunk.line for repair in mended):
            mended.insert(0, Repair(line=chunk.line, corrected=f"{key}: {chunk.value}".rstrip()))
        matter[key] = value
        matter.lines[key] = chunk.line
        repairs += mended
    return matter, repairs


def _chunks(lines: Sequence[str], offset: int) -> Iterator[_Chunk]:
    chunk: _Chunk | None = None
    for number, line in enumerate(lines, offset):
        opened = _opened(line, number, chunk)
        if opened is not None:
            if chunk is not None:
                yield chunk
            chunk = opened
        elif chunk is not None and _belongs(line, chunk):
            chunk.rest.append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            raise MatterError(f"`{line.strip()[:60]}` is not of the form `key: value`", number)
    if chunk is not None:
        yield chunk


def _opened(line: str, number: int, before: _Chunk | None) -> _Chunk | None:
    """Open a chunk if this line begins a key: at the margin, or wrongly indented."""
    if match := _KEY.match(line):
        return _Chunk(number, match[1], match[2] or "")
    if (match := _TIGHT_KEY.match(line)) and is_known(match[1]):
        return _Chunk(number, match[1], match[2], odd=True)
    match = _KEY.match(line.lstrip())
    if match is None or line[:1] not in " \t":
        return None
    is_stray = before is None or (is_known(match[1]) and bool(before.value) and before.value[0] not in "|>")
    return _Chunk(number, match[1], match[2] or "", odd=True) if is_stray else None


def _belongs(line: str, chunk: _Chunk) -> bool:
    return (
        not line.strip()
        or line[0] in " \t"
        or (not chunk.value and _ITEM.match(line) is not None)
        or chunk.is_open
    )


def _value(chunk: _Chunk, key: str, level: int) -> tuple[Value, list[Repair]]:
    try:
        return next(iter(read_yaml(chunk.text).values())), []
    except MatterError as error:
        if not error.repairable:
            raise MatterError(str(error), chunk.line + error.line) from error
    while chunk.rest and not chunk.rest[-1].strip():
        chunk.rest.pop()
    if chunk.value[:1] in ("|", ">"):
        return _block(chunk, key)
    if not chunk.value and chunk.rest:
        return _items(chunk) if _ITEM.match(chunk.rest[0]) else _nested(chunk, level)
    return _inline(chunk, key)


def _inline(chunk: _Chunk, key: str) -> tuple[Value, list[Repair]]:
    """Read a value on its key's line, perhaps with lines that go on with it."""
    text = " ".join(part.strip() for part in (chunk.value, *chunk.rest) if part.strip())
    if text[0] == "[" and text[-1] == "]":
        items = [as_it_looks(item) for item in text[1:-1].split(",") if item.strip()]
        return [*items], [Repair(line=chunk.line, corrected=f"{key}: [{', '.join(map(quoted, items))}]")]
    if text[0] == "{" and text[1:2] != "{" and text[-1] == "}":
        raise MatterError(
            f"the value of `{key}` is not a valid mapping; put each part on a line of its own", chunk.line
        )
    value = as_it_looks(text)
    return value, [Repair(line=chunk.line, corrected=f"{key}: {quoted(value)}")]


def _items(chunk: _Chunk) -> tuple[Value, list[Repair]]:
    """Read a list of one-line items."""
    values, repairs = list[Value](), list[Repair]()
    for number, line in enumerate(chunk.rest, chunk.line + 1):
        item = _ITEM.match(line)
        if item is None and line.strip():
            raise MatterError(f"`{line.strip()[:60]}` is not of the form `- item`", number)
        if item is None:
            continue
        text = item[1] or ""
        try:
            values += read_yaml(f"item: {text}").values()
        except MatterError:
            values.append(value := as_it_looks(text))
            indent = line[: len(line) - len(line.lstrip())].replace("\t", "  ")
            repairs.append(Repair(line=number, corrected=f"{indent}- {quoted(value)}"))
    return values, repairs


def _nested(chunk: _Chunk, level: int) -> tuple[Value, list[Repair]]:
    """Read a mapping below a key, with the same leniency."""
    lines = [line.expandtabs(2) for line in chunk.rest]
    depth = len(lines[0]) - len(lines[0].lstrip())
    if level > _MAX_LEVELS or any(line[:depth].strip() for line in lines):
        raise MatterError("lines that are not YAML; check their indentation", chunk.line)
    matter, repairs = _read([line[depth:] for line in lines], chunk.line + 1, level + 1)
    indented = [Repair(line=repair.line, corrected=" " * depth + repair.corrected) for repair in repairs]
    if any("\t" in line for line in chunk.rest) and not indented:
        indented = [Repair(line=chunk.line + 1, corrected=lines[0])]
    return dict(matter), indented


def _block(chunk: _Chunk, key: str) -> tuple[Value, list[Repair]]:
    """Read a block scalar whose indentation YAML refuses."""
    lines = [line.strip() for line in chunk.rest]
    text = ("\n" if chunk.value[0] == "|" else " ").join(lines)
    return text, [Repair(line=chunk.line, corrected=f"{key}: {quoted(text)}")]


def as_it_looks(text: str) -> str:
    """Read one value by its looks: outer quotes and what follows them go, escapes are resolved.

    Without outer quotes it is Plain. `'AI' is here` keeps its quotes: they are part of the text.
    """
    text = text.strip()
    quote = text[:1]
    if quote not in _QUOTED:
        return Plain(re.sub(r"\s#\s.*", "", text))
    if match := _QUOTED[quote].match(text):
        return _unescaped(match[1], quote)
    is_unclosed = text.count(quote) == 1 and not _ELISION.match(text)
    return _unescaped(text[1:], quote) if is_unclosed else Plain(text)


def _unescaped(text: str, quote: str) -> str:
    """Resolve the escapes that people and generators write, JSON's pairs of units among them."""
    if quote == '"':
        text = _ESCAPED_UNITS.sub(_characters, text)
    text = text.replace("\\'", "'").replace('\\"', '"')
    return text.replace("''", "'") if quote == "'" else text.replace("\\\\", "\\")


def _characters(match: re.Match[str]) -> str:
    units = bytes.fromhex(match[0].replace("\\u", ""))
    return units.decode("utf-16-be", "replace")


def quoted(value: str) -> str:
    """Write a text as valid YAML on one line, in the quotes that need no escapes where possible."""
    if "\n" in value or ("'" in value and '"' in value):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if "'" in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"
