"""Checking signatures with the public keys of an issuer.

joserfc reads the keys, and cryptography checks with them: on the way through joserfc a token costs
half as much again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import Key

__all__ = ["Check", "Checks", "checks_of"]

Check = Callable[[bytes, bytes], bool]
"""Takes a signature and what was signed, and returns whether they fit."""

Checks = Mapping[str, Check]
"""What a key can check, by the algorithm's name."""

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_CURVES = {"secp256r1": "256", "secp384r1": "384", "secp521r1": "512"}


def checks_of(key: Key) -> Checks:
    """Return what a key can check; only one algorithm if the issuer binds the key to it.

    *Source:* RFC 7518, section 3, https://www.rfc-editor.org/rfc/rfc7518.html#section-3, and
    RFC 8037, section 3.1, https://www.rfc-editor.org/rfc/rfc8037.html#section-3.1.
    """
    bound = key.get("alg")
    return {name: check for name, check in _all_of(_public(key)) if bound in (None, name)}


def _public(key: Any) -> Any:
    return key.public_key


def _all_of(public: Any) -> Iterator[tuple[str, Check]]:
    if isinstance(public, rsa.RSAPublicKey):
        yield from _rsa(public)
    elif isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        bits = _CURVES[public.curve.name]
        yield f"ES{bits}", _curve(public, ec.ECDSA(_HASHES[bits]()))
    elif isinstance(public, Ed25519PublicKey):
        # A later RFC gave it the finer of its two names.
        yield from ((name, _guarded(public.verify)) for name in ("EdDSA", "Ed25519"))


def _rsa(public: rsa.RSAPublicKey) -> Iterator[tuple[str, Check]]:
    for bits, kind in _HASHES.items():
        hashed = kind()
        salted = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
        yield f"RS{bits}", _guarded(public.verify, padding.PKCS1v15(), hashed)
        yield f"PS{bits}", _guarded(public.verify, salted, hashed)


def _curve(public: ec.EllipticCurvePublicKey, algorithm: ec.ECDSA) -> Check:
    verify = _guarded(public.verify, algorithm)
    size = (public.curve.key_size + 7) // 8

    def check(signature: bytes, message: bytes) -> bool:
        if len(signature) != 2 * size:
            return False
        pair = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
        return verify(encode_dss_signature(*pair), message)

    return check


def _guarded(verify: Callable[..., None], *options: object) -> Check:
    def check(signature: bytes, message: bytes) -> bool:
        try:
            verify(signature, message, *options)
        except InvalidSignature:
            return False
        return True

    return check
