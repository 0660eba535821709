"""The command line of a service: start it, check it, look inside it.

A service's ``cli.py`` is two lines; its ``pyproject.toml`` names ``main`` as the script::

    from fastnfurious.cli import command

    main = command("my_service.app:app")

The application is imported only by a command that needs it, so help, version and tab completion
answer at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.cli.entry import command as command
    from fastnfurious.cli.exit_codes import ExitCode as ExitCode
    from fastnfurious.cli.settings import ServerSettings as ServerSettings
    from fastnfurious.cli.target import Target as Target
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "ExitCode": "fastnfurious.cli.exit_codes",
            "ServerSettings": "fastnfurious.cli.settings",
            "Target": "fastnfurious.cli.target",
            "command": "fastnfurious.cli.entry",
        },
    )
