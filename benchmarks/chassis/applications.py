"""The applications that are compared: the same routes, with different things around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI

__all__ = ["APPLICATIONS", "add_routes", "paths"]

ROUTES_PER_ROUTER = 10


async def read_item(item_id: int, colour: str | None = None) -> dict[str, Any]:
    """Answer every request of the benchmarks."""
    return {"item_id": item_id, "colour": colour}


def add_routes(app: FastAPI, count: int) -> None:
    """Add one route, or a multiple of ten in included routers."""
    if count == 1:
        app.add_api_route("/items/{item_id}", read_item)
    for area in range(count // ROUTES_PER_ROUTER):
        router = APIRouter(prefix=f"/area{area}")
        for kind in range(ROUTES_PER_ROUTER):
            router.add_api_route(f"/kind{kind}/{{item_id}}", read_item)
        app.include_router(router)


def paths(count: int) -> list[str]:
    """Return one path for each route."""
    if count == 1:
        return ["/items/42?colour=red"]
    areas, kinds = range(count // ROUTES_PER_ROUTER), range(ROUTES_PER_ROUTER)
    return [f"/area{area}/kind{kind}/42?colour=red" for area in areas for kind in kinds]


def bare() -> FastAPI:
    """Return FastAPI as it comes."""
    return FastAPI(title="Benchmark")


def assembled() -> FastAPI:
    """Return FastAPI with the packages that are usually put around it."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.fastapi import (  # type: ignore[import-not-found]
        FastAPIInstrumentor,
    )
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from prometheus_fastapi_instrumentator import (  # type: ignore[import-not-found]
        Instrumentator,
    )

    from benchmarks.chassis.intercept import intercept

    intercept()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    app = FastAPI(title="Benchmark")
    FastAPIInstrumentor.instrument_app(app, excluded_urls="/health,/metrics")
    Instrumentator().instrument(app).expose(app)
    return app


def everything() -> FastAPI:
    """Return our class as it comes, which is with everything on."""
    from fastnfurious import FastNFuriousAPI

    return FastNFuriousAPI(title="Benchmark")


APPLICATIONS: dict[str, Callable[[], FastAPI]] = {
    "bare": bare,
    "assembled": assembled,
    "everything": everything,
}
