"""Starting services as their users do: a command, and then the first answer."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from fastnfurious_generator import render

__all__ = ["Start", "bare", "measure_start", "rendered"]

_BARE = """
from fastapi import FastAPI

app = FastAPI(title="Benchmark")


@app.get("/items/{item_id}")
async def read_item(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}
"""
_METADATA = "Metadata-Version: 2.1\nName: my-service\nVersion: 0.1.0\n"
LIMIT = 60


class Start(NamedTuple):
    """Say what it took until a server answered."""

    seconds: float
    cpu: float
    """Seconds of processor time, which other work of the machine hardly changes."""


def bare(folder: Path) -> list[str]:
    """Write FastAPI as it comes, with one route; return what follows ``python`` to serve it."""
    (folder / "bare.py").write_text(_BARE, encoding="utf-8")
    return ["-m", "uvicorn", "bare:app", "--app-dir", str(folder)]


def rendered(folder: Path, kind: str) -> list[str]:
    """Render a service with the default answers; return what follows ``python`` to serve it."""
    source = render(folder / "service", {"project_name": "my-service", "kind": kind}) / "src"
    # It is not installed, but asks for its own version.
    known = source / "my_service-0.1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text(_METADATA, encoding="utf-8")
    begin = (
        f"import sys; sys.path.insert(0, {str(source)!r}); from my_service.cli import main; main()"
    )
    return ["-c", begin, "start"]


def measure_start(
    command: list[str], path: str, *, folder: Path, variables: Mapping[str, str]
) -> Start:
    """Start a server, wait until it answers with 200, and stop it.

    Args:
        command: The server's; the port is added.
        path: What to ask for.
        folder: Where it runs.
        variables: The environment variables that it sees.

    Raises:
        TimeoutError: It does not answer; the message names the command.
    """
    port = _free_port()
    began = time.perf_counter()
    with _running([*command, "--port", str(port)], folder, variables) as process:
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if time.perf_counter() - began > LIMIT:
                raise TimeoutError(f"{' '.join(command)} does not answer")
            time.sleep(0.002)
        used = process.cpu_times()
        return Start(time.perf_counter() - began, used.user + used.system)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _running(
    command: list[str], folder: Path, variables: Mapping[str, str]
) -> Iterator[psutil.Popen]:
    silent = subprocess.DEVNULL
    environment = {"PATH": os.environ["PATH"], **variables}
    process = psutil.Popen(command, cwd=folder, env=environment, stdout=silent, stderr=silent)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
