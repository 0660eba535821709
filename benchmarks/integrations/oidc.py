"""Verifying an RS256 token: ``app.oidc``, and the ``decode_token`` of python-keycloak.

The peer is called in both of its ways: without a key, so that it fetches the issuer's keys for each
token, and with keys that the caller has fetched and parsed. It checks the signature and the times;
ours checks the issuer, the audience and the kind as well, and makes the user of it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from jwcrypto.jwk import JWK, JWKSet  # type: ignore[import-untyped]
from keycloak import KeycloakOpenID

from benchmarks.integrations.contest import Contest, one_by_one
from fastnfurious import FastNFuriousAPI

__all__ = ["contests"]

FETCHING, GIVEN = "decode_token(token)", "decode_token(token, key=…)"
COLD, CACHED = 5, 50


@asynccontextmanager
async def contests() -> AsyncIterator[list[Contest]]:
    """Get a token of the realm that ``OIDC_ISSUER`` names."""
    peer = _peer()
    token = (await peer.a_token("alice", "alice"))["access_token"]
    async with _app(cache_seconds="0") as forgetful, _app(cache_seconds="60") as remembering:
        yield [
            _contest("verify a new token", forgetful, peer, token, COLD),
            _contest("verify a known token", remembering, peer, token, CACHED),
        ]


@asynccontextmanager
async def _app(*, cache_seconds: str) -> AsyncIterator[FastNFuriousAPI]:
    """Open an application that remembers verified tokens for a while."""
    os.environ["OIDC_CACHE_SECONDS"] = cache_seconds  # read when the application starts
    app = FastNFuriousAPI(title="Benchmark")
    async with app.router.lifespan_context(app):
        yield app


def _peer() -> KeycloakOpenID:
    address = urlsplit(os.environ["OIDC_ISSUER"])
    return KeycloakOpenID(
        server_url=f"{address.scheme}://{address.netloc}/",
        realm_name=address.path.rpartition("/")[2],
        client_id=os.environ["OIDC_CLIENT_ID"],
        client_secret_key=os.environ["OIDC_CLIENT_SECRET"],
    )


def _contest(
    what: str, app: FastNFuriousAPI, peer: KeycloakOpenID, token: str, aim: float
) -> Contest:
    verify: Any = app.oidc.verify
    keys = JWKSet()
    for key in peer.certs()["keys"]:
        keys.add(JWK(**key))

    async def ours() -> None:
        user = await verify(token)
        assert user.preferred_username == "alice"

    async def fetching() -> None:
        assert peer.decode_token(token)["preferred_username"] == "alice"

    async def given() -> None:
        assert peer.decode_token(token, key=keys)["preferred_username"] == "alice"

    pieces = {"ours": ours, FETCHING: fetching, GIVEN: given}
    works = {name: one_by_one(piece) for name, piece in pieces.items()}
    return Contest(what, works, {FETCHING: aim, GIVEN: aim})
