"""S3 in the process: objects in a folder or in memory, under the rules of a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.s3.embedded.storage import EmbeddedStorage as EmbeddedStorage
else:
    __getattr__, __all__ = lazy_names(
        __name__, {"EmbeddedStorage": "fastnfurious.s3.embedded.storage"}
    )
