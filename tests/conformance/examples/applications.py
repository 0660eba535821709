"""The first examples of the product, as applications.

The text is as it was first written, but for what Python, FastAPI or a type checker forbids; the
page "The first examples" of the docs says what differs, and why.
"""

from __future__ import annotations

from fastapi import Response, WebSocket
from pydantic import BaseModel

from fastnfurious import FastNFuriousAPI, HTTPException, NatsService
from fastnfurious.schemas import UserClaims

__all__ = ["NewMessage", "Product", "SomethingResult", "answers", "application"]

MODELS_BUCKET = "models"


class SomethingResult(BaseModel):
    """What the other service answers."""

    resource_id: int
    name: str


class NewMessage(BaseModel):
    """What is published to those who listen."""

    author: str
    content: str
    timestamp: int


class Product(BaseModel):
    """A row."""

    id: int
    name: str


def answers() -> NatsService:
    """Return the service that the first example asks."""
    service = NatsService("something", version="1.0.0")

    @service.reply("something")
    async def something(request: dict[str, int]) -> SomethingResult:
        if request["resource_id"] == 404:
            raise HTTPException(404, "no such resource")
        return SomethingResult(resource_id=request["resource_id"], name="anything")

    return service


def application() -> FastNFuriousAPI:
    """Return one application with all of the examples."""
    app = FastNFuriousAPI(title="Demo application")
    add_request(app)
    add_websocket(app)
    add_storage(app)
    add_user(app)
    add_traced_query(app)
    return app


def add_request(app: FastNFuriousAPI) -> None:
    """Ask another service over NATS."""

    @app.get(
        "/something/{resource_id}",
        summary="Get something from a resource",
        # If you know in which format your service will reply, you don't need to worry about JSON
        # serialization
        response_model=SomethingResult,
    )
    async def fetch_something_associated_with_resource(resource_id: int) -> object:
        """In this endpoint we access the NATS client as an attribute of the application."""
        res = await app.nats.request_json("something", {"resource_id": resource_id})
        if res.status:
            # Simply return the value as it will be automatically serialized
            return res.value
        else:
            # This will return an HTTP response with status code 500 Internal Server Error and error
            # message as response body.
            raise HTTPException(500, res.error, media_type="text/plain")


def add_websocket(app: FastNFuriousAPI) -> None:
    """Pass messages on to a websocket."""

    @app.websocket("/ws")
    async def realtime_susbcription(websocket: WebSocket) -> None:
        """Accept websocket connections, subscribe to NATS and send events in real time."""
        async with app.create_nats_client() as client:
            # You will accept the websocket connection only if NATS can be reached
            await websocket.accept()

            # Define your subscription with your newly created client
            @client.subscribe("messages", start=True)
            async def on_message(msg: NewMessage) -> None:
                # For each received message, send it through the websocket
                await websocket.send_json(msg)


def add_storage(app: FastNFuriousAPI) -> None:
    """Send an object of S3."""

    @app.get("/models/{model_id}", summary="Retrieve a model as bytes")
    async def fetch_model(model_id: int, version: str = "latest") -> Response:
        """In this endpoint we access MinIO client as an attribute of the application."""
        filename = f"{model_id}.onnx"
        model = await app.s3[MODELS_BUCKET].get(filename)
        return Response(model, media_type="application/octet-stream")


def add_user(app: FastNFuriousAPI) -> None:
    """Say who is calling."""

    @app.get("/users/me", summary="Display user profile", response_model=UserClaims)
    async def me(user: UserClaims = app.current_user) -> UserClaims:
        """In this function we access the current user through dependency injection."""
        return user


def add_traced_query(app: FastNFuriousAPI) -> None:
    """Ask the database inside a span, and count what was sold."""
    sold = app.metrics.counter("products_sold", "Products that left the shop.", labels=["colour"])

    @app.get("/products", summary="Fetch list of products", response_model=list[Product])
    async def get_products(limit: int = 100, offset: int = 0) -> object:
        """Query the database and return a list of products. This is traced in a span."""
        async with app.tracer.create_child_span("get_products_in_db") as new_span:
            # Capture query parameters
            new_span.set_tags({"limit": limit, "offset": offset})
            # Get cursor
            cursor = app.db.execute(
                "SELECT * FROM products ORDER BY id LIMIT :limit OFFSET :offset",
                {"limit": limit, "offset": offset},
            )
            # Convert cursor to list
            results = [row async for row in cursor]
            # Capture result length
            new_span.set_tags({"nb_rows": len(results)})
        # Return list of products
        return results

    @app.post("/sales/{colour}")
    async def sell(colour: str) -> None:
        sold.labels(colour=colour).inc()
