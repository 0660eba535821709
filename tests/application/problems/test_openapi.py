"""Problems in the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.application.problem_schema import SCHEMAS

REFERENCE = {"$ref": "#/components/schemas/ProblemDetails"}


class Book(BaseModel):
    """A body."""

    title: str


class Refusal(BaseModel):
    """An error of the service's own shape."""

    reason: str


def build() -> FastNFuriousAPI:
    """Return an application whose operations document errors in every way."""
    app = FastNFuriousAPI(title="Shop")

    @app.post("/books")
    async def add(book: Book) -> None: ...

    @app.get("/books")
    async def all_books() -> None: ...

    @app.get("/own", responses={422: {"model": Refusal}, "default": {"description": "mine"}})
    async def own(size: int) -> None: ...

    return app


def responses(schema: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    """Return what an operation is documented to answer."""
    found: dict[str, Any] = schema["paths"][path][method]["responses"]
    return found


def test_the_validation_error_is_the_problem_that_is_sent() -> None:
    """A generated client expects what really comes."""
    schema = build().openapi()
    answer = responses(schema, "/books", "post")["422"]
    assert answer["content"] == {"application/problem+json": {"schema": REFERENCE}}


def test_every_operation_has_a_default_problem() -> None:
    """Errors that nobody lists have the same shape."""
    schema = build().openapi()
    for path, method in [("/books", "post"), ("/books", "get")]:
        answer = responses(schema, path, method)["default"]
        assert answer["content"] == {"application/problem+json": {"schema": REFERENCE}}


def test_what_a_service_documents_itself_stays() -> None:
    """Its own 422 and its own default are not touched."""
    answers = responses(build().openapi(), "/own", "get")
    assert answers["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/Refusal")
    assert answers["default"]["description"] == "mine"


def test_fastapis_schemas_go_when_nothing_uses_them() -> None:
    """No schema is left that no operation answers with, and each reference leads somewhere."""
    schema = build().openapi()
    schemas = schema["components"]["schemas"]
    assert set(schemas) == {"Book", "Refusal", "ProblemDetails", "ProblemFault"}
    used = {part.split('"')[0] for part in json.dumps(schema).split("#/components/schemas/")[1:]}
    assert used == set(schemas)


def test_the_document_is_made_once_and_follows_new_routes() -> None:
    """It is cached, as FastAPI does, until a route is added."""
    app = build()
    first = app.openapi()
    assert app.openapi() is first
    router = APIRouter()
    router.get("/late/{n}")(lambda n: n)
    app.include_router(router)
    second = app.openapi()
    assert "422" in responses(second, "/late/{n}", "get")
    assert "HTTPValidationError" not in json.dumps(second)


def test_management_routes_are_not_in_it() -> None:
    """Probes are nobody's business who reads the API."""
    app = build()
    with TestClient(app) as client:
        paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/books", "/own"}


def test_an_application_without_operations_has_an_empty_document() -> None:
    """No schema without a use."""
    assert FastNFuriousAPI(title="x").openapi() == FastAPI(title="x").openapi()


def test_the_schema_fits_what_is_sent() -> None:
    """Every member of a real problem is documented, and what is required is there."""
    problem = TestClient(build()).post("/books", json={}).json()
    details, fault = SCHEMAS["ProblemDetails"], SCHEMAS["ProblemFault"]
    assert set(details["required"]) <= set(problem) <= set(details["properties"])
    for entry in problem["errors"]:
        assert set(fault["required"]) <= set(entry) <= set(fault["properties"])
