"""Binding addresses: what can go wrong says what to do."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from unittest import mock

import pytest

from fastnfurious.cli.listeners import PortTaken, bind, bind_management, bind_port, bind_uds, url
from fastnfurious.cli.port_owner import port_owner
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.settings import FastNFuriousSettings


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port_zero_chooses_a_free_port() -> None:
    """The address tells which port was chosen."""
    with closing(bind(ServerSettings(port=0))[0]) as listener:
        assert url(listener, "http") == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_every_address_of_a_host_gets_the_same_port() -> None:
    """A name with several addresses is one port on all of them."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(closing(found)) for found in bind_port("localhost", 0)]
        assert len({listener.getsockname()[1] for listener in listeners}) == 1


def test_an_ipv6_address_is_written_in_brackets() -> None:
    """The URL of an IPv6 listener can be opened."""
    listener = mock.Mock(getsockname=lambda: ("::1", 8000, 0, 0))
    assert url(listener, "https") == "https://[::1]:8000"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the process")
def test_a_port_in_use_names_who_uses_it(taken: int) -> None:
    """The message names the process, the setting and the option."""
    with pytest.raises(PortTaken) as caught:
        bind_port("127.0.0.1", taken)
    message = str(caught.value)
    assert f"Port {taken} on 127.0.0.1 is in use by process {os.getpid()} (" in message
    assert "choose another port with --port (or PORT)" in message


def test_the_owner_of_a_free_port_is_nobody() -> None:
    """A port that nothing listens on has no owner."""
    with closing(bind_port("127.0.0.1", 0)[0]) as bound:
        assert port_owner(bound.getsockname()[1]) is None


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "Port 80 may only be used by the administrator: choose a port from 1024"),
        (errno.EADDRNOTAVAIL, "The address '127.0.0.1' is not one of this machine"),
        (errno.ENETDOWN, "Cannot listen on 127.0.0.1:80: network is down"),
        (errno.EADDRINUSE, "Port 80 on 127.0.0.1 is in use"),
    ],
)
def test_each_fault_of_the_system_says_what_to_do(number: int, message: str) -> None:
    """The operating system's number becomes a sentence."""
    refusal = OSError(number, os.strerror(number))
    with mock.patch("socket.socket.bind", side_effect=refusal), pytest.raises(PortTaken) as caught:
        bind_port("127.0.0.1", 80)
    assert message in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "1.2.3.4.5"])
def test_a_host_without_address_is_named(host: str) -> None:
    """A host that cannot be resolved is refused with what can be used."""
    with pytest.raises(PortTaken, match="has no address: correct --host"):
        bind_port(host, 0)


def test_the_management_port_has_its_own_setting(taken: int) -> None:
    """Its fault names its variable, which is no option."""
    server = ServerSettings()
    assert bind_management(FastNFuriousSettings(), server) == []
    with pytest.raises(PortTaken, match="another port with MANAGEMENT_PORT"):
        bind_management(FastNFuriousSettings(management_port=taken), server)
    with pytest.raises(PortTaken, match="MANAGEMENT_PORT and PORT are both 8000"):
        bind_management(FastNFuriousSettings(management_port=8000), server)


def test_a_unix_socket_can_be_used_by_a_proxy(tmp_path: Path) -> None:
    """Everybody may connect; the folder decides who can."""
    path = tmp_path / "s"
    with closing(bind(ServerSettings(uds=path))[0]) as listener:
        assert url(listener, "http") == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_a_unix_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    """A socket that nobody listens on does not stop the next start."""
    path = tmp_path / "s"
    bind_uds(path).close()
    bind_uds(path).close()


def test_a_unix_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    """A socket that another process listens on is not taken away from it."""
    path = tmp_path / "s"
    with closing(bind_uds(path)) as listener:
        listener.listen()
        with pytest.raises(PortTaken, match=f"Another process listens on {path}"):
            bind_uds(path)
        assert path.exists()


def test_a_wrong_socket_path_says_why(tmp_path: Path) -> None:
    """A path that is too long, has no folder or names something else is refused."""
    (tmp_path / "file").touch()
    with pytest.raises(PortTaken, match="is 12[0-9]* bytes long|bytes long: choose"):
        bind_uds(tmp_path / ("x" * 120))
    with pytest.raises(PortTaken, match="folder .*none of the socket does not exist"):
        bind_uds(Path("none/s"))
    with pytest.raises(PortTaken, match="file exists and is not a socket"):
        bind_uds(Path("file"))
    assert (tmp_path / "file").exists()


def test_a_folder_that_cannot_be_written_says_so() -> None:
    """The system's reason is part of the message."""
    refusal = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with mock.patch("socket.socket.bind", side_effect=refusal):
        with pytest.raises(PortTaken, match="Cannot listen on s: permission denied"):
            bind_uds(Path("s"))
