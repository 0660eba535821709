"""A certificate for the tests that serve TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a self-signed certificate and its key."""
    key, only, both = tmp_path / "key.pem", tmp_path / "only.pem", tmp_path / "both.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout"
    subprocess.run([*words.split(), key, "-out", only], check=True, capture_output=True)
    both.write_text(key.read_text() + only.read_text(), encoding="utf-8")
    return both
