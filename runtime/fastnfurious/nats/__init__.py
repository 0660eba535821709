"""NATS: publish, ask and subscribe, with typed payloads and a server that comes along.

    reply = await app.nats.request_json("stock.get", {"item": 7})

Without ``NATS_URL`` a stand-in in the process answers, over the same protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.nats.contract import BufferFull as BufferFull
    from fastnfurious.nats.contract import InvalidPayload as InvalidPayload
    from fastnfurious.nats.contract import InvalidSubject as InvalidSubject
    from fastnfurious.nats.contract import Message as Message
    from fastnfurious.nats.contract import MessageTooLarge as MessageTooLarge
    from fastnfurious.nats.contract import Messenger as Messenger
    from fastnfurious.nats.contract import NoResponders as NoResponders
    from fastnfurious.nats.contract import RemoteError as RemoteError
    from fastnfurious.nats.embedded.server import EmbeddedServer as EmbeddedServer
    from fastnfurious.nats.integration import NatsIntegration as NatsIntegration
    from fastnfurious.nats.messaging import NatsClient as NatsClient
    from fastnfurious.nats.reply import Reply as Reply
    from fastnfurious.nats.service import MicroService as MicroService
    from fastnfurious.nats.settings import NatsSettings as NatsSettings
    from fastnfurious.nats.subscription import Subscription as Subscription
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "BufferFull": "fastnfurious.nats.contract",
            "EmbeddedServer": "fastnfurious.nats.embedded.server",
            "InvalidPayload": "fastnfurious.nats.contract",
            "InvalidSubject": "fastnfurious.nats.contract",
            "Message": "fastnfurious.nats.contract",
            "MessageTooLarge": "fastnfurious.nats.contract",
            "Messenger": "fastnfurious.nats.contract",
            "NatsClient": "fastnfurious.nats.messaging",
            "NatsIntegration": "fastnfurious.nats.integration",
            "MicroService": "fastnfurious.nats.service",
            "NatsSettings": "fastnfurious.nats.settings",
            "NoResponders": "fastnfurious.nats.contract",
            "RemoteError": "fastnfurious.nats.contract",
            "Reply": "fastnfurious.nats.reply",
            "Subscription": "fastnfurious.nats.subscription",
        },
    )
