"""The fixture ``nats``: a recording double in the place of the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastnfurious.nats.testing import RecordedNats

__all__ = ["nats"]


@pytest.fixture
def nats(app: Any) -> Iterator[RecordedNats]:
    """Return a recording of what the application sends over NATS, which can answer as well."""
    from fastnfurious.nats.testing import RecordedNats

    with RecordedNats(app.integrations.get("nats")) as recorded:
        yield recorded
