"""The fixture ``login``: who is calling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastnfurious.oidc.testing import Login

__all__ = ["login"]


@pytest.fixture
def login(app: Any) -> Iterator[Login]:
    """Decide who is calling: ``login("alice", roles=["admin"])``."""
    from fastnfurious.oidc.testing import Login

    session = Login(app)
    yield session
    session.out()
