"""A service in a process of its own: served, shared by several, and stopped under load."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fastnfurious.nats import NatsClient, NoResponders
from tests.application.shutdown.process import free_port

FOLDER = Path(__file__).parent
ORDERLY = 0
FORCED = 128 + signal.SIGTERM


@asynccontextmanager
async def deployed(
    url: str, client: NatsClient, *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the script until it answers; kill it at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(FOLDER / "deployed_service.py"),
        *options,
        env={**os.environ, "NATS_URL": url, "LOG_FORMAT": "json"},
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(30):
            await answered(client, 0)
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def answered(client: NatsClient, number: int) -> int:
    """Return the process that answers, once there is one."""
    while True:
        try:
            return await client.request("deployed.fast", number, response=int)
        except NoResponders:
            await asyncio.sleep(0.02)


async def opened(http: httpx2.AsyncClient, path: str) -> Any:
    """Return an answer, once the port is open: messages are answered a moment before."""
    async with asyncio.timeout(20):
        while True:
            try:
                return (await http.get(path)).json()
            except httpx2.ConnectError:
                await asyncio.sleep(0.02)


async def ask_until_gone(client: NatsClient) -> int:
    """Return how many requests were answered; one that is lost raises a timeout."""
    count = 0
    while True:
        try:
            await client.request("deployed.fast", count, timeout=5)
        except NoResponders:
            return count
        count += 1


async def test_a_script_serves_health_and_metrics(url: str, client: NatsClient) -> None:
    """On the port of the settings; there is no other route."""
    port = free_port()
    async with deployed(url, client, "start", "--port", str(port)):
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            ready = await opened(http, "/health/ready")
            assert (ready["status"], list(ready["checks"])) == ("pass", ["nats"])
            metrics = (await http.get("/metrics")).text
            assert 'nats_handling_seconds_count{outcome="ok",subject="deployed.fast"}' in metrics
            assert "$SRV" not in metrics
            assert (await http.get("/docs")).status_code == 404


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
async def test_no_request_is_lost_when_it_stops_under_load(
    url: str, client: NatsClient, workers: int
) -> None:
    """Each is answered, or was never accepted; then the process ends in order."""
    async with deployed(url, client, "start", "--port", "0", "--workers", str(workers)) as process:
        slow = asyncio.create_task(client.request("deployed.slow", 0.8, timeout=5))
        load = [asyncio.create_task(ask_until_gone(client)) for _ in range(8)]
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await slow == 0.8
            counts = await asyncio.gather(*load)
            assert await process.wait() == ORDERLY
        assert min(counts) > 0


@pytest.mark.slow
async def test_several_processes_share_the_requests(url: str, client: NatsClient) -> None:
    """By their queue group, and each is an instance of its own."""
    async with deployed(url, client, "start", "--port", "0", "--workers", "2"):
        async with asyncio.timeout(20):
            seen: set[int] = set()
            while len(seen) < 2:
                seen.add(await answered(client, 0))


async def test_a_second_signal_ends_it_at_once(url: str, client: NatsClient) -> None:
    """Whatever is in hand."""
    async with deployed(url, client, "start", "--port", "0") as process:
        slow = asyncio.create_task(client.request_json("deployed.slow", 30, timeout=10))
        await asyncio.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            assert await process.wait() == FORCED
        slow.cancel()
        await asyncio.wait({slow})
