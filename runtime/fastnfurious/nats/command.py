"""``asyncapi``: the command that prints what a service answers and follows over NATS."""

from __future__ import annotations

import json

import typer

__all__ = ["group", "show_asyncapi"]

group = typer.Typer(name="asyncapi")


@group.command("asyncapi")
def show_asyncapi(ctx: typer.Context) -> None:
    """Print the AsyncAPI document of what ``app.nats`` serves: its services and consumers."""
    from fastnfurious.nats.asyncapi import asyncapi_document  # help needs none of it

    app = ctx.obj.load()
    document = asyncapi_document(
        app.nats.services,
        title=app.title,
        version=app.version,
        consumers=app.nats.jetstream.consumers,
    )
    typer.echo(json.dumps(document, indent=2))
