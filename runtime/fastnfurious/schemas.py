"""The shapes of data that a service's own annotations use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.nats.reply import Reply as Reply
    from fastnfurious.oidc.user import UserClaims as UserClaims
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Reply": "fastnfurious.nats.reply",
            "UserClaims": "fastnfurious.oidc.user",
        },
    )
