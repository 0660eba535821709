"""The fixture ``s3``: objects in memory, with a record of what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastnfurious.s3.testing import RecordedS3

__all__ = ["s3"]


@pytest.fixture
def s3(app: Any) -> Iterator[RecordedS3]:
    """Return the objects that the application sees during the test, all in memory."""
    from fastnfurious.core.integration import Mode
    from fastnfurious.s3.integration import S3Integration
    from fastnfurious.s3.settings import S3Settings
    from fastnfurious.s3.testing import RecordedS3

    recorded = RecordedS3()
    double = S3Integration(S3Settings(mode=Mode.EMBEDDED), app.settings, storage=recorded)
    with app.integrations.replaced("s3", double):
        yield recorded
    recorded.close()
