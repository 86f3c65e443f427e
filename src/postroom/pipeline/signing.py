"""The DKIM keys of transports: read, and what is wrong with them said with key, transport and line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from postroom.compose import Signer
from postroom.config import Config, TransportSettings
from postroom.errors import SigningError, TransportError
from postroom.model import Finding, Severity

Secrets = Callable[[str], str]

UNFIT: Final = "dkim-key"
"""The rule of a key that is there, and cannot sign."""

MISSING: Final = "dkim-key-missing"
"""The rule of a key that this process cannot get at: another, or another host, may have it."""

_FILE: Final = "file:"


def signers_of(config: Config, entry: TransportSettings, secrets: Secrets) -> tuple[Signer, ...]:
    """Read the keys that sign what goes through a transport; none where it has no `dkim`.

    Raises TransportError for a key that is not there, and SigningError for one that cannot sign.
    """
    signers = []
    for number, each in enumerate(_signings(entry)):
        try:
            signers.append(_signer(each, secrets))
        except (SigningError, TransportError) as error:
            raise type(error)(str(_finding(config, entry, number, error))) from error
    return tuple(signers)


def unusable_keys(config: Config, secrets: Secrets) -> Iterator[Finding]:
    """Find every key that a transport names and cannot be signed with, by the rules UNFIT and MISSING."""
    for entry in config.transports.values():
        for number, each in enumerate(_signings(entry)):
            try:
                _signer(each, secrets)
            except (SigningError, TransportError) as error:
                yield _finding(config, entry, number, error)


def _signings(entry: TransportSettings) -> Any:  # each kind has settings of its own
    return getattr(entry.settings, "dkim", ())


def _signer(signing: Any, secrets: Secrets) -> Signer:
    pem = secrets(signing.key.reference).encode()
    return Signer.from_pem(pem, domain=signing.domain, selector=signing.selector)


def _finding(config: Config, entry: TransportSettings, number: int, error: Exception) -> Finding:
    reference = _signings(entry)[number].key.reference
    key = f"{reference.removeprefix(_FILE).strip()}: " if isinstance(error, SigningError) else ""
    return Finding(
        rule=MISSING if _is_missing(reference, error) else UNFIT,
        severity=Severity.ERROR,
        file=config.path.name,
        line=entry.key_lines[number] if entry.key_lines else entry.line,
        message=f"transports.{entry.name}.dkim: {key}{error}",
    )


def _is_missing(reference: str, error: Exception) -> bool:
    """Say whether a key cannot be got at. A file that is there, and empty or no text, is unfit."""
    if not isinstance(error, TransportError):
        return False
    return not reference.startswith(_FILE) or isinstance(error.__cause__, OSError)
