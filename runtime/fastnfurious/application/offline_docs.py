"""The docs' pages with scripts of the service's own, for people whose browsers reach no CDN."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route, request_response

__all__ = ["serve_docs_offline"]

_FILES = {
    "swagger_js_url": "swagger-ui-bundle.js",
    "swagger_css_url": "swagger-ui.css",
    "swagger_favicon_url": "favicon.png",
    "redoc_js_url": "redoc.standalone.js",
    "redoc_favicon_url": "favicon.png",
}
_FONTS = "https://fonts.googleapis.com/css?family=Montserrat:300,400,700|Roboto:300,400,700"
_NO_FONTS = "data:text/css,"


def serve_docs_offline(app: FastAPI) -> None:
    """Let the docs' pages of an application load their scripts from itself.

    That is where the extra ``docs`` is installed, which brings the files. Otherwise the pages are
    FastAPI's own, which load them from a CDN.
    """
    pages = [url for url in (app.docs_url, app.redoc_url) if url and app.openapi_url]
    files = _folder()
    if files is None or not pages:
        return
    # Whoever has no such files needs not wait for it.
    from starlette.staticfiles import StaticFiles

    address = f"{pages[0].rstrip('/')}/_assets"
    for route in app.routes:
        if isinstance(route, Route) and route.path in pages:
            route.app = request_response(_with_own(route.endpoint, dict(_replaced(address))))
    app.mount(address, StaticFiles(directory=files))


def _folder() -> Path | None:
    # Not imported: of the package only its files are wanted.
    found = find_spec("fastapi_offline")
    return None if found is None or not found.origin else Path(found.origin).parent / "static"


def _replaced(address: str) -> Iterator[tuple[str, str]]:
    """Yield the addresses that FastAPI writes into its pages, and what they become."""
    for page in (get_swagger_ui_html, get_redoc_html):
        for name, parameter in signature(page).parameters.items():
            if name in _FILES:
                yield parameter.default, f"{address}/{_FILES[name]}"


def _with_own(page: Callable[[Request], Any], replaced: Mapping[str, str]) -> Any:
    async def answer(request: Request) -> HTMLResponse:
        text = (await page(request)).body.decode()
        here = request.scope.get("root_path", "").rstrip("/")
        for theirs, ours in replaced.items():
            text = text.replace(theirs, f"{here}{ours}")
        return HTMLResponse(text.replace(_FONTS, _NO_FONTS))

    return answer
