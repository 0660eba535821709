"""Pulling: messages of a consumer, no more at a time than there are hands for.

*Source:* https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-37.md
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.contract import Message
from fastnfurious.nats.jetstream.api import JetStreamApi
from fastnfurious.nats.link import LinkSubscription
from fastnfurious.nats.payloads import encode

__all__ = ["Pull"]

_EXPIRES = 30.0
_HEARTBEAT = 2.0
_PAUSE = 0.1
_ACKNOWLEDGED = "$JS.ACK."
_GONE = ("consumer deleted", "push based", "bad request", "consumer is")


class Pull:
    """Ask a consumer for messages as places for them become free.

    Args:
        api: Asks JetStream.
        stream: The stream.
        consumer: The consumer.
        places: How many messages may be here at the same time.
        resumes: Whether to ask again when the connection returns; otherwise that ends it.

    Attributes:
        failed: Gets the reason when no more messages will come.
    """

    def __init__(
        self, api: JetStreamApi, stream: str, consumer: str, *, places: int, resumes: bool = True
    ) -> None:
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._api = api
        self._verb = f"CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._places = places
        self._free = places
        self._resumes = resumes
        self._asked = 0
        self._heard = 0.0
        self._changed = asyncio.Event()
        self._queue = asyncio.Queue[Message]()
        self._idle = asyncio.Event()
        self._idle.set()
        self._inbox = f"_INBOX.{new_identifier()}"
        self._subscription: LinkSubscription | None = None
        self._asking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin to ask."""
        link = await self._api.link()
        self._subscription = await link.subscribe(self._inbox, "", self._receive, self._renew)
        self._asking = asyncio.create_task(self._keep_asking())

    async def stop(self) -> None:
        """Ask for no more; what is on its way still arrives."""
        subscription, self._subscription = self._subscription, None
        await self._stop_asking()
        if subscription is not None:
            await (await self._api.link()).unsubscribe(subscription)

    async def take(self) -> Message:
        """Return the next message; its place stays taken until `release`."""
        return await self._queue.get()

    def take_nowait(self) -> Message | None:
        """Return a message that has come, if there is one."""
        with suppress(asyncio.QueueEmpty):
            return self._queue.get_nowait()
        return None

    def release(self) -> None:
        """Make the place of a message free."""
        self._free += 1
        if self._free >= self._places:
            self._idle.set()
        if self._free - self._asked >= (self._places + 1) // 2:
            self._changed.set()

    async def wait_released(self) -> None:
        """Return when all that has come was taken, and every place is free again."""
        await self._idle.wait()

    async def _stop_asking(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.wait({asking})

    async def _keep_asking(self) -> None:
        clock = asyncio.get_running_loop().time
        self._heard = clock()
        while not self.failed.done():
            if self._asked and clock() - self._heard > 2.5 * _HEARTBEAT:
                self._asked = 0  # the server has forgotten us, or we have not heard it
                self._heard = clock()
            with suppress(FastNFuriousError):  # the connection is lost: its return starts it again
                await self._ask()
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await self._changed.wait()
            self._changed.clear()

    async def _ask(self) -> None:
        link = await self._api.link()
        missing = self._free - self._asked
        if missing <= 0 or not link.connected:
            return
        self._asked += missing
        request = {
            "batch": missing,
            "expires": round(_EXPIRES * 1e9),
            "idle_heartbeat": round(_HEARTBEAT * 1e9),
        }
        await self._api.send(self._verb, encode(request), self._inbox)

    def _renew(self) -> None:
        """Ask anew: the requests went down with the connection."""
        self._asked = 0
        if self._resumes:
            self._changed.set()
        else:
            self._fail("the connection was lost")

    def _receive(self, message: Message) -> None:
        self._heard = asyncio.get_running_loop().time()
        if message.reply.startswith(_ACKNOWLEDGED):
            self._asked = max(0, self._asked - 1)
            self._free -= 1
            self._idle.clear()
            self._queue.put_nowait(message)
            return
        status = message.headers.get("Status")
        if status is not None and status != "100":
            self._note_end(status, message)

    def _note_end(self, status: str, message: Message) -> None:
        """Take note that a request has ended before all that was asked for has come."""
        words = message.headers.get("Description", "").lower()
        if status in ("400", "503") or any(word in words for word in _GONE):
            self._fail(words or "nobody answers for it")
            return
        left = message.headers.get("Nats-Pending-Messages", "")
        self._asked = max(0, self._asked - int(left)) if left.isdecimal() else 0
        # Not at once: a server that is just changing its leader would be asked again and again.
        pause = 0.0 if status == "408" else _PAUSE
        asyncio.get_running_loop().call_later(pause, self._changed.set)

    def _fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_result(reason)
        self._changed.set()
