"""The errors of the generator, leaves of the one tree in `fastnfurious.core.errors`.

::

    FastNFuriousError
    └── GeneratorError
        ├── AnswerError (ValueError)             an answer is not accepted, or answers no question
        ├── DestinationError (FileExistsError)   the folder for the service cannot be used
        └── RenderError (RuntimeError)           the template could not be rendered
"""

from __future__ import annotations

from fastnfurious.core.errors import FastNFuriousError

__all__ = ["AnswerError", "DestinationError", "GeneratorError", "RenderError"]


class GeneratorError(FastNFuriousError):
    """Catch whatever keeps a service from being rendered."""


class AnswerError(GeneratorError, ValueError):
    """Say which answer is not accepted, and what is."""


class DestinationError(GeneratorError, FileExistsError):
    """Say why the folder for the new service cannot be used."""


class RenderError(GeneratorError, RuntimeError):
    """Say why the template could not be rendered."""
