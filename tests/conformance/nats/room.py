"""A room of its own on a JetStream server, for one test."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext, api
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore

__all__ = ["Room", "texts"]


class Room:
    """Name streams that nobody else uses, and remove them at the end.

    Args:
        connection: Connection of plain nats-py.
    """

    def __init__(self, connection: Client) -> None:
        self.nc = connection
        self.js: JetStreamContext = connection.jetstream(timeout=5)
        self.name = "T" + uuid.uuid4().hex[:12]

    def subject(self, rest: str) -> str:
        """Return a subject that nobody else uses."""
        return f"{self.name}.{rest}"

    async def call(
        self, subject: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Return the answer to a request of the JetStream API, or to a publication."""
        data = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        answer = await self.nc.request(subject, data, timeout=5, headers=headers)
        return json.loads(answer.data)

    async def stream(self, **settings: Any) -> str:
        """Create a stream over all our subjects; return its name."""
        settings = {"storage": api.StorageType.MEMORY, **settings}
        await self.js.add_stream(name=self.name, subjects=[self.subject(">")], **settings)
        return self.name

    async def consumer(self, **settings: Any) -> None:
        """Create a durable consumer, which is named ``c``, in the words of the API."""
        config = {"durable_name": "c", "name": "c", "ack_policy": "explicit", **settings}
        request = {"stream_name": self.name, "config": config}
        answer = await self.call(f"$JS.API.CONSUMER.CREATE.{self.name}.c", request)
        assert "error" not in answer, answer

    async def puller(self, **settings: Any) -> JetStreamContext.PullSubscription:
        """Create a durable consumer, and return what fetches from it."""
        config = api.ConsumerConfig(durable_name="c", name="c", **settings)
        await self.js.add_consumer(self.name, config)
        return await self.js.pull_subscribe_bind(consumer="c", stream=self.name)

    async def publish(self, *texts: str, subject: str = "a") -> None:
        """Publish some messages."""
        for text in texts:
            await self.js.publish(self.subject(subject), text.encode())

    async def ask(self, consumer: str, request: dict[str, Any]) -> Subscription:
        """Ask a consumer for messages; return where they arrive."""
        inbox = await self.nc.subscribe(self.nc.new_inbox())
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.name}.{consumer}"
        await self.nc.publish(subject, json.dumps(request).encode(), reply=inbox.subject)
        return inbox

    async def status(self, inbox: Subscription) -> str:
        """Return the next status that arrives."""
        headers = (await inbox.next_msg(5)).headers or {}
        return " ".join((headers.get("Status", ""), headers.get("Description", ""))).strip()

    async def state(self) -> dict[str, Any]:
        """Return what the stream keeps."""
        answer = await self.call(f"$JS.API.STREAM.INFO.{self.name}")
        state: dict[str, Any] = answer["state"]
        return state

    async def settled(self, *, messages: int, within: float = 5) -> None:
        """Wait until the stream keeps so many messages."""
        async with asyncio.timeout(within):
            while (await self.state())["messages"] != messages:
                await asyncio.sleep(0.02)

    async def kept(self) -> list[str]:
        """Return what the messages of the stream say."""
        state, found = await self.state(), list[str]()
        for sequence in range(state["first_seq"], state["last_seq"] + 1):
            answer = await self.call(f"$JS.API.STREAM.MSG.GET.{self.name}", {"seq": sequence})
            if "message" in answer:
                message = await self.js.get_msg(self.name, seq=sequence)
                found.append((message.data or b"").decode())
        return found

    async def bucket(self, **settings: Any) -> KeyValue:
        """Create a bucket of keys and values."""
        settings = {"storage": api.StorageType.MEMORY, **settings}
        return await self.js.create_key_value(bucket=self.name, **settings)

    async def objects(self) -> ObjectStore:
        """Create a bucket of objects."""
        return await self.js.create_object_store(
            self.name, api.ObjectStoreConfig(storage=api.StorageType.MEMORY)
        )

    async def close(self) -> None:
        """Remove what was made."""
        for name in (self.name, f"KV_{self.name}", f"OBJ_{self.name}"):
            await self.call(f"$JS.API.STREAM.DELETE.{name}")


async def texts(messages: list[Msg], *, ack: bool = True) -> list[str]:
    """Return what messages say, and acknowledge them."""
    if ack:
        for message in messages:
            await message.ack_sync()
    return [message.data.decode() for message in messages]
