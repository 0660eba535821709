"""A real server: with its own logging configuration, every line comes out once and in our shape."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

APPLICATION = """
import logging, sys, warnings
from loguru import logger
from fastnfurious.core.errors import mark_logged
from fastnfurious.core.settings import FastNFuriousSettings
from fastnfurious.logs.integration import Logs
from fastnfurious.logs.settings import LogSettings

logs = Logs(LogSettings.load(), FastNFuriousSettings.load())

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await logs.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await logs.aclose()
        await send({"type": "lifespan.shutdown.complete"})
        return
    path = scope["path"]
    try:
        if path == "/fail":
            raise ValueError("reason")
        logging.getLogger("third.party").info("standard")
        logger.info("loguru")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
        status = 200
    except ValueError as error:
        logger.exception("failed")
        mark_logged(error)
        status = 500
        raise
    finally:
        logs.access.write("id", None, None, "GET", path, path, status, 0.1, None)

if __name__ == "__main__":
    import uvicorn
    logs.install()
    uvicorn.run("service:app", port=int(sys.argv[1]), workers=int(sys.argv[2]))
    logs.restore()
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> int:
    """Ask for a path and return the status, once the server is there."""
    limit = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


@contextmanager
def serve(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a process of its own, and end it with SIGTERM."""
    (folder / "service.py").write_text(APPLICATION, encoding="utf-8")
    with (folder / "out").open("wb") as out:
        environment = {**os.environ, "PYTHONPATH": str(folder), "LOG_FORMAT": "json"}
        process = subprocess.Popen(
            [sys.executable, *command], cwd=folder, stdout=out, stderr=out, env=environment
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def parsed(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the lines that are JSON, and those that are not."""
    lines, others = [], []
    for text in (folder / "out").read_text(encoding="utf-8").splitlines():
        if text.startswith("{"):
            lines.append(json.loads(text))
        else:
            others.append(text)
    return lines, others


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_under_the_servers_own_command(tmp_path: Path, http: str) -> None:
    """Between start-up and shutdown every line is ours, once, whatever the server configured."""
    port = free_port()
    command = ["-m", "uvicorn", "service:app", "--port", str(port), "--http", http]
    with serve(tmp_path, *command):
        assert get(port, "/items") == 200
        assert get(port, "/fail") == 500
    lines, others = parsed(tmp_path)
    said = [(line["logger"], line["message"]) for line in lines]
    assert said == [
        ("uvicorn.error", "Application startup complete."),
        ("uvicorn.error", f"Uvicorn running on http://127.0.0.1:{port} (Press CTRL+C to quit)"),
        ("third.party", "standard"),
        ("service", "loguru"),
        ("fastnfurious.access", "GET /items 200 in 100.0 ms"),
        ("service", "failed"),
        ("fastnfurious.access", "GET /fail 500 in 100.0 ms"),
        ("uvicorn.error", "Shutting down"),
        ("uvicorn.error", "Waiting for application shutdown."),
    ]
    outside = ("Started server", "Waiting for application startup", "shutdown complete", "Finished")
    assert all(any(words in text for words in outside) for text in others), others


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_under_a_command_that_installs_first(tmp_path: Path, workers: str) -> None:
    """With the logs installed by the command that serves, its own process writes only our lines."""
    port = free_port()
    with serve(tmp_path, "service.py", str(port), workers):
        assert get(port, "/items") == 200
    lines, others = parsed(tmp_path)
    said = [line["message"] for line in lines]
    assert said.count("loguru") == said.count("standard") == 1
    assert "GET /items 200 in 100.0 ms" in said
    if workers == "1":
        assert others == []
        assert any(text.startswith("Finished server process") for text in said)
    else:
        assert any(text.startswith("Stopping parent process") for text in said)
