"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from threading import Lock

__all__ = ["PortChoice", "is_free"]

_STEP = 1000
"""Whole thousands: the next choice of one server is never that of another."""
_HIGHEST = 32_000
"""Above, the system hands out ports to whoever connects."""


class PortChoice:
    """Choose ports, none of them twice, however many threads ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given = set[int]()

    def choose(self, preferred: Sequence[int]) -> tuple[int, ...]:
        """Return the preferred ports, or the next free ones with the same distances.

        Raises:
            OSError: None are left.
        """
        with self._lock:
            for shift in range(0, _HIGHEST - max(preferred), _STEP):
                ports = tuple(port + shift for port in preferred)
                if self._given.isdisjoint(ports) and all(map(is_free, ports)):
                    self._given.update(ports)
                    return ports
        raise OSError(f"no free ports above {min(preferred)}: stop what listens there")


def is_free(port: int) -> bool:
    """Return whether nobody listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
