"""What a transport is: everything that the outbox's worker asks of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field

from postroom.model import Deferred, Email, Message, Outcome, Post, Prepared
from postroom.transports.fields import Domain, Span, Speed


class TransportSettings(BaseModel):
    """What every transport's `Settings` inherits: unknown keys are refused, nothing changes later.

    Validate with the context `{"base": Path}`, the folder that relative paths start from. Give an
    example in `json_schema_extra`: the contract test opens it, and editors see it.

    `rate` is the most to send, None for no limit. `domain_rate` is the most to each domain of
    recipients; `domains` names those with a rate of their own, which counts instead. `window` is how
    many deliveries may be begun and not yet answered, so also the most that a crash can repeat.
    `connections` is how many transports to open side by side. `give_up_after` counts from when the
    first attempt at a delivery began.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rate: Speed | None = None
    domain_rate: Speed | None = None
    domains: dict[Domain, Speed] = Field(
        default={}, json_schema_extra={"examples": [{"gmail.com": "5 per second"}]}
    )
    window: int = Field(default=32, ge=1, le=1000)
    connections: int = Field(default=1, ge=1, le=64)
    give_up_after: Span = timedelta(hours=48)

    @property
    def server(self) -> tuple[str, int] | None:
        """The host and the port that it talks to; None where it talks to none that one could try."""
        return None


class Transport(Protocol):
    """One open line to a carrier. Used by one thread at a time; open several for more at once.

    `kind` is its name in config.yaml. `accepts` says what it can carry. `rehearsal`: nothing it
    does reaches anybody. `idempotent`: sending a message twice leaves one. `prepares`: `prepare` does
    something; where it does not, nobody need call it. `limits` names the carrier's own limits
    (`{"characters": 3000}`).
    """

    kind: ClassVar[str]
    accepts: ClassVar[frozenset[type[Email] | type[Post]]]
    rehearsal: ClassVar[bool]
    idempotent: ClassVar[bool]
    prepares: ClassVar[bool]
    limits: ClassVar[Mapping[str, int]]
    Settings: ClassVar[type[TransportSettings]]

    def __init__(self, settings: Any, secrets: Callable[[str], str]) -> None:
        """Keep the settings, open nothing. `settings` is an instance of this class's `Settings`.

        `secrets` expands references such as `${NAME}`; it raises TransportError with the cure.
        """

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared | Deferred:
        """Do what may be repeated without anybody seeing it: upload, wait for processing.

        `progress` is what an earlier call remembered for this delivery; empty at first.
        """

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Send each message, once; yield one outcome for each that was pulled, in their order.

        Pulls a message when it can be started, perhaps before the outcome of the one before it is
        known. So `messages` may take its time to make one, but where none is at hand it must end, not
        wait: what is in hand may go out only when the next is known, or that there is none. The line
        is kept for the next call.

        Never raises for what the other side does. What may have gone out is `Unknown`. Whenever
        control is the caller's (at a yield, or when `messages` raised, which is passed on), nothing
        that counts has gone out of what was pulled and has no outcome; closing the iterator there
        leaves it so.

        After a fault of the transport's own that the next message would meet too, the rest of this
        call gets the same outcome untried; a caller that sees such a scope should offer no more.
        """

    def close(self) -> None:
        """Let go of the line. May be called twice, or before anything was sent."""
