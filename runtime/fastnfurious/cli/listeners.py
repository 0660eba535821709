"""Sockets to listen on, bound before anything else so that a fault is one readable line."""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastnfurious.cli.port_owner import port_owner
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.errors import StartupError
from fastnfurious.core.settings import FastNFuriousSettings

__all__ = ["PortTaken", "bind", "bind_management", "bind_port", "bind_uds", "url"]

_LONGEST_UDS = 107
"""Longest path of a Unix socket on Linux, in bytes; elsewhere it is a few less."""


class PortTaken(StartupError):
    """Say that an address cannot be listened on, and what to do about it."""


def bind(settings: ServerSettings) -> list[socket.socket]:
    """Bind what the settings name: one Unix socket, or one socket for each address of the host.

    Raises:
        PortTaken: The address is in use, not ours, or not allowed.
    """
    if settings.uds is not None:
        return [bind_uds(settings.uds)]
    return bind_port(settings.host, settings.port)


def bind_port(
    host: str, port: int, *, option: str = "--port (or PORT)", host_option: str = "--host (or HOST)"
) -> list[socket.socket]:
    """Bind a port on every address of a host.

    Args:
        host: Address or name.
        port: Port; 0 chooses a free one, the same for every address.
        option: What to change when the port cannot be had, for the message.
        host_option: What to change when the host cannot be had.

    Raises:
        PortTaken: The address is in use, not ours, or not allowed.
    """
    bound: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port, host_option):
            chosen = bound[0].getsockname()[1] if bound else port
            bound.append(_bind_address(family, (address[0], chosen, *address[2:])))
    except OSError as error:
        for listener in bound:
            listener.close()
        raise PortTaken(_reason(error, host, port, option, host_option)) from error
    return bound


def bind_management(settings: FastNFuriousSettings, server: ServerSettings) -> list[socket.socket]:
    """Bind the management port, if the settings name one.

    Raises:
        PortTaken: The address is in use, not ours, or not allowed; also when it is the public one.
    """
    if settings.management_port is None:
        return []
    if settings.management_port == server.port != 0 and server.uds is None:
        # Binding twice only fails once both listen, and then it names this very process.
        raise PortTaken(f"MANAGEMENT_PORT and PORT are both {server.port}: choose two ports")
    return bind_port(
        settings.management_host,
        settings.management_port,
        option="MANAGEMENT_PORT",
        host_option="MANAGEMENT_HOST",
    )


def bind_uds(path: Path) -> socket.socket:
    """Bind a Unix socket; one that nobody listens on any more is replaced.

    Raises:
        PortTaken: The path is too long, in use, not a socket, or its folder cannot be used.
    """
    _check_uds(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # A proxy in front usually runs as another user; its folder decides who may connect.
        os.chmod(path, 0o666)
    except OSError as error:
        listener.close()
        raise PortTaken(f"Cannot listen on {path}: {_why(error)}; choose another --uds") from error
    listener.setblocking(False)
    return listener


def url(listener: socket.socket, scheme: str) -> str:
    """Return the address of a bound socket, to open in a browser when it is a port.

    Example:
        >>> with socket.create_server(("127.0.0.1", 0)) as server:
        ...     url(server, "http") == f"http://127.0.0.1:{server.getsockname()[1]}"
        True
    """
    address = listener.getsockname()
    if isinstance(address, (str, bytes)):
        return f"unix:{os.fsdecode(address)}"
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    return f"{scheme}://{host}:{address[1]}"


def _addresses(host: str, port: int, option: str) -> list[tuple[int, tuple[Any, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise PortTaken(
            f"The host {host!r} has no address: correct {option}; 127.0.0.1 is this machine "
            "alone, 0.0.0.0 is every network"
        ) from error
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))


def _bind_address(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # A port whose last connections linger can be used again at once.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    listener.set_inheritable(True)
    return listener


def _reason(error: OSError, host: str, port: int, option: str, host_option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        owner = port_owner(port)
        by = f" by {owner}: stop it" if owner else ": stop what uses it"
        return f"Port {port} on {host} is in use{by}, or choose another port with {option}"
    if error.errno == errno.EACCES:
        return (
            f"Port {port} may only be used by the administrator: choose a port from 1024 on "
            f"with {option}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"The address {host!r} is not one of this machine: correct {host_option}"
    return f"Cannot listen on {host}:{port}: {_why(error)}; correct {host_option} or {option}"


def _check_uds(path: Path) -> None:
    if len(os.fsencode(path)) > _LONGEST_UDS:
        raise PortTaken(
            f"The socket path {path} is {len(os.fsencode(path))} bytes long: "
            f"choose one of at most {_LONGEST_UDS} bytes with --uds"
        )
    if not path.parent.is_dir():
        raise PortTaken(f"The folder {path.parent} of the socket does not exist: create it first")
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise PortTaken(f"{path} exists and is not a socket: choose another path with --uds")
        _remove_if_stale(path)


def _remove_if_stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise PortTaken(f"Cannot take over {path}: {_why(error)}") from error
    raise PortTaken(f"Another process listens on {path}: stop it, or choose another --uds")


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
