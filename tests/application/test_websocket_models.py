"""Websockets send models in our applications, and change nothing in those of others."""

from __future__ import annotations

from datetime import date

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from pydantic import BaseModel

from fastnfurious import FastNFuriousAPI


class Day(BaseModel):
    """Something that is no JSON by itself."""

    name: str
    day: date


def with_endpoint(app: FastAPI) -> FastAPI:
    """Add an endpoint that sends a model."""

    @app.websocket("/days")
    async def days(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(Day(name="first", day=date(2026, 1, 1)))
        await websocket.close()

    return app


def test_a_model_is_sent_as_json() -> None:
    """Dates and all, as an HTTP endpoint would return it."""
    with TestClient(with_endpoint(FastNFuriousAPI())) as client:
        with client.websocket_connect("/days") as websocket:
            assert websocket.receive_json() == {"name": "first", "day": "2026-01-01"}


def test_an_application_of_someone_else_is_as_it_was() -> None:
    """Beside ours in the same process, FastAPI's own refuses what it always refused."""
    FastNFuriousAPI()
    with TestClient(with_endpoint(FastAPI())) as client, pytest.raises(TypeError, match="Day"):
        with client.websocket_connect("/days") as websocket:
            websocket.receive_json()
