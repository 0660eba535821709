"""A statement can be shown, because the values in it cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column, delete, select, table, text

from fastnfurious.sql.statement import Statement, operation_of, without_values


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("SELECT * FROM t WHERE a = 'x'", "SELECT * FROM t WHERE a = ?"),
        (
            "SELECT * FROM t WHERE a = 'it''s' AND b = 1.5e-3",
            "SELECT * FROM t WHERE a = ? AND b = ?",
        ),
        ("SELECT $tag$a ' secret$tag$", "SELECT ?"),
        ('SELECT "it\'s 1" FROM t1', 'SELECT "it\'s 1" FROM t1'),
        ("SELECT a1, $1, :name2 FROM t", "SELECT a1, $1, :name2 FROM t"),
        ("INSERT INTO t VALUES (-1, 22)", "INSERT INTO t VALUES (-?, ?)"),
        ("SELECT E'a\\'secret'", "SELECT ?"),
    ],
)
def test_values_are_replaced(written: str, shown: str) -> None:
    """Texts and numbers go; names, and the places of values, stay."""
    assert without_values(written) == shown


@given(st.text())
def test_no_text_gets_through(secret: str) -> None:
    """Whatever is between the quotes is replaced, quotes included."""
    literal = "'" + secret.replace("\\", "").replace("'", "''") + "'"
    assert without_values(f"SELECT a FROM b WHERE c = {literal}") == "SELECT a FROM b WHERE c = ?"


@pytest.mark.parametrize(
    ("sql", "operation", "reads"),
    [
        ("select 1", "SELECT", True),
        ("  -- why\n/* and how */ (SELECT 1)", "SELECT", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH", True),
        ("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a", "WITH", False),
        ("update t set a = 1", "UPDATE", False),
        ("s3cr3t", "OTHER", False),
        ("", "OTHER", False),
        (select(column("a")), "SELECT", True),
        (delete(table("a")), "DELETE", False),
        (text("INSERT INTO a VALUES (1)"), "INSERT", False),
    ],
)
def test_what_a_statement_does_is_known(sql: str, operation: str, reads: bool) -> None:
    """The operation is one of few, because it becomes the label of a metric."""
    statement = Statement(sql)
    assert (statement.operation, statement.reads) == (operation, reads)


@given(st.text())
def test_any_text_has_an_operation(written: str) -> None:
    """A made-up word is no operation."""
    assert operation_of(f"x{written}") in {"OTHER"}
