"""Closing a listening socket: who waits is kept, who comes later is refused."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from fastnfurious.cli.backlog import has_input, refuse_new, wait_emptied
from fastnfurious.cli.listeners import bind_uds


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can turn handshakes away")
def test_a_waiting_connection_survives_and_a_new_one_does_not_get_in() -> None:
    """After `refuse_new` a connection in the backlog can be accepted; none is added."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as waiting,
        socket.socket() as late,
    ):
        waiting.sendall(b"hello")
        refuse_new(listener)
        late.settimeout(0.2)
        with pytest.raises(OSError):
            late.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(5) == b"hello"
        assert not has_input(listener.fileno())


def test_a_unix_socket_loses_its_path_but_not_who_waits(tmp_path: Path) -> None:
    """Nobody can connect any more; who has connected is accepted."""
    path = tmp_path / "s"
    with bind_uds(path) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.listen()
        waiting.connect(str(path))
        refuse_new(listener)
        assert not path.exists()
        assert has_input(listener.fileno())
        listener.accept()[0].close()


@pytest.mark.loop_may_block  # the clients connect from the loop's own thread
def test_it_waits_until_the_event_loop_has_accepted_all() -> None:
    """Every connection that waits when the port closes reaches the server."""

    async def serve(count: int) -> int:
        accepted: list[asyncio.StreamWriter] = []
        listener = socket.create_server(("127.0.0.1", 0))
        clients = [socket.create_connection(listener.getsockname()) for _ in range(count)]
        server = await asyncio.start_server(lambda _, w: accepted.append(w), sock=listener)
        refuse_new(listener)
        await wait_emptied([listener], timeout=5)
        server.close()
        # What has been accepted is handed over a moment later, a long one on a busy machine.
        async with asyncio.timeout(5):
            while len(accepted) < count:
                await asyncio.sleep(0.01)
        for client in clients:
            client.close()
        for writer in accepted:
            writer.close()
        return len(accepted)

    assert asyncio.run(serve(50)) == 50


def test_it_gives_up_when_nobody_accepts() -> None:
    """A backlog that is never emptied does not keep the service from stopping."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        asyncio.run(wait_emptied([listener], timeout=0.05))
        assert has_input(listener.fileno())
