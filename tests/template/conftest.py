"""What the tests of rendered services share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.service import ROOT, outside


@pytest.fixture(scope="session")
def library_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel of this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, env=outside(), capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel
