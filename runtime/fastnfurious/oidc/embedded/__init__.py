"""The issuer in the process: it gives tokens to anybody who asks, for development and tests.

It speaks the same protocol as a real one and is asked through the same client.
"""

from __future__ import annotations

__all__: list[str] = []
