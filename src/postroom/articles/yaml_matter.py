"""Read YAML front matter without YAML 1.1's surprises: no dates, no sexagesimals, no yes and no.

Only PyYAML's parser and composer are used (libyaml's, 20 times as fast, where PyYAML has it); nodes
become text here. Nothing of YAML's object construction is reachable from an article.
"""

from __future__ import annotations

from typing import Any

import yaml

from postroom.articles.matter import MAX_DEPTH, MAX_VALUES, Matter, MatterError, Plain, Value

# Any: PyYAML chooses its loader when it is imported, and the stubs know only the slow one.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNTAGGED = "!untagged"
_TEXT_TAGS = frozenset((_UNTAGGED, "!", "tag:yaml.org,2002:str"))
_OPEN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp"))
_KNOWN_TAGS = _TEXT_TAGS | _OPEN_TAGS | {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


class _Composer(_Parser):  # type: ignore[misc]  # its base is chosen at run time, see above
    """Composes nodes; guesses no types and goes only so deep."""

    _depth = 0

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        """Give every node without a tag the same one: its type is nobody's business yet."""
        return _UNTAGGED

    def descend_resolver(self, parent: yaml.Node | None, index: object) -> None:
        """Count the levels on the way down."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            line = parent.start_mark.line if parent else 0
            raise MatterError(f"lists and mappings are nested more than {MAX_DEPTH} deep", line)

    def ascend_resolver(self) -> None:
        """Count them on the way up."""
        self._depth -= 1


def read_yaml(text: str) -> Matter:
    """Read a YAML mapping. Raises MatterError, `repairable` where only the syntax is wrong."""
    root = _composed(text)
    if root is None:
        return Matter()
    if not isinstance(root, yaml.MappingNode):
        raise MatterError(
            "front matter must be lines of the form `key: value`", root.start_mark.line, repairable=True
        )
    reader = _Reader()
    matter = Matter(reader.mapping(root).items())
    matter.lines = {key.value: key.start_mark.line for key, _ in root.value}
    return matter


def _composed(text: str) -> yaml.Node | None:
    composer = None
    try:
        composer = _Composer(text)
        node: yaml.Node | None = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise MatterError(problem, mark.line if mark else 0, repairable=True) from error
    except yaml.YAMLError as error:
        raise MatterError("characters that YAML does not allow", 0) from error
    finally:
        if composer is not None:
            composer.dispose()
    return node


class _Reader:
    """Turns nodes into values, counting them."""

    def __init__(self) -> None:
        self._count = 0
        self._line = 0
        self._open: set[int] = set()

    def value(self, node: yaml.Node) -> Value:
        self._count += 1
        if self._count > MAX_VALUES:
            raise MatterError(f"more than {MAX_VALUES:,} values", self._line)
        if node.tag not in _KNOWN_TAGS:
            raise MatterError(f"the tag `{node.tag}` is not read here", node.start_mark.line, repairable=True)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise MatterError("an alias that holds itself", node.start_mark.line)
        self._open.add(id(node))
        read = (
            self.mapping(node)
            if isinstance(node, yaml.MappingNode)
            else [self.value(item) for item in node.value]
        )
        self._open.discard(id(node))
        return read

    def mapping(self, node: yaml.MappingNode) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        for key, value in node.value:
            line = key.start_mark.line
            # An alias stands where its anchor is: only the keys of the root tell how far one has come.
            self._line = self._line if self._open else line
            if not isinstance(key, yaml.ScalarNode):
                raise MatterError("a key must be one word or name", line, repairable=True)
            if key.value in entries:
                raise MatterError(f"the key `{key.value}` is given twice; keep one", line)
            entries[key.value] = self.value(value)
        return entries


def _scalar(node: yaml.ScalarNode) -> str:
    written_plain = not node.style and node.tag not in _TEXT_TAGS - {_UNTAGGED}
    text: str = node.value
    return Plain(text) if written_plain or node.tag in _OPEN_TAGS else text
