"""An environment of its own, in ``.cache``, for packages that development must not depend on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

__all__ = ["Environment", "call_module"]

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Environment:
    """Packages locked in a file, installed into a folder when they are first needed.

    Args:
        name: Folder below ``.cache``.
        requirements: File with the locked packages and their hashes.
    """

    name: str
    requirements: Path

    @property
    def folder(self) -> Path:
        """Return the folder that everything about the environment is kept in."""
        return ROOT / ".cache" / self.name

    @property
    def python(self) -> Path:
        """Return the interpreter; it exists once the environment is prepared."""
        return self.folder / "venv" / "bin" / "python"

    def prepare(self) -> None:
        """Install the packages, unless they are there already.

        Raises:
            RuntimeError: They cannot be installed; the message says why.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = self.requirements.read_text(encoding="utf-8")
        stamp = self.folder / "venv" / ".prepared"
        with FileLock(self.folder / "lock"):
            if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
                return
            call_module("uv", "venv", "--quiet", "--clear", self.folder / "venv")
            install = ("uv", "pip", "install", "--quiet", "--require-hashes")
            call_module(*install, "--python", self.python, "--requirements", self.requirements)
            stamp.write_text(wanted, encoding="utf-8")

    def printed_by(
        self,
        program: str,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        limit: float = 120,
    ) -> Any:
        """Run a module of the benchmarks in the environment, and return what it prints as JSON.

        Args:
            program: Name of the module.
            arguments: Its arguments.
            variables: The environment variables it sees, besides those that it needs.
            limit: Seconds that it may take.

        Raises:
            subprocess.CalledProcessError: It failed; what it had to say is on standard error.
        """
        printed = subprocess.run(
            [self.python, "-m", program, *arguments],
            env={"PYTHONPATH": f"{ROOT / 'runtime'}:{ROOT}", **(variables or {})},
            cwd=self.folder,  # where no .env lies
            stdout=subprocess.PIPE,
            check=True,
            timeout=limit,
        ).stdout
        return json.loads(printed)

    def lock(self, *sources: str | Path) -> None:
        """Resolve the packages anew, with those of ours in the versions locked for development.

        Args:
            sources: Files and options for ``uv pip compile``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        constraints = self.folder / "constraints.txt"
        constraints.write_text("\n".join(_locked()), encoding="utf-8")
        options = ("--universal", "--python-version=3.11", "--generate-hashes", "--no-header")
        compiling = ("uv", "pip", "compile", "--quiet", "--upgrade", "--no-annotate", *options)
        call_module(*compiling, "-c", constraints, "-o", self.requirements, *sources)


def _locked() -> list[str]:
    """Return the versions locked for development, without those of pytest and its plugins."""
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.removesuffix(" \\") for line in lines if line[:1].isalpha()]
    return [line for line in pinned if not line.startswith("pytest")]


def call_module(*command: str | Path) -> None:
    """Run a module of the environment in use, and be silent about it unless it fails.

    Raises:
        RuntimeError: It failed; the message holds what it printed.
    """
    ended = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{ended.stderr[-3000:]}")
