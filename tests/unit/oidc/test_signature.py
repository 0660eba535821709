"""Checking signatures, with every kind of key that an issuer may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from fastnfurious.oidc.keys import signing_keys
from fastnfurious.oidc.settings import ALGORITHMS
from fastnfurious.oidc.signature import Checks, checks_of

_MESSAGE = b"eyJhbGciOiJSUzI1NiJ9.e30"
_RSA = RSAKey.generate_key(2048)
_CURVES: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "ES384": ECKey.generate_key("P-384"),
    "ES512": ECKey.generate_key("P-521"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


def key_of(algorithm: str) -> Key:
    """Return a key that signs in this way."""
    return _CURVES.get("Ed25519" if algorithm == "EdDSA" else algorithm, _RSA)


def signed(algorithm: str) -> bytes:
    """Return the signature that joserfc makes."""
    return jws.JWSRegistry.algorithms[algorithm].sign(_MESSAGE, key_of(algorithm))


def checks(algorithm: str) -> Checks:
    """Return what the public half of the key can check."""
    return checks_of(key_of(algorithm))


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
class TestEveryAlgorithm:
    """Each that can be allowed in the settings."""

    def test_a_good_signature_fits(self, algorithm: str) -> None:
        """It was made by another library."""
        assert checks(algorithm)[algorithm](signed(algorithm), _MESSAGE)

    def test_a_changed_message_does_not(self, algorithm: str) -> None:
        """Not by a single letter."""
        assert not checks(algorithm)[algorithm](signed(algorithm), _MESSAGE + b"x")

    def test_a_changed_signature_does_not(self, algorithm: str) -> None:
        """At either end, longer or shorter."""
        good = signed(algorithm)
        bad = [b"", good[:-1], good[1:], good + b"\0", b"\0" + good, bytes(len(good))]
        bad += [bytes([good[0] ^ 1]) + good[1:], good[:-1] + bytes([good[-1] ^ 1])]
        assert [checks(algorithm)[algorithm](each, _MESSAGE) for each in bad] == [False] * len(bad)

    @given(rubbish=st.binary(max_size=600))
    def test_rubbish_does_not(self, algorithm: str, rubbish: bytes) -> None:
        """And nothing is raised."""
        assert not checks(algorithm)[algorithm](rubbish, _MESSAGE)


def test_a_key_checks_what_its_kind_can() -> None:
    """An elliptic curve belongs to one algorithm; an RSA key to several."""
    assert set(checks("RS256")) == {
        f"{name}{bits}" for name in ("RS", "PS") for bits in (256, 384, 512)
    }
    assert set(checks("ES384")) == {"ES384"}
    assert set(checks("EdDSA")) == {"EdDSA", "Ed25519"}


def test_a_key_may_be_bound_to_one_algorithm() -> None:
    """As most issuers publish theirs."""
    entry: dict[str, Any] = {**_RSA.as_dict(private=False), "kid": "a", "alg": "PS256"}
    assert set(signing_keys([entry])["a"]) == {"PS256"}


def test_a_curve_that_no_algorithm_uses_checks_nothing() -> None:
    """It may be published all the same."""
    assert checks_of(ECKey.generate_key("secp256k1")) == {}
    assert checks_of(OKPKey.generate_key("Ed448")) == {}
