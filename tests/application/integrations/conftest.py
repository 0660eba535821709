"""Two integrations of a third party, installed for the length of a test."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from fastnfurious.core import registry
from tests.application.integrations import mail

POINTS = EntryPoints(
    EntryPoint(name, f"tests.application.integrations.mail:{kind}", registry.ENTRY_POINT_GROUP)
    for name, kind in (("mail", "Mail"), ("fax", "Fax"))
)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the integrations, and forget what happened to them."""
    monkeypatch.setattr(registry, "entry_points", lambda group: POINTS.select(group=group))
    monkeypatch.setattr(registry, "_BUILT_IN", ())
    yield
    mail.events.clear()
    mail.faults.clear()
