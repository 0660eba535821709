"""JetStream: messages that are kept until they are handled, and stores for values and objects.

@app.nats.jetstream.consume("orders.*", durable="billing", dead_letter="dead.orders")
async def bill(order: Order) -> None: ...

await app.nats.jetstream.publish("orders.created", order, id=order.id)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.nats.jetstream.consumer import Consumer as Consumer
    from fastnfurious.nats.jetstream.contract import Entry as Entry
    from fastnfurious.nats.jetstream.contract import JetStreamError as JetStreamError
    from fastnfurious.nats.jetstream.contract import JetStreamUnavailable as JetStreamUnavailable
    from fastnfurious.nats.jetstream.contract import KeyNotFound as KeyNotFound
    from fastnfurious.nats.jetstream.contract import ObjectDamaged as ObjectDamaged
    from fastnfurious.nats.jetstream.contract import ObjectInfo as ObjectInfo
    from fastnfurious.nats.jetstream.contract import ObjectNotFound as ObjectNotFound
    from fastnfurious.nats.jetstream.contract import Published as Published
    from fastnfurious.nats.jetstream.contract import Reject as Reject
    from fastnfurious.nats.jetstream.contract import Retry as Retry
    from fastnfurious.nats.jetstream.contract import RevisionConflict as RevisionConflict
    from fastnfurious.nats.jetstream.contract import StreamDiffers as StreamDiffers
    from fastnfurious.nats.jetstream.contract import StreamFull as StreamFull
    from fastnfurious.nats.jetstream.contract import StreamNotFound as StreamNotFound
    from fastnfurious.nats.jetstream.contract import WrongStream as WrongStream
    from fastnfurious.nats.jetstream.delivery import Delivery as Delivery
    from fastnfurious.nats.jetstream.jetstream import JetStream as JetStream
    from fastnfurious.nats.jetstream.key_value import KeyValue as KeyValue
    from fastnfurious.nats.jetstream.object_store import ObjectStore as ObjectStore
    from fastnfurious.nats.jetstream.stream import Stream as Stream
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Consumer": "fastnfurious.nats.jetstream.consumer",
            "Delivery": "fastnfurious.nats.jetstream.delivery",
            "Entry": "fastnfurious.nats.jetstream.contract",
            "JetStream": "fastnfurious.nats.jetstream.jetstream",
            "JetStreamError": "fastnfurious.nats.jetstream.contract",
            "JetStreamUnavailable": "fastnfurious.nats.jetstream.contract",
            "KeyNotFound": "fastnfurious.nats.jetstream.contract",
            "KeyValue": "fastnfurious.nats.jetstream.key_value",
            "ObjectDamaged": "fastnfurious.nats.jetstream.contract",
            "ObjectInfo": "fastnfurious.nats.jetstream.contract",
            "ObjectNotFound": "fastnfurious.nats.jetstream.contract",
            "ObjectStore": "fastnfurious.nats.jetstream.object_store",
            "Published": "fastnfurious.nats.jetstream.contract",
            "Reject": "fastnfurious.nats.jetstream.contract",
            "Retry": "fastnfurious.nats.jetstream.contract",
            "RevisionConflict": "fastnfurious.nats.jetstream.contract",
            "Stream": "fastnfurious.nats.jetstream.stream",
            "StreamDiffers": "fastnfurious.nats.jetstream.contract",
            "StreamFull": "fastnfurious.nats.jetstream.contract",
            "StreamNotFound": "fastnfurious.nats.jetstream.contract",
            "WrongStream": "fastnfurious.nats.jetstream.contract",
        },
    )
