"""A value that goes into the database comes out of no log, span, metric, error or answer."""

from __future__ import annotations

import enum
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import (
    Enum,
    Integer,
    String,
    bindparam,
    cast,
    column,
    insert,
    literal,
    select,
    table,
)
from sqlalchemy import text as text_of
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql import Executable

from fastnfurious import FastNFuriousAPI
from fastnfurious.core.errors import FastNFuriousError
from fastnfurious.logs.testing import RecordedLogs
from fastnfurious.sql import SqlClient
from fastnfurious.testing.async_client import AsyncTestClient
from fastnfurious.tracing.testing import RecordedSpans

CANARY = "c4n4ry"
NUMBER = 907_654_321_123
ADD = "INSERT INTO products VALUES (:id, :name, :price)"
TEA = {"id": 1, "name": "tea", "price": 3}
PRODUCTS = table(
    "products", column("id", Integer), column("name", String), column("price", Integer)
)


class Colour(enum.Enum):
    """What a colour may be."""

    RED = "red"


STATEMENTS: dict[str, tuple[str | Executable, object]] = {
    "kept": (ADD, {"id": 7, "name": CANARY, "price": 1}),
    "kept in many rows": (ADD, [{"id": n, "name": f"{CANARY}{n}", "price": 1} for n in (7, 8)]),
    "kept by SQLAlchemy": (insert(PRODUCTS).values(id=7, name=CANARY, price=1), None),
    "compared": ("SELECT * FROM products WHERE name = :name", {"name": CANARY}),
    "compared with a list": (select(PRODUCTS).where(PRODUCTS.c.name.in_([CANARY, "x"])), None),
    "written into the text": (f"SELECT '{CANARY}' AS text, {NUMBER} AS number", None),
    "literal of SQLAlchemy": (select(literal(CANARY).label("a")), None),
    "not unique": (ADD, [{**TEA, "id": 7, "name": CANARY}, {**TEA, "id": 8, "name": CANARY}]),
    "key not unique": (ADD, [{**TEA, "id": 987654321, "name": CANARY}] * 2),
    "refers to nothing": ("INSERT INTO orders VALUES (:id)", {"id": 907_654_321}),
    "forbidden": (ADD, {"id": 7, "name": CANARY, "price": -907_654_321}),
    "missing": (ADD, {"id": 7, "name": None, "price": 907_654_321}),
    "of another type": (ADD, {"id": CANARY, "name": "x", "price": 1}),
    "not to be cast": (
        select(cast(cast(bindparam("a", CANARY, String), String), Integer).label("a")),
        None,
    ),
    "too large": (ADD, {"id": 10**30, "name": CANARY, "price": NUMBER}),
    "of no type": (ADD, {"id": 7, "name": {CANARY: CANARY}, "price": 1}),
    "of no enumeration": (select(literal(CANARY, Enum(Colour)).label("colour")), None),
    "too many": ("SELECT :a AS a", {"b": CANARY}),
    "in a broken text": (f"SELECT 'O'{CANARY}' AS a", None),
    "in an open text": (f"SELECT * FROM products WHERE name = '{CANARY}", None),
    "in wrong grammar": (f"SELEC '{CANARY}'", None),
    "beside a wrong name": (f"SELECT nothing FROM products WHERE name = '{CANARY}'", None),
    "in a comparison of two types": (f"SELECT * FROM products WHERE id = '{CANARY}'", None),
}


class Base(DeclarativeBase):
    """Hold the tables."""


class Product(Base):
    """A product as a model of SQLAlchemy."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    price: Mapped[int]


@pytest.fixture
def app(url: str, db: SqlClient, monkeypatch: pytest.MonkeyPatch) -> FastNFuriousAPI:
    """Return a service that logs and traces all that it can."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("DATABASE_SLOW_SECONDS", "0")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    app = FastNFuriousAPI(title="Shop", integrations=["sql"])

    @app.get("/statements/{name}")
    async def run(name: str) -> None:
        statement, values = STATEMENTS[name]
        await app.db.execute(statement, values).all()  # type: ignore[arg-type]

    @app.get("/streams/{name}")
    async def stream(name: str) -> None:
        statement, values = STATEMENTS[name]
        async for _ in app.db.execute(statement, values):  # type: ignore[arg-type]
            pass

    @app.get("/sessions/{name}")
    async def in_session(name: str) -> None:
        statement, values = STATEMENTS[name]
        prepared = text_of(statement) if isinstance(statement, str) else statement
        async with app.db.session() as session:
            await session.execute(prepared, values)  # type: ignore[call-overload]

    @app.get("/models")
    async def model() -> None:
        async with app.db.session() as session:
            session.add(Product(id=987654321, name=CANARY, price=1))
            await session.flush()
            session.add(Product(id=98766, name=CANARY, price=1))
            try:
                await session.flush()
            except SQLAlchemyError:
                await session.execute(text_of("SELECT 1"))

    return app


@pytest.fixture
def places(app: FastNFuriousAPI, spans: RecordedSpans, logs: RecordedLogs) -> Iterator[list[str]]:
    """Collect every text in which a value must not be, and look through them at the end."""
    texts: list[str] = []
    yield texts
    texts += map(str, logs.records)
    texts += [f"{span} {span.tags} {span.events}" for span in spans]
    texts.append(str(app.metrics.render(None)[0]))
    assert len(texts) > 3
    assert [text for text in texts if _shows_value(text)] == []


def _shows_value(text: str) -> bool:
    return any(value in text for value in (CANARY, "907654321", "987654321"))


@pytest.fixture
async def client(app: FastNFuriousAPI) -> AsyncIterator[AsyncTestClient]:
    """Return a client that takes an error as the answer that it is."""
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("way", ["statements", "streams", "sessions"])
async def test_no_value_is_shown(way: str, places: list[str], client: AsyncTestClient) -> None:
    """Whether a statement succeeds or fails, and however it fails."""
    answers = [await client.get(f"/{way}/{name}") for name in STATEMENTS]
    assert {answer.status_code for answer in answers} >= {200, 500}
    places += [answer.text for answer in answers]


async def test_no_value_of_a_model_is_shown(places: list[str], client: AsyncTestClient) -> None:
    """Also when the session is used on after its error."""
    places.append((await client.get("/models")).text)


async def test_no_error_holds_a_value(db: SqlClient) -> None:
    """What a traceback would print is as silent as the message."""
    shown = dict[str, str]()
    for name, (statement, values) in STATEMENTS.items():
        try:
            await db.execute(statement, values).all()  # type: ignore[arg-type]
        except FastNFuriousError as error:
            shown[name] = f"{error!r} {error} {''.join(traceback.format_exception(error))}"
    assert len(shown) > len(STATEMENTS) / 2
    assert {name: text for name, text in shown.items() if _shows_value(text)} == {}
