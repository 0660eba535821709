"""What the linters of this repository refuse."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

BANNED = [
    "from starlette.middleware.base import BaseHTTPMiddleware\n\nprint(BaseHTTPMiddleware)\n",
    "import starlette.middleware.base\n\nprint(starlette.middleware.base)\n",
]


@pytest.mark.parametrize("source", BANNED)
def test_the_slow_middleware_is_refused(source: str) -> None:
    """Lint points at ``BaseHTTPMiddleware`` and says what to write in its place."""
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--stdin-display-name", "runtime/example.py", "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "I251" in done.stdout
    assert "write pure ASGI" in done.stdout
