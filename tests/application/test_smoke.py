"""The application answers, observed."""

from __future__ import annotations

from fastapi.testclient import TestClient

from fastnfurious import FastNFuriousAPI


def test_every_answer_carries_the_request_id() -> None:
    """A sane incoming request id is answered, another one is replaced."""
    with TestClient(FastNFuriousAPI()) as client:
        assert (
            client.get("/health/live", headers={"X-Request-ID": "a"}).headers["x-request-id"] == "a"
        )
        assert len(client.get("/", headers={"X-Request-ID": "a b"}).headers["x-request-id"]) == 32
