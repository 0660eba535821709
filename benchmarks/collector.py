"""A collector of traces that takes everything and keeps nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["collect"]


class Handler(BaseHTTPRequestHandler):
    """Read a batch of spans and say that all is well."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer an export."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep silent."""


@contextmanager
def collect() -> Iterator[str]:
    """Listen on 127.0.0.1 for the length of the block; give the address for OTLP over HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
