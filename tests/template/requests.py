"""Requests to a service that was started as a process of its own."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request

__all__ = ["free_port", "get", "wait_ready"]


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def get(url: str) -> tuple[int, str, str]:
    """Return the status, the media type and the body of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["content-type"], error.read().decode()


def wait_ready(process: subprocess.Popen[bytes], port: int, *, timeout: float = 30) -> str:
    """Wait until a service on a port is ready, and return its URL."""
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if get(f"{url}/health/ready")[0] == 200:
                return url
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The service is not ready; its exit code is {process.poll()}")
