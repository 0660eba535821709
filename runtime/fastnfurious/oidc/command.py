"""The command that makes a token to try a service with: ``my-service token --user alice``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from fastnfurious.core.errors import StartupError
from fastnfurious.core.settings import Environment

__all__ = ["token", "token_group"]

token_group = typer.Typer(name="token", help="Make a token for development.")
"""What the service's command gains."""


@token_group.command()
def token(
    ctx: typer.Context,
    user: Annotated[str, typer.Option(help="Name of the user.")] = "alice",
    role: Annotated[list[str] | None, typer.Option(help="Role; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Scope; may be repeated.")] = None,
    lifetime: Annotated[int, typer.Option(min=1, help="Seconds for which it is good.")] = 3600,
) -> None:
    """Print a token of the issuer in the process, which the running service accepts.

    Raises:
        StartupError: The service in ENVIRONMENT=test would not know the key.
        SettingsError: A real issuer is used, or this is no development.
    """
    integration: Any = ctx.obj.load().integrations.get("oidc")
    if integration.service.environment is Environment.TEST:
        raise StartupError("In ENVIRONMENT=test keys are in memory alone; use development")
    scopes = scope or ["openid", "profile"]
    print(integration.issuer.token(user, roles=role or [], scopes=scopes, lifetime=lifetime))
