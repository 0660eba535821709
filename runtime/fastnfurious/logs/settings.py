"""The settings of logs: how much is written, in which form, and where to."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import orjson
from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.core.settings import Settings
from fastnfurious.logs.levels import LEVELS, level_name, level_number

__all__ = ["LogFormat", "LogSettings", "LogStream"]


class LogFormat(StrEnum):
    """What a line looks like; ``auto`` is text on a terminal and JSON everywhere else."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class LogStream(StrEnum):
    """Which of the process's streams the lines go to."""

    STDERR = "stderr"
    STDOUT = "stdout"


class LogSettings(Settings):
    """Choose how much is logged, in which form, and where to.

    Example:
        >>> LogSettings.load(levels="httpx=warning, shop.orders=debug").levels
        {'httpx': 'WARNING', 'shop.orders': 'DEBUG'}
    """

    model_config = {"env_prefix": "LOG_"}

    level: str = Field(
        "INFO",
        description="Level of every logger that has none of its own: TRACE, DEBUG, INFO, SUCCESS, "
        "WARNING, ERROR, CRITICAL or OFF.",
    )
    levels: Annotated[dict[str, str], NoDecode] = Field(
        default_factory=dict,
        description="Levels of single loggers and those below them, `httpx=WARNING,shop=DEBUG` or "
        "a JSON object.",
    )
    format: LogFormat = Field(
        LogFormat.AUTO,
        description="Form of a line; `auto` is text on a terminal and JSON everywhere else.",
    )
    stream: LogStream = Field(LogStream.STDERR, description="Stream that the lines go to.")
    access: bool = Field(
        True, description="Whether each request gets a line, under `fastnfurious.access`."
    )
    access_buffer: int = Field(
        256, ge=1, le=100_000, description="How many access lines are held at most."
    )
    access_flush_seconds: float = Field(
        0.5, gt=0, le=60, description="How long an access line is held at most, in seconds."
    )

    @field_validator("level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        try:
            return level_name(level_number(level))
        except ConfigurationError:
            # The message that this becomes part of has named the value already.
            raise ValueError(f"one of {', '.join(LEVELS)}") from None

    @field_validator("levels", mode="before")
    @classmethod
    def _pairs(cls, levels: Any) -> Any:
        if not isinstance(levels, str):
            return levels
        if levels.lstrip().startswith("{"):
            return _from_json(levels)
        return dict(_pair(part) for part in levels.split(",") if part.strip())

    @field_validator("levels")
    @classmethod
    def _known_levels(cls, levels: Mapping[str, str]) -> dict[str, str]:
        return {logger: level_name(level_number(level)) for logger, level in levels.items()}


def _from_json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"neither `logger=LEVEL,…` nor JSON ({error})") from None


def _pair(part: str) -> tuple[str, str]:
    logger, equals, level = part.partition("=")
    if not equals or not logger.strip():
        raise ValueError(f"{part.strip()!r} is not of the form `logger=LEVEL`")
    return logger.strip(), level.strip()
