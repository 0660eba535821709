"""A rendered service on the disk, and how its tasks are run as a user would run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Service", "outside"]

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "no_proxy")
_KEPT_PREFIXES = ("PIP_", "UV_", "http_", "https_", "HTTP_", "HTTPS_", "NO_PROXY")


def outside(**variables: str) -> dict[str, str]:
    """Return the environment of a shell in which nothing of this repository is active."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return {**kept, "PATH": os.defpath, **variables}


@dataclass(frozen=True)
class Service:
    """Run things in the folder of a rendered service.

    Args:
        folder: Where it was rendered.
    """

    folder: Path

    def run(self, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, whatever its exit code; nothing of this repository is active."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=outside(**variables),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def succeed(self, *command: str | Path, **variables: str) -> str:
        """Run a command there, fail the test if it fails, and return what it printed."""
        done = self.run(*command, **variables)
        shown = " ".join(map(str, command))
        assert done.returncode == 0, f"{shown} → {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def inv(self, *arguments: str, **variables: str) -> str:
        """Run a task, with an Invoke that is installed elsewhere, and fail if it fails."""
        return self.succeed(sys.executable, "-m", "invoke", *arguments, **variables)

    @property
    def bin(self) -> Path:
        """Return the folder of the commands of its environment."""
        return self.folder / ".venv" / "bin"

    def prepare(self) -> None:
        """Make a .venv that borrows every package of this repository's own environment.

        That takes a second, where `inv install` takes ten. Also, it installs the service for this
        Python when its answers ask for a later one.
        """
        self._venv(self.folder / ".venv")
        self._pip(self.folder / ".venv", "--no-build-isolation", "--editable", ".")

    def install_wheel(self, venv: Path) -> Path:
        """Install the wheel of dist/ into an environment of its own and return its Python."""
        self._venv(venv)
        (wheel,) = (self.folder / "dist").glob("*.whl")
        self._pip(venv, str(wheel))
        return venv / "bin" / "python"

    def _venv(self, folder: Path) -> None:
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
        self.succeed(uv, "venv", "-q", "--relocatable", "--python", sys.executable, folder)
        (site,) = folder.glob("lib/python*/site-packages")
        shared = sysconfig.get_path("purelib")
        (site / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")

    def _pip(self, venv: Path, *arguments: str) -> None:
        python = str(venv / "bin" / "python")
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps"]
        self.succeed(*pip, "--ignore-requires-python", *arguments)
