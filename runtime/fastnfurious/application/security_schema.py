"""How to log in, as the OpenAPI document and its pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["document_security"]


def document_security(app: FastNFuriousAPI, schema: dict[str, Any]) -> None:
    """Let integrations complete the security schemes of their name, and the Authorize button.

    Args:
        app: The application.
        schema: Its OpenAPI document, which is changed.
    """
    schemes = schema.get("components", {}).get("securitySchemes", {})
    for name in [name for name in schemes if name in app.integrations]:
        integration = app.integrations.get(name)
        integration.document(schema)
        if app.swagger_ui_init_oauth is None:
            app.swagger_ui_init_oauth = integration.sign_in
