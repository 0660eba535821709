"""Closing a listening socket without resetting a connection that the kernel has accepted.

A connection is complete as soon as the kernel has shaken hands, before the process accepts it; it
waits in the backlog, and its client may have sent a request already. Closing the socket resets
everything that waits. So new handshakes are turned away first, then the backlog is emptied, and
only then is the socket closed.
"""

from __future__ import annotations

import asyncio
import ctypes
import select
import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["has_input", "refuse_new", "wait_emptied"]

_SO_ATTACH_FILTER = 26
"""From <asm-generic/socket.h>; the socket module does not name it."""

_HANDSHAKE = 0.1
"""Seconds that a client may take for the last step of a handshake that has begun."""


def _instruction(code: int, k: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, jump_true, jump_false, k)


_DROP_FIRST_PACKETS = b"".join(
    [
        _instruction(0x30, 13),  # load byte 13 of the TCP header: the flags
        _instruction(0x54, 0x12),  # keep SYN and ACK
        _instruction(0x15, 0x02, 0, 1),  # SYN without ACK: a new handshake
        _instruction(0x06, 0),  # drop
        _instruction(0x06, 0xFFFFFFFF),  # take
    ]
)


def refuse_new(listener: socket.socket) -> None:
    """Let no new connection into the backlog; those in it stay, and handshakes begun may finish.

    On Linux a socket filter drops the first packet of every new handshake, so that nothing can
    slip in between the last ``accept`` and ``close``. A client that meets the filter tries again
    by itself and is then refused. A Unix socket loses its path. Elsewhere there is no such means,
    and a connection that arrives within microseconds of the end can be reset.

    *Source:* https://docs.kernel.org/networking/filter.html (``SO_ATTACH_FILTER``).
    """
    if listener.family == getattr(socket, "AF_UNIX", None):
        Path(listener.getsockname()).unlink(missing_ok=True)
        return
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(_DROP_FIRST_PACKETS)
    # struct sock_fprog: the number of instructions, then a pointer to them.
    attached = struct.pack("HP", len(_DROP_FIRST_PACKETS) // 8, ctypes.addressof(program))
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, attached)


def has_input(descriptor: int) -> bool:
    """Return whether a socket has unread bytes, or a listening socket a waiting connection."""
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))


async def wait_emptied(listeners: Iterable[socket.socket], *, timeout: float) -> None:
    """Wait until the event loop has accepted every connection that waits or is being made.

    Args:
        listeners: Listening sockets that the running event loop serves.
        timeout: Seconds after which to give up: without a filter, new ones may come for ever.
    """
    descriptors = [listener.fileno() for listener in listeners]
    loop = asyncio.get_running_loop()
    started = empty_since = loop.time()
    while loop.time() - empty_since < _HANDSHAKE and loop.time() - started < timeout:
        if any(map(has_input, descriptors)):
            empty_since = loop.time()
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(0.005)
    while any(map(has_input, descriptors)) and loop.time() - started < timeout:
        await asyncio.sleep(0)
