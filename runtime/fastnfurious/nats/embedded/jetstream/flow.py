"""Flow control: how much is sent before the client has to say that it keeps up.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-9.md
"""

from __future__ import annotations

from fastnfurious.core.identifiers import new_identifier

__all__ = ["FLOW", "FlowControl"]

FLOW = "$JS.FC."
_MOST = 32 * 1024 * 1024


class FlowControl:
    """Count the bytes on their way to a client, beginning with a small window.

    Args:
        stream: Name of the stream.
        consumer: Name of the consumer.

    Attributes:
        asked: Subject on which the client is to answer; empty when it is not asked.
    """

    def __init__(self, stream: str, consumer: str) -> None:
        self._prefix = f"{FLOW}{stream}.{consumer}."
        self._window = _MOST // 16
        self._sent = 0
        self._covered = 0
        self.asked = ""

    @property
    def stalled(self) -> bool:
        """Return whether to wait for the client."""
        return self._sent > self._window

    def note_sent(self, size: int) -> bool:
        """Count a message; return whether the client is to be asked now."""
        self._sent += size
        if self.asked or self._sent <= self._window // 2:
            return False
        self.asked = self._prefix + new_identifier()[-8:]
        self._covered = self._sent
        return True

    def note_answer(self, subject: str) -> bool:
        """Go on when the client has answered; return whether it was the answer."""
        if not self.asked or subject != self.asked:
            return False
        self._window = min(self._window * 2, _MOST)
        self._sent = max(0, self._sent - self._covered)
        self.asked, self._covered = "", 0
        return True
