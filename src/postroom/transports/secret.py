"""Secrets in settings: kept as the reference an editor wrote, read only when a transport opens."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from postroom.errors import TransportError

_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")
_FILE: Final = "file:"


class Secret(SecretStr):
    """A setting whose value nobody sees: neither `repr` nor a dump shows it.

    It holds the text of config.yaml, which is a reference such as `${SMTP_PASSWORD}` or
    `file:secrets/smtp` (or, though unwise, the secret itself).
    """

    @property
    def reference(self) -> str:
        """The text as written; hand it to a `reader` to get the secret."""
        return self.get_secret_value()


def reader(environ: Mapping[str, str], base: Path) -> Callable[[str], str]:
    """Make the function that turns a reference into the secret.

    `${NAME}` is looked up in `environ`, as often as it occurs; `file:PATH` is the text of a file,
    relative to `base`, without its last line end; any other text is itself. What was looked up is
    not expanded again. The function raises TransportError, with the cure, for what is missing.
    """

    def read(reference: str) -> str:
        if reference.startswith(_FILE):
            return _text_of(base / reference.removeprefix(_FILE).strip())
        return _REFERENCE.sub(lambda match: _value_of(match[1], environ), reference)

    return read


def _value_of(name: str, environ: Mapping[str, str]) -> str:
    if value := environ.get(name):
        return value
    fault = "is empty" if name in environ else "is not set"
    raise TransportError(f"the environment variable {name} {fault}; set it before you start Postroom")


def _text_of(file: Path) -> str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would be waited for, a device read without end
            raise TransportError(f"the secret file {file} is a folder, a pipe or a device; name a plain file")
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no UTF-8 text"
        raise TransportError(f"the secret file {file} cannot be read: {why}") from error
    if secret := text.removesuffix("\n").removesuffix("\r"):
        return secret
    raise TransportError(f"the secret file {file} is empty; write the secret into it")
