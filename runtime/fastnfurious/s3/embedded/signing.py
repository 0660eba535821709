"""Presigned URLs of the stand-in: signed, expiring, good for one method and one object."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlencode

from fastnfurious.core.address import service_address
from fastnfurious.core.clock import Clock
from fastnfurious.s3.errors import AccessDenied

__all__ = ["PATH", "UrlSigner", "signing_key"]

PATH = "/.embedded/s3"
"""Where the application serves the URLs."""

_KEY_BYTES = 32


class UrlSigner:
    """Make URLs, and tell those it has made from others.

    Args:
        secret: What signatures are made with; all processes of a service share it.
        address: Where the application is reached from outside; by default as it is known when a
            URL is made.
        clock: Tells the time.
    """

    def __init__(self, secret: bytes, address: str | None, clock: Clock) -> None:
        self._secret = secret
        self._address = address
        self._clock = clock

    def url(self, method: str, bucket: str, key: str, version: str | None, expires: int) -> str:
        """Return a URL that holds for so many seconds."""
        until = str(int(self._clock.now().timestamp()) + expires)
        words = {"method": method, "expires": until}
        if version is not None:
            words["version"] = version
        words["signature"] = self._sign(method, bucket, key, version or "", until)
        address = self._address or service_address()
        return f"{address}{PATH}/{bucket}/{quote(key, safe='/')}?{urlencode(words)}"

    def check(self, method: str, bucket: str, key: str, words: dict[str, str]) -> None:
        """Let a URL pass that was made here and has not expired.

        Args:
            method: Method of the request; ``HEAD`` passes where ``GET`` does.
            bucket: Bucket in the path.
            key: Key in the path.
            words: The query of the request.

        Raises:
            AccessDenied: The URL was made for something else, was changed, or has expired.
        """
        signed = words.get("method", "")
        until, version = words.get("expires", ""), words.get("version", "")
        expected = self._sign(signed, bucket, key, version, until)
        given = words.get("signature", "").encode()
        if not hmac.compare_digest(expected.encode(), given):
            raise AccessDenied("The URL is not signed, or was changed: ask for a new one")
        if method != signed and (method, signed) != ("HEAD", "GET"):
            raise AccessDenied(f"The URL is good for {signed}, not for {method}")
        if int(until) <= self._clock.now().timestamp():
            raise AccessDenied("The URL has expired: ask for a new one")

    def _sign(self, *words: str) -> str:
        # A line feed cannot be in a key or a number, so that no two lists of words read alike.
        return hmac.new(self._secret, "\n".join(words).encode(), sha256).hexdigest()


def signing_key(folder: Path | None) -> bytes:
    """Return the secret of the stand-in in a folder; one that is made once and kept there.

    Args:
        folder: Where the objects are; ``None`` makes a secret for this process alone.
    """
    if folder is None:
        return secrets.token_bytes(_KEY_BYTES)
    path = folder / "signing.key"
    fresh = folder / f"signing.{secrets.token_hex(8)}"
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(_KEY_BYTES))
        try:
            # Linking fails if another process was first, and shows no half-written file.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_bytes()
