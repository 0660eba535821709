"""The errors of a database. No message carries a value: rows and parameters may be secret.

::

    StatementFailed (RuntimeError)               the database refused a statement
    StatementTimeout (OperationTimeout)          504: a statement took too long
    IntegrityViolation (Conflict)                409: a rule of the database would be broken
    TransactionConflict (Conflict)               409: another transaction was faster; try again
    DatabaseUnavailable (ResourceUnavailable)    503: the database cannot be reached
    └── PoolExhausted                            503: every connection is in use
"""

from __future__ import annotations

from fastnfurious.core.errors import (
    Conflict,
    FastNFuriousError,
    OperationTimeout,
    ResourceUnavailable,
)
from fastnfurious.sql.values import Violation

__all__ = [
    "DatabaseUnavailable",
    "IntegrityViolation",
    "PoolExhausted",
    "StatementFailed",
    "StatementTimeout",
    "TransactionConflict",
]


class StatementFailed(FastNFuriousError, RuntimeError):
    """Say that the database refused a statement.

    Attributes:
        code: The database's own code, for example ``42P01`` or ``SQLITE_ERROR``.
        driver_error: What the driver raised. It may hold values, so keep it out of logs.
    """

    def __init__(
        self, message: str, *, code: str | None = None, driver_error: BaseException | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.driver_error = driver_error


class StatementTimeout(OperationTimeout):
    """Say that a statement took too long and was stopped; a request gets a 504 problem."""


class IntegrityViolation(Conflict):
    """Say that a change would break a rule of the database; a request gets a 409 problem.

    Attributes:
        violation: The kind of rule.
        constraint: Its name, or the columns that it is about, where the database tells.
        driver_error: What the driver raised. It may hold values, so keep it out of logs.
    """

    def __init__(
        self,
        message: str,
        *,
        violation: Violation = Violation.OTHER,
        constraint: str | None = None,
        driver_error: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.violation = violation
        self.constraint = constraint
        self.driver_error = driver_error


class TransactionConflict(Conflict):
    """Say that another transaction was faster; doing it all again may succeed."""


class DatabaseUnavailable(ResourceUnavailable):
    """Say that the database cannot be reached; a request gets a 503 problem."""


class PoolExhausted(DatabaseUnavailable):
    """Say that every connection stayed in use for too long; a request gets a 503 problem."""
