"""What the application serves for the stand-in: objects behind presigned URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fastnfurious.s3.errors import AccessDenied, InvalidArgument, StorageError
from fastnfurious.s3.response import ObjectResponse

if TYPE_CHECKING:
    from fastnfurious.s3.embedded.storage import EmbeddedStorage

__all__ = ["PresignedObjects"]

_METHODS = ("GET", "HEAD", "PUT")


class PresignedObjects:
    """Answer requests for presigned URLs as a server does; everything else is refused.

    Args:
        storage: What keeps the objects.
    """

    def __init__(self, storage: EmbeddedStorage) -> None:
        self._storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        answer = await self._answer(request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        root = request.scope.get("root_path", "")
        bucket, _, key = request.scope["path"].removeprefix(root).lstrip("/").partition("/")
        if request.method not in _METHODS:
            return Response(status_code=405, headers={"Allow": ", ".join(_METHODS)})
        words = request.query_params
        try:
            self._storage.signer.check(request.method, bucket, key, dict(words))
        except AccessDenied as error:
            return Response(f"{error}\n", 403, media_type="text/plain")
        if request.method == "PUT":
            return await self._put(request, bucket, key)
        # Only S3's own page may run what is in a bucket; this one shares the service's address.
        headers = {"Content-Security-Policy": "sandbox", "Cache-Control": "no-store"}
        version = words.get("version")
        return ObjectResponse(self._storage[bucket], key, version=version, headers=headers)

    async def _put(self, request: Request, bucket: str, key: str) -> Response:
        if any(name.startswith("x-amz-") for name in request.headers):
            return Response("Headers of S3's own are not signed\n", 403, media_type="text/plain")
        media_type = request.headers.get("content-type", "application/octet-stream")
        try:
            written = await self._storage[bucket].put(
                key, request.stream(), content_type=media_type
            )
        except InvalidArgument as error:
            return Response(f"{error}\n", 400, media_type="text/plain")
        except ClientDisconnect as error:
            raise StorageError(f"The client left before {key!r} was complete") from error
        return Response(headers={"ETag": f'"{written.etag}"'})
