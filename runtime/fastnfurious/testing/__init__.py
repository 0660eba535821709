"""What tests of a service stand on: clients, a live server, and doubles for time and ids.

Installing ``fastnfurious[testing]`` also gives pytest the fixtures of
`fastnfurious.testing.plugin`.

Example:
    >>> from fastnfurious.testing import FrozenClock
    >>> clock = FrozenClock()
    >>> clock.advance(90)
    >>> clock.now().isoformat()
    '2030-01-01T00:01:30+00:00'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from starlette.testclient import TestClient as TestClient

    from fastnfurious.testing.async_client import AsyncTestClient as AsyncTestClient
    from fastnfurious.testing.clock import FrozenClock as FrozenClock
    from fastnfurious.testing.identifiers import SequentialIdentifiers as SequentialIdentifiers
    from fastnfurious.testing.live_server import LiveServer as LiveServer
    from fastnfurious.testing.loop_watch import EventLoopBlocked as EventLoopBlocked
    from fastnfurious.testing.loop_watch import LoopWatch as LoopWatch
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "AsyncTestClient": "fastnfurious.testing.async_client",
            "EventLoopBlocked": "fastnfurious.testing.loop_watch",
            "FrozenClock": "fastnfurious.testing.clock",
            "LiveServer": "fastnfurious.testing.live_server",
            "LoopWatch": "fastnfurious.testing.loop_watch",
            "SequentialIdentifiers": "fastnfurious.testing.identifiers",
            "TestClient": "starlette.testclient",
        },
    )
