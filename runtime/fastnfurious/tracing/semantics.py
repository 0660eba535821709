"""What a request's span says: the HTTP semantic conventions, filled from the ASGI scope.

The query string is left out on purpose: it is where tokens and personal data travel.

*Source:* https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.util.types import AnyValue

__all__ = ["KNOWN_METHODS", "request_attributes", "span_name"]

KNOWN_METHODS = frozenset(
    ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")
)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def span_name(scope: Mapping[str, Any]) -> str:
    """Return the first part of the span's name; a method that is made up becomes ``HTTP``."""
    method = scope.get("method", "GET")
    return method if method in KNOWN_METHODS else "HTTP"


def request_attributes(scope: Mapping[str, Any]) -> dict[str, AnyValue]:
    """Return the attributes that are known when a request starts."""
    scheme = scope.get("scheme", "http")
    attributes: dict[str, AnyValue] = {
        "http.request.method": scope.get("method", "GET"),
        "url.path": scope.get("path", "/"),
        "url.scheme": scheme,
        "network.protocol.version": scope.get("http_version", "1.1"),
    }
    if attributes["http.request.method"] not in KNOWN_METHODS:
        attributes["http.request.method_original"] = attributes["http.request.method"]
        attributes["http.request.method"] = "_OTHER"
    if scope.get("type") == "websocket":
        attributes["network.protocol.name"] = "websocket"
    if scope.get("client"):
        attributes["client.address"] = scope["client"][0]
    attributes.update(_server(scope, scheme))
    return attributes


def _server(scope: Mapping[str, Any], scheme: str) -> dict[str, AnyValue]:
    attributes: dict[str, AnyValue] = {}
    host = None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
        elif name == b"user-agent":
            attributes["user_agent.original"] = value.decode("latin-1")
    if host:
        address, port = _split_host(host)
        attributes["server.address"] = address
        attributes["server.port"] = port or _DEFAULT_PORTS.get(scheme, 80)
    elif scope.get("server"):
        attributes["server.address"] = scope["server"][0]
        if scope["server"][1]:
            attributes["server.port"] = scope["server"][1]
    return attributes


def _split_host(host: str) -> tuple[str, int | None]:
    address, colon, port = host.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5:
        return host, None
    return address, int(port)
