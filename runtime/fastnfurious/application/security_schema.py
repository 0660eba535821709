"""How to log in, as the OpenAPI document and its pages show it."""

from __future__ import annotations

from typing import Any

from fastnfurious.application.wiring import Integrations

__all__ = ["document_security"]


def document_security(integrations: Integrations, schema: dict[str, Any]) -> dict[str, Any] | None:
    """Let integrations complete the security schemes of their name.

    Args:
        integrations: The application's integrations.
        schema: Its OpenAPI document, which is changed.

    Returns:
        How the docs' Authorize button asks for a token; ``None`` if nobody knows.
    """
    sign_in = None
    schemes = schema.get("components", {}).get("securitySchemes", {})
    for name in [name for name in schemes if name in integrations]:
        integration = integrations.get(name)
        integration.document(schema)
        sign_in = sign_in or integration.sign_in
    return sign_in
