"""Serving in this process, and turning every failure into lines and an exit code."""

from __future__ import annotations

import gc
import socket
import traceback
from typing import TYPE_CHECKING

from fastnfurious.cli.exit_codes import ExitCode
from fastnfurious.cli.failures import exit_code, explain
from fastnfurious.cli.launch import Launch
from fastnfurious.cli.output import complain
from fastnfurious.core.errors import FastNFuriousError

if TYPE_CHECKING:
    from fastnfurious.cli.server import Server

__all__ = ["serve"]


def serve(server: Server, sockets: list[socket.socket]) -> int:
    """Serve until a signal; return the exit code."""
    try:
        server.run(sockets)
    except Exception as error:
        return _failed(error, server.launch)
    gc.freeze()  # a worker ends sooner; see `entry`
    return server.exit_code


def _failed(error: Exception, launch: Launch) -> int:
    code = exit_code(error)
    if _first_to_fail(launch):
        if launch.target.debug:
            traceback.print_exception(error)
        lines = explain(error)
        if not isinstance(error, FastNFuriousError):
            lines = [f"The application could not start: {line}" for line in lines]
        complain(launch.target.program, lines)
    return ExitCode.STARTUP if code is ExitCode.FAILED else code


def _first_to_fail(launch: Launch) -> bool:
    if launch.signals is None:
        return True
    first = not launch.signals.failed.is_set()
    launch.signals.failed.set()
    return first
