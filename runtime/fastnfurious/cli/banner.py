"""What a service says when it is ready: a few lines for a person, one log line for a machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from socket import socket
from typing import TYPE_CHECKING

from loguru import logger

from fastnfurious.cli.listeners import url
from fastnfurious.cli.output import is_terminal
from fastnfurious.cli.settings import ServerSettings

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["announce", "banner_rows", "to_open"]

_WILDCARDS = {"//0.0.0.0:": "//localhost:", "//[::]:": "//localhost:"}


def announce(
    app: FastNFuriousAPI,
    listeners: Sequence[socket],
    management_listeners: Sequence[socket],
    *,
    server: ServerSettings,
) -> None:
    """Say where the service is: on a terminal as a banner, otherwise as one log line.

    Args:
        app: The application.
        listeners: Where it listens.
        management_listeners: Where its management port listens, if it has one.
        server: How it is served.
    """
    settings, workers = app.settings, server.workers
    scheme = "https" if server.ssl_certfile else "http"
    urls = [url(listener, scheme) for listener in listeners]
    management = next((url(listener, "http") for listener in management_listeners), None)
    if is_terminal(sys.stderr) and app.logs.settings.format != "json":
        _print(app, list(banner_rows(app, urls, management=management, workers=workers)))
        return
    logger.info(
        "{} {} serves {} in {}",
        settings.service_name,
        settings.service_version,
        ", ".join(urls),
        settings.environment.value,
        urls=list(urls),
        management=management,
        workers=workers,
        embedded=_embedded(app),
    )


def banner_rows(
    app: FastNFuriousAPI, urls: Sequence[str], *, management: str | None, workers: int
) -> Iterator[tuple[str, str]]:
    """Yield the lines of the banner as label and value."""
    shown = [to_open(url) for url in urls]
    for address in shown:
        yield "Serving", address
    if subjects := [each.address for each in app.integrations.handled]:
        yield "Subjects", ", ".join(subjects)
    base, inside = shown[0].rstrip("/") + app.root_path, to_open(management or urls[0])
    if app.docs_url:
        yield "Docs", base + app.docs_url
    yield "Health", f"{inside}/health/ready"
    yield "Metrics", f"{inside}/metrics"
    if workers > 1:
        yield "Workers", str(workers)
    if embedded := _embedded(app):
        yield "Embedded", f"{', '.join(embedded)} (stand-ins for development)"


def to_open(address: str) -> str:
    """Return an address as a browser on this machine can open it.

    Example:
        >>> to_open("http://0.0.0.0:8000")
        'http://localhost:8000'
    """
    for wildcard, local in _WILDCARDS.items():
        address = address.replace(wildcard, local)
    return address


def _print(app: FastNFuriousAPI, rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.text import Text

    settings, console = app.settings, Console(stderr=True, highlight=False)
    title = Text.assemble(
        (settings.service_name, "bold"),
        f" {settings.service_version}",
        (f" · {settings.environment.value}", "dim"),
    )
    console.print(title)
    for label, value in rows:
        console.print(Text.assemble((f"  {label:<9}", "dim"), value), soft_wrap=True)
    console.print(Text("  Press Ctrl-C to stop.", "dim"))


def _embedded(app: FastNFuriousAPI) -> list[str]:
    return [name for name, mode in app.integrations.modes().items() if mode == "embedded"]
