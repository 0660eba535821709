"""Asking, and handling messages: ``app.nats``, plain nats-py, and FastStream."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from faststream.nats import NatsBroker  # type: ignore[import-not-found]
from nats import connect
from nats.aio.client import Client
from nats.aio.msg import Msg
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from pydantic import BaseModel, TypeAdapter

from benchmarks.integrations.answerer import ASK, FLOOD
from benchmarks.integrations.contest import Contest, Work, at_once, lasting, one_by_one
from fastnfurious import FastNFuriousAPI
from fastnfurious.core.context import request_id
from fastnfurious.nats import NatsClient

__all__ = ["contests"]

PLAIN, PEER = "nats-py", "FastStream"
QUESTION = {"resource_id": 7, "colour": "red"}
LIMIT = 5.0
AIM = 0.85
BODIES = (1, 50)


class Thing(BaseModel):
    """What the answerer answers."""

    resource_id: int
    name: str
    price: float
    tags: list[str]


THING = TypeAdapter(Thing)


@asynccontextmanager
async def contests() -> AsyncIterator[list[Contest]]:
    """Open one client of each kind on the server that ``NATS_URL`` names."""
    url = os.environ["NATS_URL"]
    app = FastNFuriousAPI(title="Benchmark")
    async with (
        _answerer(url),
        app.router.lifespan_context(app),
        lasting(driver := await connect(url), driver.close),
        lasting(NatsBroker(url, logger=None), lambda: broker.stop()) as broker,
    ):
        handling = [await _handling(app.nats, driver, broker, count) for count in (1, 16)]
        await broker.start()
        yield [*_asking(app.nats, driver, broker), _asking_in_request(app.nats, driver), *handling]


@asynccontextmanager
async def _answerer(url: str) -> AsyncIterator[None]:
    """Run the answerer for the length of the block."""
    program = ("-m", "benchmarks.integrations.answerer", url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 20)
        yield
    finally:
        process.kill()
        await process.wait()


def _asking(ours: NatsClient, driver: Client, broker: Any) -> list[Contest]:
    async def ours_json() -> None:
        reply = await ours.request_json(ASK, QUESTION, timeout=LIMIT)
        assert reply.value["resource_id"] == 7

    async def ours_typed() -> None:
        thing = await ours.request(ASK, QUESTION, response=Thing, timeout=LIMIT)
        assert thing.resource_id == 7

    async def plain_json() -> None:
        answer = await driver.request(ASK, orjson.dumps(QUESTION), LIMIT)
        assert orjson.loads(answer.data)["resource_id"] == 7

    async def plain_typed() -> None:
        answer = await driver.request(ASK, orjson.dumps(QUESTION), LIMIT)
        assert THING.validate_json(answer.data).resource_id == 7

    async def peer_json() -> None:
        answer = await broker.request(QUESTION, ASK, timeout=LIMIT)
        assert (await answer.decode())["resource_id"] == 7

    everybody = {"ours": ours_json, PLAIN: plain_json, PEER: peer_json}
    typed = {"ours": ours_typed, PLAIN: plain_typed}
    return [
        *[_contest("request_json", everybody, count) for count in (1, 50)],
        *[_contest("request, typed answer", typed, count) for count in (1, 50)],
    ]


def _contest(
    what: str, pieces: Mapping[str, Callable[[], Awaitable[None]]], concurrency: int
) -> Contest:
    if concurrency == 1:
        works = {name: one_by_one(piece) for name, piece in pieces.items()}
        return Contest(f"{what}, one by one", works, {PLAIN: AIM})
    works = {name: at_once(concurrency, piece) for name, piece in pieces.items()}
    return Contest(f"{what}, {concurrency} at once", works, {PLAIN: AIM}, batch=concurrency)


def _asking_in_request(ours: NatsClient, driver: Client) -> Contest:
    """Return the contest in which a trace and a request id travel along, as from an endpoint."""
    parent = NonRecordingSpan(SpanContext(2**127 + 1, 2**63 + 1, False, TraceFlags(0)))
    headers = {"traceparent": f"00-{2**127 + 1:032x}-{2**63 + 1:016x}-00", "X-Request-Id": "7d1f"}

    async def ours_json() -> None:
        reply = await ours.request_json(ASK, QUESTION, timeout=LIMIT)
        assert reply.value["resource_id"] == 7

    async def plain_json() -> None:
        answer = await driver.request(ASK, orjson.dumps(QUESTION), LIMIT, headers=headers)
        assert orjson.loads(answer.data)["resource_id"] == 7

    async def within_request(count: int) -> None:
        token = request_id.set("7d1f")
        try:
            with trace.use_span(parent):
                await one_by_one(ours_json)(count)
        finally:
            request_id.reset(token)

    works = {"ours": within_request, PLAIN: one_by_one(plain_json)}
    return Contest("request_json in a request, with its headers", works)


async def _handling(ours: NatsClient, driver: Client, broker: Any, concurrency: int) -> Contest:
    """Return the contest of the handlers: each takes as many messages as it asked for."""
    counting = {name: _Counter(driver) for name in ("ours", PLAIN, PEER)}

    def subject(name: str) -> str:
        return f"bench.handled.{concurrency}.{name}"

    async def take_ours(thing: dict[str, Any]) -> None:
        counting["ours"].count(thing)

    async def take_plain(message: Msg) -> None:
        counting[PLAIN].count(orjson.loads(message.data))

    async def take_peer(thing: dict[str, Any]) -> None:
        counting[PEER].count(thing)

    ours.subscribe(subject("ours"), concurrency=concurrency)(take_ours)
    await ours.flush()
    await driver.subscribe(subject(PLAIN), cb=take_plain)
    await driver.flush()
    options: dict[str, Any] = {} if concurrency == 1 else {"max_workers": concurrency}
    broker.subscriber(subject(PEER), **options)(take_peer)
    works: dict[str, Work] = {
        name: counter.work(subject(name)) for name, counter in counting.items()
    }
    what = "one after the other" if concurrency == 1 else f"{concurrency} at once"
    return Contest(f"messages handled, {what}", works)


class _Counter:
    """Ask for messages, and wait until they have been handled."""

    def __init__(self, driver: Client) -> None:
        self._driver = driver
        self._missing = 0
        self._done = asyncio.Event()

    def count(self, thing: dict[str, Any]) -> None:
        """Count a message that has been handled."""
        assert thing["resource_id"] == 7
        self._missing -= 1
        if self._missing == 0:
            self._done.set()

    def work(self, subject: str) -> Work:
        """Return the work of handling messages of a subject."""

        async def handle(count: int) -> None:
            self._missing = count
            self._done.clear()
            await self._driver.publish(FLOOD, f"{subject} {count}".encode())
            await asyncio.wait_for(self._done.wait(), 60)

        return handle
