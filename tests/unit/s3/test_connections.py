"""Connections are lent, waited for and given back, whatever happens to their users."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from fastnfurious.core.errors import ResourceUnavailable
from fastnfurious.s3.connections import Connections


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Return two connections, for which nobody waits long."""
    lent = Connections(2, patience=0.05)
    yield lent
    lent.close()


async def until_free(connections: Connections) -> None:
    """Wait until all connections are back."""
    async with asyncio.timeout(5):
        while connections.in_use:
            await asyncio.sleep(0.001)


async def test_no_more_are_lent_than_there_are(connections: Connections) -> None:
    """Who waits too long learns what to change; afterwards the next one gets its turn."""
    async with connections.lent(), connections.lent():
        with pytest.raises(ResourceUnavailable, match="raise S3_CONNECTIONS"):
            await connections.take()
    async with connections.lent() as lease:
        assert await lease.run(lambda: 1) == 1
    assert connections.in_use == 0


async def test_a_cancelled_call_keeps_its_connection_until_it_ends(
    connections: Connections,
) -> None:
    """A thread goes on after its caller has left, and what it brings is discarded."""
    go, begun = threading.Event(), threading.Event()
    discarded: list[str] = []

    def slow() -> str:
        begun.set()
        assert go.wait(5)
        return "response"

    async def call() -> None:
        async with connections.lent() as lease:
            await lease.run(slow, discarded.append)

    task = asyncio.create_task(call())
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (connections.in_use, discarded) == (1, [])
    go.set()
    await until_free(connections)
    assert discarded == ["response"]


async def test_a_lease_is_cleaned_up_when_no_thread_uses_it(connections: Connections) -> None:
    """Closing what another thread reads from would break both."""
    go, begun = threading.Event(), threading.Event()
    order: list[str] = []

    def slow() -> None:
        begun.set()
        assert go.wait(5)
        order.append("read")

    lease = await connections.take()
    task = asyncio.create_task(lease.run(slow))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    lease.give_back(lambda: order.append("closed"))
    lease.give_back(lambda: order.append("closed twice"))
    go.set()
    await until_free(connections)
    assert order == ["read", "closed"]


async def test_a_closed_client_says_so(connections: Connections) -> None:
    """A call after the end is no crash."""
    connections.close()
    async with connections.lent() as lease:
        with pytest.raises(ResourceUnavailable, match="not running"):
            await lease.run(lambda: 1)
