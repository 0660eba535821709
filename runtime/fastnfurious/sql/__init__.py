"""A database over SQL: ``app.db``, SQLite in the process and PostgreSQL as a server.

    rows = await app.db.execute("SELECT * FROM products LIMIT :limit", {"limit": 10}).all()
    async with app.db.transaction() as transaction:
        await transaction.execute("DELETE FROM products WHERE id = :id", {"id": 7})

SQLAlchemy is underneath, with asyncpg and aiosqlite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastnfurious.core.lazy import lazy_names

if TYPE_CHECKING:
    from fastnfurious.sql.client import SqlClient as SqlClient
    from fastnfurious.sql.contract import Database as Database
    from fastnfurious.sql.dependencies import DatabaseDependency as DatabaseDependency
    from fastnfurious.sql.dependencies import SessionDependency as SessionDependency
    from fastnfurious.sql.errors import DatabaseUnavailable as DatabaseUnavailable
    from fastnfurious.sql.errors import IntegrityViolation as IntegrityViolation
    from fastnfurious.sql.errors import PoolExhausted as PoolExhausted
    from fastnfurious.sql.errors import StatementFailed as StatementFailed
    from fastnfurious.sql.errors import StatementTimeout as StatementTimeout
    from fastnfurious.sql.errors import TransactionConflict as TransactionConflict
    from fastnfurious.sql.integration import SqlIntegration as SqlIntegration
    from fastnfurious.sql.rows import Rows as Rows
    from fastnfurious.sql.settings import SqlSettings as SqlSettings
    from fastnfurious.sql.testing import RecordedDatabase as RecordedDatabase
    from fastnfurious.sql.transaction import Transaction as Transaction
    from fastnfurious.sql.values import Row as Row
    from fastnfurious.sql.values import Violation as Violation
else:
    __getattr__, __all__ = lazy_names(
        __name__,
        {
            "Database": "fastnfurious.sql.contract",
            "DatabaseDependency": "fastnfurious.sql.dependencies",
            "DatabaseUnavailable": "fastnfurious.sql.errors",
            "IntegrityViolation": "fastnfurious.sql.errors",
            "PoolExhausted": "fastnfurious.sql.errors",
            "RecordedDatabase": "fastnfurious.sql.testing",
            "Row": "fastnfurious.sql.values",
            "Rows": "fastnfurious.sql.rows",
            "SessionDependency": "fastnfurious.sql.dependencies",
            "SqlClient": "fastnfurious.sql.client",
            "SqlIntegration": "fastnfurious.sql.integration",
            "SqlSettings": "fastnfurious.sql.settings",
            "StatementFailed": "fastnfurious.sql.errors",
            "StatementTimeout": "fastnfurious.sql.errors",
            "Transaction": "fastnfurious.sql.transaction",
            "TransactionConflict": "fastnfurious.sql.errors",
            "Violation": "fastnfurious.sql.values",
        },
    )
