"""Dependency overrides that do not outlive a test."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from fastnfurious.testing.overrides import restored_overrides


def test_overrides_are_restored_wherever_an_application_is_mounted() -> None:
    """Also below an application that knows no overrides itself, and after an error."""
    inner = FastAPI()
    inner.dependency_overrides[print] = repr
    outer = Starlette(routes=[Mount("/inner", inner)])
    try:
        with restored_overrides(outer):
            inner.dependency_overrides.clear()
            inner.dependency_overrides[repr] = print
            raise LookupError
    except LookupError:
        assert inner.dependency_overrides == {print: repr}


def test_what_is_no_application_of_fastapi_is_left_alone() -> None:
    """Any ASGI application can be tested with the same clients."""
    with restored_overrides(object()):
        pass
