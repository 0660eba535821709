"""The docs' pages where no CDN can be reached."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI
from fastnfurious.application import offline_docs


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
@pytest.mark.parametrize("root", ["", "/shop"])
def test_a_page_loads_nothing_from_elsewhere(page: str, root: str) -> None:
    """All that it names is there, also behind a proxy that takes a prefix away."""
    client = TestClient(FastNFuriousAPI(), root_path=root)
    text = client.get(f"{root}{page}").text
    assert "https://" not in text
    loaded = re.findall(r'(?:src|href)="([^"]*_assets[^"]*)"', text)
    assert len(loaded) >= 2
    for address in loaded:
        assert address.startswith(f"{root}/docs/_assets/")
        assert client.get(address).status_code == 200


def test_pages_at_other_addresses_work_too() -> None:
    """Also at the root, and one without the other."""
    client = TestClient(FastNFuriousAPI(docs_url="/", redoc_url=None))
    assert 'src="/_assets/swagger-ui-bundle.js"' in client.get("/").text
    assert client.get("/_assets/swagger-ui-bundle.js").status_code == 200
    assert client.get("/redoc").status_code == 404


@pytest.mark.parametrize("options", [{"docs_url": None, "redoc_url": None}, {"openapi_url": None}])
def test_without_pages_there_are_no_files(options: dict[str, None]) -> None:
    """Nothing is served that nobody asks for."""
    app = FastNFuriousAPI(**options)  # type: ignore[arg-type]
    assert TestClient(app).get("/docs/_assets/swagger-ui.css").status_code == 404


def test_without_the_extra_the_pages_are_fastapi_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """They load their scripts from a CDN."""
    monkeypatch.setattr(offline_docs, "find_spec", lambda name: None)
    client = TestClient(FastNFuriousAPI())
    assert "https://cdn." in client.get("/docs").text
    assert client.get("/docs/_assets/swagger-ui.css").status_code == 404
