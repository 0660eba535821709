"""The table of driver error → our error.

Codes are those of the SQL standard as PostgreSQL gives them, and the names that SQLite gives its
own. Whatever the driver says may hold values, so our messages are written here.

*Source:* https://www.postgresql.org/docs/current/errcodes-appendix.html,
https://www.sqlite.org/rescode.html
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy.exc import InvalidRequestError, SQLAlchemyError

from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.sql.errors import (
    DatabaseUnavailable,
    IntegrityViolation,
    StatementFailed,
    StatementTimeout,
    TransactionConflict,
)
from fastnfurious.sql.statement import without_values
from fastnfurious.sql.values import Violation

__all__ = ["code_of", "failure_of", "misuse_of", "refusal_of", "timeout_of"]

_VIOLATIONS = {
    "23505": Violation.UNIQUE,
    "23503": Violation.FOREIGN_KEY,
    "23502": Violation.NOT_NULL,
    "23514": Violation.CHECK,
    "SQLITE_CONSTRAINT_UNIQUE": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_ROWID": Violation.UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": Violation.FOREIGN_KEY,
    "SQLITE_CONSTRAINT_NOTNULL": Violation.NOT_NULL,
    "SQLITE_CONSTRAINT_CHECK": Violation.CHECK,
}
_IN_WORDS = {
    Violation.UNIQUE: "a value that has to be unique is there already",
    Violation.FOREIGN_KEY: "a record refers to one that does not exist, or is still referred to",
    Violation.NOT_NULL: "a value that is required is missing",
    Violation.CHECK: "a value is outside of what is allowed",
    Violation.OTHER: "a rule of the database would be broken",
}
_TIMEOUTS = ("57014", "55P03", "SQLITE_INTERRUPT", "SQLITE_BUSY", "SQLITE_LOCKED")
_CONFLICTS = ("40001", "40P01", "SQLITE_BUSY_SNAPSHOT")
_AWAY = ("08", "53", "57P", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL")
_REFUSED = {
    "28P01": "the user or the password is wrong",
    "28000": "the user is not allowed to connect",
    "3D000": "there is no database of that name",
}
# Errors of syntax and of names speak of the statement; the rest may quote values.
_SPEAKS_OF_STATEMENT = ("42", "SQLITE_ERROR")
_QUOTED = re.compile(r'"([^"]*)"')
_SQLITE_COLUMNS = re.compile(r"constraint failed: (?P<columns>[\w., ]+)$")


def failure_of(error: BaseException, sql: str | None = None) -> FastNFuriousError:
    """Return our error for one of a driver.

    Args:
        error: The driver's.
        sql: The statement, if there was one; only what is no value in it is quoted.
    """
    code = code_of(error) or ""
    if code in _CONFLICTS:
        return TransactionConflict("Another transaction was faster: do it all again")
    if code.startswith(_TIMEOUTS):
        return StatementTimeout(f"The database stopped a statement: it waited too long ({code})")
    if code in _REFUSED:
        reason = _REFUSED[code]
        return DatabaseUnavailable(f"The database refused the connection: {reason} (DATABASE_URL)")
    if code.startswith(("23", "SQLITE_CONSTRAINT")):
        return _violation(error, code)
    if code.startswith(_AWAY) or isinstance(error, OSError):
        return DatabaseUnavailable(_away(code or _kind(error)))
    return StatementFailed(_said(error, code, sql or ""), code=code or None, driver_error=error)


def refusal_of(error: BaseException) -> str | None:
    """Return why the database will never let us in; ``None`` when it may just be away."""
    return _REFUSED.get(code_of(error) or "")


def misuse_of(error: SQLAlchemyError) -> str:
    """Return what SQLAlchemy finds wrong with a statement before the database sees it."""
    said = getattr(error, "orig", None) or error
    if not isinstance(said, InvalidRequestError):
        return type(said).__name__  # it may show the value that does not fit
    # Behind a colon stands the error of the database that it follows from.
    return str(said).partition(" (Background")[0].partition(":")[0]


def timeout_of(seconds: float) -> StatementTimeout:
    """Return the error of a statement that was stopped after its time."""
    return StatementTimeout(f"A statement took longer than {seconds:g} s and was stopped")


def code_of(error: BaseException) -> str | None:
    """Return the database's own code for an error."""
    for each in (error, error.__cause__):
        code = getattr(each, "sqlstate", None) or getattr(each, "sqlite_errorname", None)
        if code:
            return str(code)
    return None


def _away(reason: str) -> str:
    if reason.startswith("SQLITE_"):
        return f"The database's file, which DATABASE_FILE names, cannot be used: {reason}"
    return f"The database cannot be reached at the address in DATABASE_URL: {reason}"


def _violation(error: BaseException, code: str) -> IntegrityViolation:
    violation = _VIOLATIONS.get(code, Violation.OTHER)
    return IntegrityViolation(
        f"The change contradicts what is stored: {_IN_WORDS[violation]}",
        violation=violation,
        constraint=_constraint(error),
        driver_error=error,
    )


def _constraint(error: BaseException) -> str | None:
    original: Any = error.__cause__ or error
    name = getattr(original, "constraint_name", None) or getattr(original, "column_name", None)
    if name:
        return str(name)
    columns = _SQLITE_COLUMNS.search(str(error))
    return columns["columns"] if columns else None


def _said(error: BaseException, code: str, sql: str) -> str:
    if code.startswith(_SPEAKS_OF_STATEMENT):
        known = without_values(sql)
        # What stands between the marks is a name, or a piece of a text that was not closed.
        said = _QUOTED.sub(lambda found: found[0] if found[1] in known else "?", str(error))
        return f"The database refused a statement: {without_values(said)} ({code})"
    return f"The database refused a statement: {_kind(error)}{f' ({code})' if code else ''}"


def _kind(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__
