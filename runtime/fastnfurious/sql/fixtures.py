"""The fixture ``db``: an empty database, with a record of the statements."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastnfurious.sql.testing import RecordedDatabase

__all__ = ["db"]


@pytest.fixture
def db(app: Any, tmp_path: Path) -> Iterator[RecordedDatabase]:
    """Give the application an empty database, and return what it is asked."""
    from fastnfurious.sql.testing import RecordedDatabase

    recorded = RecordedDatabase(tmp_path)
    with app.integrations.replaced("sql", recorded.integration):
        yield recorded
