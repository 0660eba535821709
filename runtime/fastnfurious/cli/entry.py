"""The entry point of a service's command, light enough to answer Ctrl-C from its first moment."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence

__all__ = ["command"]

_INTERRUPTED = 130


def command(
    app: str, *, name: str | None = None, arguments: Sequence[str] | None = None
) -> Callable[[], None]:
    """Return a service's command, to be named as a script in its ``pyproject.toml``.

    Args:
        app: Where the application is, as ``module:attribute``; imported when it is first needed.
        name: What the command is called; the service's package with dashes by default.
        arguments: The words after the command's name; those of the process by default.

    Returns:
        A function that reads the command line and ends the process.

    Example:
        >>> main = command("my_service.app:app")
    """

    def main() -> None:
        try:
            from fastnfurious.cli.program import run

            code = run(app, name, sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt:
            code = _INTERRUPTED
        # The interpreter's last collections would go over every object that was ever imported,
        # which takes longer than the whole orderly stop.
        gc.freeze()
        sys.exit(code)

    return main
