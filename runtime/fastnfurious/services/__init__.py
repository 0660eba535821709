"""Services without HTTP routes of their own, deployed from a plain script.

Example:
    >>> from fastnfurious.services import NatsService
    >>> service = NatsService("inventory", version="1.0.0")
    >>> @service.reply("stock.get")
    ... async def get_stock(item: int) -> int:
    ...     return item * 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.services.nats_service import NatsService as NatsService
else:
    __getattr__, __all__ = lazy_names(
        __name__, {"NatsService": "fastnfurious.services.nats_service"}
    )
