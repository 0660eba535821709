"""Raising our error in the place of a driver's.

Neither as cause nor as context does our error keep the driver's: what that one says may hold
values, and a traceback would show it.
"""

from __future__ import annotations

from types import TracebackType

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.sql.errors import DatabaseUnavailable, StatementFailed
from fastnfurious.sql.failures import failure_of, misuse_of

__all__ = ["CONVERTED", "TRANSLATED", "driver_error"]


class _Translated:
    """Translate what SQLAlchemy raises in a ``with`` block; everything else passes."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, SQLAlchemyError):
            raise _ours(error) from None


class _Converted(_Translated):
    """Translate what a statement alone raises: errors of converting its values as well."""

    __slots__ = ()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        if isinstance(error, FastNFuriousError):
            return
        if isinstance(error, ArithmeticError | LookupError | TypeError | ValueError):
            # Neither SQLAlchemy nor the driver wraps them, and they may quote the value.
            raise StatementFailed(
                "A value of a statement, or of its answer, is not of the type that it should be "
                f"of ({type(error).__name__})"
            ) from None


TRANSLATED = _Translated()
"""Translate in a ``with`` block that may hold code of the application."""

CONVERTED = _Converted()
"""Translate in a ``with`` block that holds a statement and nothing else."""


def driver_error(error: BaseException) -> BaseException:
    """Return the driver's error inside one of SQLAlchemy."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, BaseException) else error


def _ours(error: SQLAlchemyError) -> FastNFuriousError:
    if not isinstance(error, DBAPIError):
        return StatementFailed(f"A statement cannot be run: {misuse_of(error)}")
    if error.connection_invalidated:
        return DatabaseUnavailable("The connection to the database was lost")
    return failure_of(driver_error(error), error.statement)
