"""The public keys of an issuer: fetched once however many requests wait for them."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from loguru import logger

from fastnfurious.core.clock import Clock
from fastnfurious.core.errors import FastNFuriousError, OperationTimeout, ResourceUnavailable
from fastnfurious.oidc.signature import Checks, checks_of

__all__ = ["IssuerKeys", "signing_keys"]

FetchKeys = Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]

_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
_FEWEST_RSA_BITS = 2048
_AFTER_FAILURE = 0.5


class IssuerKeys:
    """Remember an issuer's keys by their ids.

    One fetch serves every request that waits. Between two fetches that unknown ids cause there is
    a pause, so that made-up ids cannot be used to load the issuer. Keys that have become old are
    fetched in the background while the known ones still work; they also work on while the issuer
    is away.

    Args:
        fetch: Gets the key set from the issuer.
        clock: Tells the time.
        pause: Seconds between two fetches that unknown ids cause.
        max_age: Seconds after which keys are fetched again.
        changed: Called when the keys are others than before.
    """

    def __init__(
        self,
        fetch: FetchKeys,
        *,
        clock: Clock,
        pause: float,
        max_age: float,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._pause = pause
        self._max_age = max_age
        self._changed = changed
        self._known: dict[str, Checks] = {}
        self._published: list[Mapping[str, Any]] | None = None
        self._asked_at: float | None = None
        self._fetched_at: float | None = None
        self._failure: FastNFuriousError | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> Checks | None:
        """Return what a key can check, by its id; ``None`` if the issuer does not publish it.

        Raises:
            ResourceUnavailable: The key is not known, and the issuer cannot be reached.
            OperationTimeout: The key is not known, and the issuer does not answer.
        """
        key = self._known.get(kid)
        if key is not None:
            if self._are_old():
                self._begin()
            return key
        if self._fetching is not None or self._may_ask():
            await asyncio.shield(self._begin())
        key = self._known.get(kid)
        if key is None and self._failure is not None:
            # It may be a new key, so it is our outage, not the caller's fault.
            raise _as_outage(self._failure)
        return key

    async def refresh(self) -> None:
        """Fetch the keys now, or wait for the fetch that is under way.

        Raises:
            ResourceUnavailable: The issuer cannot be reached.
            OperationTimeout: It does not answer.
        """
        await asyncio.shield(self._begin())
        if self._failure is not None:
            raise _as_outage(self._failure)

    async def aclose(self) -> None:
        """Give up the fetch that is under way."""
        running, self._fetching = self._fetching, None
        if running is not None and running.get_loop() is asyncio.get_running_loop():
            running.cancel()
            await asyncio.wait({running})

    def _are_old(self) -> bool:
        if self._fetched_at is None or self._clock.monotonic() - self._fetched_at < self._max_age:
            return False
        return self._may_ask()

    def _may_ask(self) -> bool:
        if self._asked_at is None:
            return True
        pause = self._pause if self._failure is None else min(self._pause, _AFTER_FAILURE)
        return self._clock.monotonic() - self._asked_at >= pause

    def _begin(self) -> asyncio.Task[None]:
        """Return the fetch under way; a task of its own, so that no caller can cancel it."""
        running = self._fetching
        if (
            running is None
            or running.done()
            or running.get_loop() is not asyncio.get_running_loop()
        ):
            running = self._fetching = asyncio.create_task(self._update())
        return running

    async def _update(self) -> None:
        try:
            published = list(await self._fetch())
        except FastNFuriousError as error:
            if self._failure is None:
                # Once: the health check goes on asking.
                logger.warning("The issuer's keys could not be fetched: {}", error)
            self._failure = error
        else:
            self._failure = None
            self._fetched_at = self._clock.monotonic()
            self._take(published)
        finally:
            self._asked_at = self._clock.monotonic()
            self._fetching = None

    def _take(self, published: list[Mapping[str, Any]]) -> None:
        if published == self._published:
            return
        self._published = published
        self._known = signing_keys(published)
        logger.info("The issuer has {} keys that can be used", len(self._known))
        self._changed()


def _as_outage(failure: FastNFuriousError) -> FastNFuriousError:
    """Return the error of a request that cannot be judged, whatever was wrong with the issuer."""
    if isinstance(failure, OperationTimeout):
        return OperationTimeout(str(failure))
    return ResourceUnavailable(f"The issuer's keys are not known: {failure}")


def signing_keys(published: Sequence[Mapping[str, Any]]) -> dict[str, Checks]:
    """Return what the keys of a key set that may verify signatures can check, by id.

    Keys for encryption, shared secrets, keys without an id and short RSA keys are left out.
    """
    found: dict[str, Checks] = {}
    for entry in published:
        kid = entry.get("kid")
        if isinstance(kid, str) and kid not in found and _is_for_signatures(entry):
            checks = _import(entry)
            if checks is not None:
                found[kid] = checks
    return found


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and entry.get("kty") in _KINDS
    )


def _import(entry: Mapping[str, Any]) -> Checks | None:
    public = {name: value for name, value in entry.items() if not name.startswith("x5")}
    try:
        # Before joserfc sees it, which would warn of a short key and take it.
        return None if _is_short(public) else checks_of(_KINDS[entry["kty"]].import_key(public))
    except (JoseError, ValueError, TypeError, KeyError):
        logger.warning("The issuer publishes the key {!r}, which cannot be read", entry["kid"])
        return None


def _is_short(entry: Mapping[str, Any]) -> bool:
    if entry["kty"] != "RSA":
        return False
    modulus = urlsafe_b64decode(entry["n"] + "==")
    return int.from_bytes(modulus, "big").bit_length() < _FEWEST_RSA_BITS
