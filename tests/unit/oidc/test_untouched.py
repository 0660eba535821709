"""What is not used costs nothing, although the pages show how to log in."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import json, sys
from fastnfurious import FastNFuriousAPI
from fastnfurious.oidc import CurrentUser
from starlette.testclient import TestClient

app = FastNFuriousAPI()

@app.get("/me")
async def me(user: CurrentUser) -> None: ...

with TestClient(app) as client:
    assert client.get("/docs").status_code == 200
    checks = client.get("/health/ready").json()["checks"]
print(json.dumps([checks["oidc"][0]["status"], "joserfc" in sys.modules, "httpx" in sys.modules]))
"""


def test_probes_import_nothing_for_an_issuer_that_nobody_has_asked() -> None:
    """The first import takes long enough to fail the checks of other parts beside it."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    assert json.loads(done.stdout) == ["pass", False, False]
