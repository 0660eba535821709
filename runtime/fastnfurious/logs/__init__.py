"""Logs: one shape for every line, whoever writes it.

loguru is the front end; lines of the standard library's ``logging``, of ``warnings`` and of the
server join in. A terminal gets aligned colours, everything else one JSON object a line.

    from loguru import logger

    logger.info("Order placed", order=7)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.logs.access import AccessLog as AccessLog
    from fastnfurious.logs.integration import Logs as Logs
    from fastnfurious.logs.line import Line as Line
    from fastnfurious.logs.settings import LogFormat as LogFormat
    from fastnfurious.logs.settings import LogSettings as LogSettings
    from fastnfurious.logs.settings import LogStream as LogStream
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "AccessLog": "fastnfurious.logs.access",
            "Line": "fastnfurious.logs.line",
            "LogFormat": "fastnfurious.logs.settings",
            "LogSettings": "fastnfurious.logs.settings",
            "LogStream": "fastnfurious.logs.settings",
            "Logs": "fastnfurious.logs.integration",
        },
    )
