"""Doubles for tests: a recording of what an application sends, and replies of your own."""

from __future__ import annotations

__all__: list[str] = []
