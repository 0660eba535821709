"""The demonstration: a service from nothing to its first answer, with what to look at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fastnfurious_generator.rendering import render

__all__ = ["run_demo"]

_INVITATION = """
Serving {directory} on {url}; Ctrl-C stops it. Open or fetch:

    {url}/docs                            the API, to try out
    curl {url}/notes -H 'content-type: application/json' -d '{{"text": "Buy milk"}}'
    curl {url}/notes                      the worked example
    curl {url}/notes/7                    an error, as problem details
    curl {url}/health/ready               is it ready?
    curl {url}/metrics                    what it counts and measures
"""


def run_demo(directory: Path, *, port: int) -> int:
    """Render a service with the default answers, install it, test it and serve it.

    A folder that already holds a service is used as it is, so that a second demonstration starts
    at once.

    Args:
        directory: Folder of the service.
        port: Port to serve on.

    Returns:
        The exit code of the first step that failed, or of the server.

    Raises:
        GeneratorError: The service could not be rendered.
    """
    if (directory / "tasks.py").exists():
        print(f"Using the service in {directory}; delete the folder to begin anew.")
    else:
        print(f"Rendering a service into {directory} …", flush=True)
        render(directory, {})
    for task in ("install", "test"):
        print(f"\ninv {task}", flush=True)
        code = _invoke(directory, task)
        if code:
            return code
    url = f"http://127.0.0.1:{port}"
    print(_INVITATION.format(directory=directory, url=url), flush=True)
    return _serve(directory, port)


def _invoke(directory: Path, *arguments: str) -> int:
    return subprocess.call([sys.executable, "-m", "invoke", *arguments], cwd=directory)


def _serve(directory: Path, port: int) -> int:
    command = [sys.executable, "-m", "invoke", "start", "--port", str(port)]
    if os.name == "nt":
        return subprocess.call(command, cwd=directory)
    # The service takes the place of this process, so that Ctrl-C and every signal reach it.
    os.chdir(directory)
    os.execv(command[0], command)
