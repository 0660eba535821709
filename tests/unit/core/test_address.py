"""The service's own address is the one that its clients use."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from fastnfurious.core.address import listening_at, service_address
from fastnfurious.core.context import current_exchange


@pytest.mark.parametrize(
    ("scope", "root", "address"),
    [
        ({"scheme": "http", "headers": [(b"host", b"shop:81")]}, "", "http://shop:81"),
        ({"scheme": "https", "headers": [(b"host", b"[::1]:81")]}, "/api/", "https://[::1]:81/api"),
        ({"scheme": "wss", "headers": [(b"x", b"y"), (b"host", b"shop")]}, "", "https://shop"),
        ({"headers": [(b"host", b"shop")]}, "", "http://shop"),
        ({"scheme": "http", "headers": []}, "/api", "http://127.0.0.1:8000"),
    ],
    ids=["port", "proxy", "websocket", "no scheme", "no host"],
)
def test_a_request_tells_the_address(scope: dict[str, Any], root: str, address: str) -> None:
    """As its client has written it, with the path that a proxy strips off."""
    exchange = Mock(scope=scope, root_path=root)
    token = current_exchange.set(exchange)
    assert service_address() == address
    current_exchange.reset(token)


def test_outside_a_request_it_is_where_the_process_listens() -> None:
    """Whoever opens the port says where that is."""
    token = listening_at.set("https://localhost:9000/api")
    assert service_address() == "https://localhost:9000/api"
    listening_at.reset(token)
