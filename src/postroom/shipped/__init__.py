"""The files that travel with Postroom: templates, sample articles and the sample config.yaml."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[2]


def shipped(name: str) -> Path:
    """Locate `templates`, `seeds` or `config.yaml` as shipped.

    A wheel carries them beside this module; a checkout keeps them at its top level.
    """
    installed = _HERE / name
    return installed if installed.exists() else _CHECKOUT / name
