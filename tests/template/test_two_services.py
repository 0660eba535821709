"""A service over NATS from the template, as a process of its own, and one over HTTP that asks it."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastnfurious_generator import render
from tests.template.requests import free_port, get, wait_ready
from tests.template.service import Service, outside

pytestmark = pytest.mark.slow


def prepared(folder: Path, **answers: object) -> Service:
    """Return a rendered service that can be started."""
    service = Service(render(folder, answers))
    service.prepare()
    return service


@contextmanager
def serving(service: Service, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start a service and wait until it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [service.bin / service.folder.name, "start", "--port", str(port)],
        cwd=service.folder,
        env=outside(**variables),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, wait_ready(process, port)
    finally:
        process.kill()
        process.wait()


def test_what_one_is_told_the_other_knows(tmp_path: Path) -> None:
    """The worked examples of both kinds fit together; the one over NATS ends as it should."""
    inventory = prepared(tmp_path / "inventory", project_name="inventory", kind="nats")
    shop = prepared(tmp_path / "shop", project_name="shop", integrations=["nats"])
    port = str(free_port())
    with serving(inventory, NATS_EMBEDDED_PORT=port) as (process, own):
        with serving(shop, NATS_URL=f"nats://127.0.0.1:{port}") as (_, url):
            assert get(f"{url}/stock/7")[0] == 502
            tell(f"{url}/stock", {"item": 7, "pieces": 3})
            assert json.loads(wait_for(f"{url}/stock/7")) == {"item": 7, "pieces": 3}
        assert "stock_changes_total 1.0" in get(f"{own}/metrics")[2]
        assert get(f"{own}/docs")[0] == 404
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0
    listed = inventory.succeed(inventory.bin / "inventory", "routes")
    assert "stock.get" in listed and "stock.changed" in listed
    document = json.loads(inventory.run(inventory.bin / "inventory", "asyncapi").stdout)
    assert "inventory_get_stock" in document["operations"]


def tell(url: str, body: object) -> None:
    """Send a body that is answered without one."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 202


def wait_for(url: str) -> str:
    """Return the body of an answer, once it is a good one: messages take a moment."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        status, _, body = get(url)
        if status == 200:
            return body
        time.sleep(0.02)
    raise AssertionError(f"{url} answers {status}: {body}")
