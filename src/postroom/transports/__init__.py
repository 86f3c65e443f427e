"""The carriers: each module of this package that carries something is a kind, named by its file.

Nothing is imported before it is asked for, and there is no list to edit. A package of somebody else
adds a kind with an entry point of the group `postroom.transports`. How to write one is told in
docs/add-a-transport.md; what it must do, in `postroom.transports.protocol`.
"""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, cast

from postroom.errors import TransportError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

    from postroom.transports.protocol import Transport

__all__ = ["find", "kinds"]

GROUP: Final = "postroom.transports"
"""The group of entry points by which other packages add kinds."""

_NO_KINDS: Final = frozenset({"fields", "protocol", "secret"})


def kinds() -> tuple[str, ...]:
    """Name all kinds of transport that are installed, in alphabetical order. Imports none."""
    return tuple(sorted({*_own_kinds(), *_foreign_kinds().names}))


def find(kind: str) -> type[Transport]:
    """Import the transport class of a kind. Our own kinds cannot be replaced by another package.

    Raises TransportError for an unknown kind, with the nearest known one, and for a module that
    exports no `Transport`.
    """
    if kind in _own_kinds():
        return _exported(importlib.import_module(f"{__name__}.{kind}"), kind)
    for entry in _foreign_kinds().select(name=kind):
        return _exported(entry.load(), kind)
    raise TransportError(f"there is no kind of transport {kind!r}{_nearest(kind)}")


def _own_kinds() -> set[str]:
    names = {module.name for module in pkgutil.iter_modules(__path__)}
    return {name for name in names - _NO_KINDS if not name.startswith("_")}


def _foreign_kinds() -> EntryPoints:
    from importlib.metadata import entry_points  # takes longer than all else here, and --help needs none

    return entry_points(group=GROUP)


def _exported(loaded: object, kind: str) -> type[Transport]:
    """Take the class out of a module; an entry point may also name the class itself."""
    exported = loaded if isinstance(loaded, type) else getattr(loaded, "Transport", None)
    if not isinstance(exported, type):
        raise TransportError(f"the transport {kind!r} exports no class `Transport`")
    return cast("type[Transport]", exported)  # the contract test shows that it is one


def _nearest(kind: str) -> str:
    known = kinds()
    near = get_close_matches(kind, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
