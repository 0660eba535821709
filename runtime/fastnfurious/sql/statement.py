"""A statement as it may be shown: without the values that somebody wrote into it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from fastnfurious.sql.values import Parameters

__all__ = ["OTHER", "Statement", "operation_of", "without_values"]

OTHER = "OTHER"
_READING = frozenset(("EXPLAIN", "PRAGMA", "SELECT", "SHOW", "TABLE", "VALUES"))
_WRITING = frozenset(
    "ALTER ANALYZE BEGIN CALL COMMIT COPY CREATE DELETE DROP GRANT INSERT MERGE REINDEX REPLACE "
    "REVOKE ROLLBACK SAVEPOINT SET TRUNCATE UPDATE VACUUM WITH".split()
)
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*([a-zA-Z]+)", re.DOTALL)
_CHANGES = re.compile(r"\b(?:DELETE|INSERT|MERGE|UPDATE)\b", re.IGNORECASE)
_VALUES = re.compile(
    r"""
      "(?:""|[^"])*"                            # a name: kept
    | (?P<value>
          [eEbBxXnN]?'(?:''|\\'|[^'])*(?:'\w*|\Z)  # a text, also one that is broken or open
        | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$       # a text between dollars
        | (?<![\w$:.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?
    )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """Hold a statement that is to be run.

    Attributes:
        sql: What was given: SQL, or a statement of SQLAlchemy.
        parameters: Its values.
        timeout: Seconds that it may take, if it has a limit of its own.
    """

    sql: str | Executable
    parameters: Parameters | None = None
    timeout: float | None = None

    @property
    def text(self) -> str:
        """Return the SQL without values."""
        return without_values(str(self.sql))

    @property
    def operation(self) -> str:
        """Return what it does, ``SELECT`` for example; ``OTHER`` when that is unknown."""
        return operation_of(_text_of(self.sql))

    @property
    def reads(self) -> bool:
        """Return whether it only reads, as far as its text tells."""
        text = _text_of(self.sql)
        operation = operation_of(text)
        return operation in _READING or (operation == "WITH" and not _CHANGES.search(text))


@lru_cache(1024)
def operation_of(text: str) -> str:
    """Return the first word of a statement, if it is one that is known.

    Example:
        >>> operation_of("/* by id */ select * from products")
        'SELECT'
    """
    found = _FIRST_WORD.match(text)
    word = found[1].upper() if found else OTHER
    return word if word in _READING or word in _WRITING else OTHER


@lru_cache(1024)
def without_values(text: str) -> str:
    """Return a statement with ``?`` in place of every text and number in it.

    Example:
        >>> without_values("SELECT * FROM people WHERE name = 'Ann' AND age > 30 LIMIT :limit")
        'SELECT * FROM people WHERE name = ? AND age > ? LIMIT :limit'
    """
    return _VALUES.sub(lambda found: found[0] if found["value"] is None else "?", text).strip()


def _text_of(sql: Any) -> str:
    if isinstance(sql, str):
        return sql
    text = getattr(sql, "text", None)
    # SQLAlchemy would put any other statement together anew; the name of its kind is enough here.
    return text if isinstance(text, str) else str(getattr(sql, "__visit_name__", sql))
