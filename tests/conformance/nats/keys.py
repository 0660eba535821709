"""NKeys, JWTs and certificates, made for one test."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import time
from pathlib import Path
from typing import Any

import nkeys  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["Authority", "Key", "write_certificate", "write_credentials"]


class Key:
    """Make an NKey.

    Args:
        kind: What it is for: ``nkeys.PREFIX_BYTE_USER`` and so on.
    """

    def __init__(self, kind: int = nkeys.PREFIX_BYTE_USER) -> None:
        self.seed: str = nkeys.encode_seed(os.urandom(32), kind).decode()
        self._pair = nkeys.from_seed(bytearray(self.seed.encode()))
        self.public: str = self._pair.public_key.decode()

    def vouch(self, subject: str, name: str, **claims: Any) -> str:
        """Return a JWT about somebody, signed by this key."""
        header = _part({"typ": "JWT", "alg": "ed25519-nkey"})
        body = {"jti": name, "iat": int(time.time()), "iss": self.public, "sub": subject}
        signed = f"{header}.{_part({**body, 'name': name, 'nats': {'version': 2, **claims}})}"
        return f"{signed}.{_text(self._pair.sign(signed.encode()))}"


class Authority:
    """Vouch for one account, as an operator does."""

    def __init__(self) -> None:
        self._operator = Key(nkeys.PREFIX_BYTE_OPERATOR)
        self._account = Key(nkeys.PREFIX_BYTE_ACCOUNT)

    def configuration(self) -> str:
        """Return what a server has to be told."""
        operator = self._operator.vouch(self._operator.public, "operator", type="operator")
        unlimited = dict.fromkeys(
            ("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1
        )
        account = self._operator.vouch(
            self._account.public, "account", type="account", limits={**unlimited, "wildcards": True}
        )
        resolver = f"resolver_preload: {{ {self._account.public}: {account} }}"
        return f"operator: {operator}\nresolver: MEMORY\n{resolver}\n"

    def admit(self, user: Key) -> str:
        """Return the JWT of a user."""
        limits = {"subs": -1, "data": -1, "payload": -1}
        return self._account.vouch(user.public, "user", type="user", **limits)


def write_credentials(path: Path, jwt: str, seed: str) -> Path:
    """Write a file of credentials."""
    path.write_text(
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n",
        encoding="utf-8",
    )
    return path


def write_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate for the loopback that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _part(value: object) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
