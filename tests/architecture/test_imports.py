"""Who imports whom: the layers, no cycles, and nothing heavy before it is needed."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter

import grimp
import pytest

from tests.architecture.sources import PACKAGES, ROOT

FORBIDDEN_AT_IMPORT = {
    "aiosqlite",
    "alembic",
    "asyncpg",
    "boto3",
    "celery",
    "confluent_kafka",
    "copier",
    "elasticsearch",
    "fastavro",
    "google.protobuf",
    "grpc",
    "httpx2",
    "jinja2",
    "joserfc",
    "keycloak",
    "minio",
    "nats",
    "numpy",
    "opentelemetry.exporter",
    "pandas",
    "pyarrow",
    "pytest",
    "redis",
    "requests",
    "sqlalchemy",
    "uvicorn",
    "yaml",
}
"""What a service pays for only when it uses it; the first parts of module names."""


@cache
def graph() -> grimp.ImportGraph:
    """Return every import inside the product, also those inside functions."""
    return grimp.build_graph(*PACKAGES.values(), cache_dir=None)


def test_the_import_contracts_are_kept() -> None:
    """The layers of .importlinter hold."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_imports_itself_in_a_circle() -> None:
    """Any module can be imported first, and understood alone."""
    imports = {
        module: graph().find_modules_directly_imported_by(module) for module in graph().modules
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1][::-1]))


def test_the_generator_uses_only_the_core_of_the_runtime() -> None:
    """A tool that renders files does not drag a web framework along."""
    used = {
        imported
        for module in graph().find_descendants("fastnfurious_generator")
        for imported in graph().find_modules_directly_imported_by(module)
    }
    allowed = ("fastnfurious.core", "fastnfurious_generator")
    assert {name for name in used if not name.startswith(allowed)} <= {"fastnfurious"}


@pytest.mark.parametrize(
    ("statement", "also"),
    [
        (
            "import fastnfurious",
            {"fastapi", "pydantic", "opentelemetry", "prometheus_client", "typer"},
        ),
        ("from fastnfurious import FastNFuriousAPI", {"typer"}),
        ("from fastnfurious import FastNFuriousAPI; FastNFuriousAPI(title='x')", {"typer"}),
        ("import fastnfurious.cli", {"fastapi", "pydantic", "typer"}),
        ("import fastnfurious.testing", {"fastapi", "pydantic", "starlette", "typer"}),
        ("import fastnfurious_generator.cli", {"fastapi", "starlette", "opentelemetry"}),
    ],
)
def test_nothing_optional_is_imported_before_it_is_needed(statement: str, also: set[str]) -> None:
    """An import costs what it names, and no driver, exporter or data library with it."""
    listing = f"{statement}; import sys; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", listing], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    prefixes = tuple(f"{name}." for name in FORBIDDEN_AT_IMPORT | also)
    found = [name for name in loaded if f"{name}.".startswith(prefixes)]
    assert found == []
