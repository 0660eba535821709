"""What a NATS client promises, whichever server is behind it.

The in-process server speaks the real wire protocol, so one client talks to both, and these
promises hold for both; the conformance suite checks them.

NoResponders (503), OperationTimeout (504), ResourceUnavailable (503) and BufferFull (503) say why a
request has no answer; RemoteError (502) and InvalidPayload (502) say what is wrong with one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from fastnfurious.core.errors import FastNFuriousError, ResourceUnavailable
from fastnfurious.nats.reply import Reply

__all__ = [
    "ERROR_CODE_HEADER",
    "ERROR_HEADER",
    "BufferFull",
    "InvalidPayload",
    "InvalidSubject",
    "Message",
    "MessageTooLarge",
    "Messenger",
    "NoResponders",
    "RemoteError",
]

ERROR_HEADER = "Nats-Service-Error"
"""The header of a reply that says that, and why, a request failed.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
"""

ERROR_CODE_HEADER = "Nats-Service-Error-Code"
"""The header of a reply with the number of the error."""


class NoResponders(ResourceUnavailable):
    """Say that nobody listens for a request; it was not handled, so it can be sent again."""


class BufferFull(ResourceUnavailable):
    """Say that the server is away, and that no more publications fit into the memory for them."""


class InvalidSubject(FastNFuriousError, ValueError):
    """Say that a subject is empty, has empty parts, blanks, or wildcards in the wrong place."""


class MessageTooLarge(FastNFuriousError, ValueError):
    """Say that a message is larger than the server takes."""


class InvalidPayload(FastNFuriousError, ValueError):
    """Say that what was sent or received does not have the shape that was agreed on."""

    status: ClassVar[int] = 502


class RemoteError(FastNFuriousError, RuntimeError):
    """Say that the service that answered a typed request could not do what it was asked.

    Attributes:
        code: Number that the service gave.
    """

    status: ClassVar[int] = 502

    def __init__(self, message: str, code: int = 500) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[RemoteError], tuple[str, int]]:
        """Survive the way between processes with the code."""
        return type(self), (str(self), self.code)


@dataclass(frozen=True, slots=True)
class Message:
    """Hold one message as it was received.

    Attributes:
        subject: Where it was published.
        data: The payload.
        headers: Its headers; of those with the same name, the last.
        reply: Where the sender waits for an answer; empty if it does not.
    """

    subject: str
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""


class Messenger(Protocol):
    """Publish and ask; what a function needs that is handed a client."""

    async def publish(
        self,
        subject: str,
        payload: Any = b"",
        *,
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message to all who listen; nobody confirms it.

        While the server is away, messages wait for it in a bounded memory.

        Raises:
            BufferFull: The server is away, and that memory is full.
            InvalidSubject: No message can have that subject.
            InvalidPayload: The payload cannot be encoded.
            MessageTooLarge: The server does not take messages of that size.
        """
        ...

    async def request_json(
        self,
        subject: str,
        payload: Any = None,
        *,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask, and return the answer, be it a value or an error of the service.

        Raises:
            NoResponders: Nobody listens.
            OperationTimeout: No answer came in time.
            ResourceUnavailable: The connection is lost.
            InvalidPayload: The answer is not JSON.
        """
        ...
