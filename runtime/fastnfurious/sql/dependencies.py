"""What a handler may ask for by annotation, also in a router that cannot import the application.

The functions behind the annotations are stable, so ``dependency_overrides`` replaces them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from fastnfurious.core.context import APPLICATION_KEY
from fastnfurious.core.errors import ConfigurationError
from fastnfurious.sql.client import SqlClient

__all__ = ["DatabaseDependency", "SessionDependency", "current_database", "current_session"]


async def current_database(connection: HTTPConnection) -> SqlClient:
    """Return the database of the application that observes the request."""
    application = connection.scope.get(APPLICATION_KEY)
    if application is None:
        raise ConfigurationError("This route is not served by a FastNFuriousAPI: mount it in one")
    database: SqlClient = application.db
    return database


DatabaseDependency = Annotated[SqlClient, Depends(current_database)]
"""The database: ``async def handler(db: DatabaseDependency)``."""


async def current_session(database: DatabaseDependency) -> AsyncIterator[AsyncSession]:
    """Return a session that is committed when the handler returns, before the answer is sent."""
    async with database.session() as session:
        yield session


SessionDependency = Annotated[AsyncSession, Depends(current_session, scope="function")]
"""A session for one request: ``async def handler(session: SessionDependency)``."""
