"""What the issuer in the process answers over HTTP.

*Source:* OpenID Connect Discovery 1.0; RFC 6749, sections 4.1 and 4.4; RFC 7636; RFC 8693.
"""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.responses import Response as Answer
from starlette.routing import Route

from fastnfurious.oidc.contract import DISCOVERY_PATH, EMBEDDED_ISSUER
from fastnfurious.oidc.embedded.grants import Grant, Grants
from fastnfurious.oidc.embedded.issuer import EmbeddedIssuer
from fastnfurious.oidc.embedded.key_ring import ALGORITHM
from fastnfurious.oidc.embedded.login_page import login_page

__all__ = ["IssuerPages", "issuer_app"]

_ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
_LIFETIME = 3600
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_GRANT_TYPES = ("authorization_code", "client_credentials", _EXCHANGE)
_UNCACHED = {"Cache-Control": "no-store"}


def issuer_app(issuer: EmbeddedIssuer) -> Starlette:
    """Return the issuer as an ASGI application."""
    pages = IssuerPages(issuer)
    routes = [
        Route(DISCOVERY_PATH, pages.describe),
        Route("/certs", pages.keys),
        Route("/authorize", pages.ask, methods=["GET"]),
        Route("/authorize", pages.log_in, methods=["POST"]),
        Route("/token", pages.token, methods=["POST"]),
    ]
    cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["Authorization"])
    return Starlette(routes=routes, middleware=[cors])


class IssuerPages:
    """Answer as an issuer does, for anybody who asks."""

    def __init__(self, issuer: EmbeddedIssuer) -> None:
        self._issuer = issuer
        self._grants = Grants(issuer.clock)

    async def describe(self, request: Request) -> Answer:
        """Answer with the discovery document; the endpoints are where the request found us."""
        here = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": EMBEDDED_ISSUER,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/certs",
                "response_types_supported": ["code"],
                "grant_types_supported": list(_GRANT_TYPES),
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": [
                    "none",
                    "client_secret_basic",
                    "client_secret_post",
                ],
                "scopes_supported": ["openid", "profile", "email"],
            }
        )

    async def keys(self, request: Request) -> Answer:
        """Answer with the public keys."""
        return JSONResponse({"keys": self._issuer.keys.published()})

    async def ask(self, request: Request) -> Answer:
        """Show the login page."""
        asked = {
            name: request.query_params[name] for name in _ASKED if name in request.query_params
        }
        fault = _fault(asked, request)
        if fault is not None:
            return PlainTextResponse(fault, 400)
        return HTMLResponse(login_page(asked["client_id"], asked), headers=_UNCACHED)

    async def log_in(self, request: Request) -> Answer:
        """Take the name and the roles, and send the person back with a code."""
        form = await _form(request)
        fault = _fault(form, request) or ("" if form.get("user") else "user is missing") or None
        if fault is not None:
            return PlainTextResponse(fault, 400)
        code = self._grants.add(
            Grant(
                client=form["client_id"],
                redirect=form["redirect_uri"],
                challenge=form["code_challenge"],
                user=form["user"],
                roles=tuple(role.strip() for role in form.get("roles", "").split(",") if role),
                scopes=tuple(form.get("scope", "openid").split()),
                nonce=form.get("nonce"),
            )
        )
        parameters = {"code": code, "iss": EMBEDDED_ISSUER}
        if "state" in form:
            parameters["state"] = form["state"]
        joint = "&" if urlsplit(form["redirect_uri"]).query else "?"
        target = f"{form['redirect_uri']}{joint}{urlencode(parameters)}"
        return RedirectResponse(target, 303, headers=_UNCACHED)

    async def token(self, request: Request) -> Answer:
        """Exchange a code, or the credentials of a client, for a token."""
        form = await _form(request)
        client, secret = _credentials(request, form)
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form, client)
        if form.get("grant_type") == "client_credentials":
            return self._own_token(form, client, secret)
        if form.get("grant_type") == _EXCHANGE:
            return self._exchange_token(form, client, secret)
        return _refusal("unsupported_grant_type", f"grant_type must be one of {_GRANT_TYPES}")

    def _exchange(self, form: Mapping[str, str], client: str) -> Answer:
        grant = self._grants.take(
            form.get("code", ""),
            client=client,
            redirect=form.get("redirect_uri", ""),
            verifier=form.get("code_verifier", ""),
        )
        if grant is None:
            return _refusal("invalid_grant", "the code is unknown, used, old, or not this client's")
        token = self._issuer.token(grant.user, roles=grant.roles, scopes=grant.scopes, azp=client)
        answer = _token_answer(token, grant.scopes)
        if "openid" in grant.scopes:
            answer["id_token"] = self._issuer.token(
                grant.user, scopes=(), aud=client, azp=client, typ="ID", nonce=grant.nonce
            )
        return JSONResponse(answer, headers=_UNCACHED)

    def _exchange_token(self, form: Mapping[str, str], client: str, secret: str) -> Answer:
        if not self._knows(client, secret):
            return _unknown_client()
        claims = self._issuer.read(form.get("subject_token", ""))
        audience = form.get("audience")
        if claims is None:
            return _refusal("invalid_request", "Invalid token")
        if not audience:
            return _refusal("invalid_request", "audience is missing")
        left = claims["exp"] - self._issuer.clock.now().timestamp()
        token = self._issuer.token(
            claims["preferred_username"],
            lifetime=int(left),
            aud=audience,
            azp=client,
            realm_access=claims.get("realm_access"),
        )
        return JSONResponse(_token_answer(token, ("openid", "profile")), headers=_UNCACHED)

    def _knows(self, client: str, secret: str) -> bool:
        expected = f"{self._issuer.client_id}:{self._issuer.client_secret}"
        return hmac.compare_digest(f"{client}:{secret}".encode(), expected.encode())

    def _own_token(self, form: Mapping[str, str], client: str, secret: str) -> Answer:
        if not self._knows(client, secret):
            return _unknown_client()
        scopes = tuple(form.get("scope", "").split())
        token = self._issuer.token(f"service-account-{client}", scopes=scopes, azp=client)
        return JSONResponse(_token_answer(token, scopes), headers=_UNCACHED)


def _token_answer(token: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": _LIFETIME,
        "scope": " ".join(scopes),
    }


def _refusal(error: str, description: str, status: int = 400) -> Answer:
    content = {"error": error, "error_description": description}
    return JSONResponse(content, status, headers=_UNCACHED)


def _unknown_client() -> Answer:
    return _refusal("invalid_client", "the client is unknown or its secret is wrong", 401)


def _fault(asked: Mapping[str, str], request: Request) -> str | None:
    """Return why a person is not sent on: never to an address that is not on this machine."""
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if not asked.get("client_id"):
        return "client_id is missing"
    target = urlsplit(asked.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or target.hostname not in {
        *_LOOPBACK,
        request.url.hostname,
    }:
        return "redirect_uri must be an address on this machine"
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "a code_challenge with the method S256 is needed (PKCE)"
    return None


async def _form(request: Request) -> dict[str, str]:
    # By hand: Starlette's own way needs a further package.
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _credentials(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = b64decode(value).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(client), unquote(secret)
