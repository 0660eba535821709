"""What happens when the server goes away, and when it returns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol

import pytest

from fastnfurious.core.errors import FastNFuriousError, OperationTimeout, ResourceUnavailable
from fastnfurious.core.health import HealthStatus
from fastnfurious.nats import BufferFull, EmbeddedServer, NatsClient
from servers.plugin import Backing
from tests.conformance.nats.conftest import WAYS, find_program, make_client, require
from tests.conformance.nats.wire import Wire


class Server(Protocol):
    """A server that can be killed and started again on the same port."""

    @property
    def url(self) -> str:
        """Return its address."""
        ...

    async def start(self) -> None:
        """Start it."""
        ...

    async def stop(self) -> None:
        """Kill it."""
        ...


class RealServer:
    """Run a nats-server on a port that stays the same.

    Args:
        options: Further arguments of the program.
    """

    url = ""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._program = str(find_program())
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self.url:
            probe = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
            self.url = f"nats://127.0.0.1:{probe.sockets[0].getsockname()[1]}"
            probe.close()
            await probe.wait_closed()
        self._process = await asyncio.create_subprocess_exec(
            self._program,
            *("-a", "127.0.0.1", "-p", self.url.rpartition(":")[2], *self._options),
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(20):
            while not await self._answers():
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Kill it."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _answers(self) -> bool:
        try:
            async with Wire(self.url) as wire:
                return await wire.settle() == b""
        except (OSError, ValueError):
            return False


@pytest.fixture(params=WAYS)
async def server(
    request: pytest.FixtureRequest, backing: Backing, anyio_backend: object
) -> AsyncIterator[Server]:
    """Return each server in turn, running."""
    require(backing, request.param)
    server: Server = EmbeddedServer() if request.param == "embedded" else RealServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[NatsClient]:
    """Return a client that answers its own requests."""
    async with make_client(server.url) as client:

        @client.subscribe("double")
        async def double(number: int) -> int:
            return number * 2

        await client.flush()
        yield client


async def away(client: NatsClient) -> None:
    """Wait until a client knows that its server is away."""
    async with asyncio.timeout(5):
        while (await client.link()).connected:
            await asyncio.sleep(0.005)


async def recovered(client: NatsClient) -> float:
    """Wait until a request is answered again; return the seconds that it took."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await client.request("double", 4, response=int) == 8
                return loop.time() - started
            except ResourceUnavailable:
                await asyncio.sleep(0.01)


async def test_everything_works_again_when_the_server_returns(
    server: Server, client: NatsClient
) -> None:
    """Requests and subscriptions alike, however often it happens."""
    for _ in range(3):
        await server.stop()
        await away(client)
        assert (await client.check()).status is HealthStatus.FAIL
        await server.start()
        await recovered(client)
        assert (await client.check()).status is HealthStatus.PASS


async def test_no_request_is_left_without_an_answer_or_an_error(
    server: Server, client: NatsClient
) -> None:
    """While the server is killed and started again, again and again."""
    answers, errors = list[int](), list[Exception]()
    stopped = False

    async def ask() -> None:
        while not stopped:
            try:
                answers.append(await client.request("double", 1, response=int, timeout=5))
            except FastNFuriousError as error:
                errors.append(error)
                await asyncio.sleep(0.005)

    asking = [asyncio.create_task(ask()) for _ in range(10)]
    for _ in range(3):
        await asyncio.sleep(0.1)
        await server.stop()
        await away(client)
        await server.start()
        await recovered(client)
    stopped = True
    await asyncio.gather(*asking)
    assert set(answers) == {2}
    assert all(isinstance(error, ResourceUnavailable) for error in errors)


async def test_a_request_whose_answer_went_down_fails_at_once(
    server: Server, client: NatsClient
) -> None:
    """It does not wait for the time limit."""

    @client.subscribe("never")
    async def never(data: bytes) -> None:
        """Listen only."""

    await client.flush()
    asking = asyncio.create_task(client.request_json("never", timeout=30))
    await client.flush()
    await server.stop()
    async with asyncio.timeout(5):
        with pytest.raises(ResourceUnavailable, match="connection was lost before the reply"):
            await asking


async def test_what_is_published_meanwhile_arrives_later(
    server: Server, client: NatsClient
) -> None:
    """In order."""
    got = asyncio.Queue[int]()

    @client.subscribe("n")
    async def take(number: int) -> None:
        got.put_nowait(number)

    await client.flush()
    await server.stop()
    await away(client)
    for number in range(20):
        await client.publish("n", number)
    await server.start()
    async with asyncio.timeout(5):
        assert [await got.get() for _ in range(20)] == list(range(20))


async def test_what_waits_is_bounded(server: Server) -> None:
    """Beyond the bound a publication is an error, not a surprise."""
    async with make_client(server.url, pending_bytes=100) as client:
        await server.stop()
        await away(client)
        await client.publish("n", b"x" * 60)
        with pytest.raises(BufferFull, match="NATS_PENDING_BYTES allows 100"):
            await client.publish("n", b"x" * 60)


async def test_closing_while_the_server_is_away_does_not_hang(
    server: Server, client: NatsClient
) -> None:
    """And raises nothing."""
    await server.stop()
    await away(client)
    async with asyncio.timeout(2):
        await client.aclose()


async def test_a_subscription_made_meanwhile_begins_with_the_return(
    server: Server, client: NatsClient
) -> None:
    """Nothing has to be done again."""
    await server.stop()
    await away(client)

    @client.subscribe("later")
    async def later(number: int) -> int:
        return number

    await server.start()
    await recovered(client)
    assert await client.request("later", 5, response=int) == 5


async def test_a_loss_is_noticed_while_much_waits_to_be_sent(
    server: Server, client: NatsClient
) -> None:
    """The driver fails over what is waiting, and then tells nobody that it has closed."""
    stopped = False

    async def publish() -> None:
        while not stopped:
            try:
                await client.publish("n", b"x" * 10_000)
            except ResourceUnavailable:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)

    publishing = [asyncio.create_task(publish()) for _ in range(5)]
    for _ in range(5):
        await asyncio.sleep(0.1)
        await server.stop()
        await away(client)
        await server.start()
        await recovered(client)
    stopped = True
    await asyncio.gather(*publishing)


async def test_a_server_that_does_not_read_delays_nobody_for_ever(anyio_backend: object) -> None:
    """Time limits hold, and what it does not take within some seconds of closing is lost."""
    deaf, done = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.10.0","max_payload":1048576}\r\n')
        while not deaf.is_set():
            if b"PING" in await reader.readline():
                writer.write(b"PONG\r\n")
        await done.wait()
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        client = make_client(f"nats://127.0.0.1:{port}")
        await client.open()
        await client.flush()
        deaf.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                for _ in range(100):
                    await client.publish("n", b"x" * 500_000)
        with pytest.raises(OperationTimeout):
            await client.request_json("n", b"x" * 500_000, timeout=0.5)
        async with asyncio.timeout(10):
            await client.aclose()
        done.set()
