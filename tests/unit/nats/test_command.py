"""The command that describes what a service answers."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from fastnfurious import FastNFuriousAPI
from fastnfurious.nats import MicroService
from fastnfurious.nats.command import group


class Target:
    """Give an application, as a service's command does."""

    def __init__(self, app: FastNFuriousAPI) -> None:
        self._app = app

    def load(self) -> FastNFuriousAPI:
        """Return it."""
        return self._app


def test_the_document_is_printed_as_json(app: FastNFuriousAPI) -> None:
    """With the title of the application, and without connecting to anything."""
    service = MicroService("inventory", version="1.0.0")

    @service.reply("stock.get")
    async def get_stock(item: int) -> int:
        return item

    service.join(app.nats)
    done = CliRunner().invoke(group, obj=Target(app))
    document = json.loads(done.output)
    assert document["info"]["title"] == "Demo application"
    assert list(document["operations"]) == ["inventory_get_stock"]
