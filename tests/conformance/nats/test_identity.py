"""Who we are to a server, and whether it is the right one: NKeys, credentials and TLS.

The server in the process has users and tokens only; these run on nats-server.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fastnfurious.core.errors import SettingsError, StartupError
from fastnfurious.nats import NatsSettings
from servers.plugin import Backing
from tests.conformance.nats.conftest import make_client, nats_server, require
from tests.conformance.nats.keys import Authority, Key, write_certificate, write_credentials


@pytest.fixture(autouse=True)
def real(backing: Backing, anyio_backend: object) -> None:
    """Skip these where there is no nats-server."""
    require(backing, "nats")


async def works(url: str, **settings: object) -> bool:
    """Return whether a client gets what it has sent to itself."""
    async with make_client(url, **settings) as client:

        @client.subscribe("echo")
        async def echo(number: int) -> int:
            return number

        await client.flush()
        return await client.request("echo", 7, response=int) == 7


async def refused(url: str, match: str, **settings: object) -> None:
    """Check that a client is refused, and that the message has no secret in it."""
    client = make_client(url, **settings)
    with pytest.raises(StartupError, match=match) as caught:
        await client.open()
    await client.aclose()
    assert "SU" not in str(caught.value)


async def test_a_user_with_an_nkey_is_let_in(tmp_path: Path) -> None:
    """And no other."""
    alice, eve = Key(), Key()
    config = tmp_path / "server.conf"
    config.write_text(f"authorization {{ users = [ {{ nkey: {alice.public} }} ] }}", "utf-8")
    async with nats_server("-c", str(config)) as url:
        assert await works(url, nkey_seed=alice.seed)
        await refused(url, "NATS refuses the connection", nkey_seed=eve.seed)


async def test_a_user_with_credentials_is_let_in(tmp_path: Path) -> None:
    """If the operator that the server trusts vouches for the account."""
    authority, other, alice = Authority(), Authority(), Key()
    config = tmp_path / "server.conf"
    config.write_text(authority.configuration(), encoding="utf-8")
    good = write_credentials(tmp_path / "alice.creds", authority.admit(alice), alice.seed)
    forged = write_credentials(tmp_path / "eve.creds", other.admit(alice), alice.seed)
    stolen = write_credentials(tmp_path / "thief.creds", authority.admit(alice), Key().seed)
    async with nats_server("-c", str(config)) as url:
        assert await works(url, credentials=good)
        for bad in (forged, stolen):
            await refused(url, "NATS refuses the connection", credentials=bad)


async def test_the_server_has_to_be_the_right_one(tmp_path: Path) -> None:
    """One that nobody vouches for gets nothing."""
    certificate, key = write_certificate(tmp_path, "server")
    other, _ = write_certificate(tmp_path, "other")
    options = ("--tls", "--tlscert", str(certificate), "--tlskey", str(key))
    async with nats_server(*options) as url:
        for address in (url, url.replace("nats:", "tls:")):
            assert await works(address, tls_ca=certificate)
            await refused(address, "certificate", tls_ca=other)
            await refused(address, "certificate")


async def test_a_server_may_ask_for_our_certificate(tmp_path: Path) -> None:
    """Which has to be one that it knows."""
    certificate, key = write_certificate(tmp_path, "server")
    ours, our_key = write_certificate(tmp_path, "client")
    options = ["--tls", "--tlscert", str(certificate), "--tlskey", str(key)]
    options += ["--tlsverify", "--tlscacert", str(ours)]
    async with nats_server(*options) as url:
        shown = {"tls_certificate": ours, "tls_key": our_key}
        assert await works(url, tls_ca=certificate, **shown)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NATS_NKEY_SEED", "hunter2"),
        pytest.param("NATS_NKEY_SEED", Key().public, id="a public key"),
        ("NATS_CREDENTIALS", "/nowhere/alice.creds"),
        pytest.param("NATS_CREDENTIALS", __file__, id="another file"),
        ("NATS_TLS_CERTIFICATE", "/nowhere/client.pem"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Before anything connects, and without showing a secret."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as caught:
        NatsSettings.load()
    assert "hunter2" not in str(caught.value)
