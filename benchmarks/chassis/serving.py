"""The program that serves one application: ``python -m benchmarks.chassis.serving bare 60 7``.

Its arguments are the application, the number of routes, and the file descriptor of a socket that
listens. Only what the application itself needs is imported here.
"""

from __future__ import annotations

import socket
import sys

import uvicorn

from benchmarks.chassis.applications import APPLICATIONS, add_routes

__all__ = ["main"]


def main(name: str, routes: str, descriptor: str) -> None:
    """Serve until a signal."""
    app = APPLICATIONS[name]()
    add_routes(app, int(routes))
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        # Ours writes its own access line; bare FastAPI has none.
        access_log=name == "assembled",
        log_config=None,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(descriptor))])


if __name__ == "__main__":
    main(*sys.argv[1:])
