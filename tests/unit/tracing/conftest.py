"""An application's tracing, with its spans kept in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.tracing import RecordedSpans, Tracing, TracingSettings


@pytest.fixture
def tracing() -> Tracing:
    """Return a tracing that is not opened, so that only a test's own processor records."""
    return Tracing(TracingSettings(), FastNFuriousSettings(service_name="shop"))


@pytest.fixture
def spans(tracing: Tracing) -> Iterator[RecordedSpans]:
    """Return the spans of that tracing."""
    with RecordedSpans(tracing) as spans:
        yield spans
