"""Taking over the logs of a serving process before the first line is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI
    from fastnfurious.cli.settings import ServerSettings

__all__ = ["take_over_logs"]

_TALKATIVE = ("TRACE", "DEBUG")


def take_over_logs(app: FastNFuriousAPI, server: ServerSettings) -> None:
    """Let every line of the process go through the application's logs.

    What uvicorn says about starting, stopping and websockets repeats our own lines, so only its
    warnings are kept, unless the settings name it or everything is to be logged.

    Args:
        app: The application that is served.
        server: How it is served; secrets among these settings are kept out of the lines.
    """
    app.logs.redact(server)
    app.logs.install()
    chosen = any(name.partition(".")[0] == "uvicorn" for name in app.logs.settings.levels)
    if not chosen and app.logs.settings.level not in _TALKATIVE:
        app.logs.set_level("uvicorn", "WARNING")
