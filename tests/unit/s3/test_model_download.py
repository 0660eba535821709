"""The example of the roadmap: a model is fetched from S3 and sent to the client."""

from __future__ import annotations

import pytest
from fastapi import Response

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.errors import OperationTimeout, ResourceUnavailable
from fastnfurious.s3.fixtures import s3
from fastnfurious.s3.testing import RecordedS3
from fastnfurious.testing.async_client import AsyncTestClient

__all__ = ["s3"]

MODELS_BUCKET = "models"


@pytest.fixture
def app(app: FastNFuriousAPI) -> FastNFuriousAPI:
    """Return the application of the example."""

    @app.get("/models/{model_id}", summary="Retrieve a model as bytes")
    async def fetch_model(model_id: int, version: str = "latest") -> Response:
        filename = f"{model_id}.onnx"
        model = await app.s3[MODELS_BUCKET].get(filename)
        return Response(model, media_type="application/octet-stream")

    return app


async def test_a_model_is_downloaded(async_client: AsyncTestClient, s3: RecordedS3) -> None:
    """The client gets the bytes that are in the bucket."""
    await s3[MODELS_BUCKET].put("42.onnx", b"\x00weights")
    answer = await async_client.get("/models/42")
    assert (answer.status_code, answer.content) == (200, b"\x00weights")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert [call.bucket for call in s3.called("get", "42.onnx")] == [MODELS_BUCKET]


async def test_a_model_that_is_not_there_is_a_404(
    async_client: AsyncTestClient, s3: RecordedS3
) -> None:
    """Nobody has to write that down."""
    s3[MODELS_BUCKET]
    answer = await async_client.get("/models/7")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no object '7.onnx' in the bucket 'models'"


@pytest.mark.parametrize(
    ("error", "status"),
    [(ResourceUnavailable("S3 is away"), 503), (OperationTimeout("S3 is slow"), 504)],
)
async def test_a_store_that_fails_is_a_problem(
    async_client: AsyncTestClient, s3: RecordedS3, error: Exception, status: int
) -> None:
    """The client learns that it is not its fault; afterwards all is well again."""
    await s3[MODELS_BUCKET].put("42.onnx", b"weights")
    s3.fail("get", error, times=1)
    assert (await async_client.get("/models/42")).status_code == status
    assert (await async_client.get("/models/42")).status_code == 200
