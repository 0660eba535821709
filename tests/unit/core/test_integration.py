"""Where the backing service of an integration runs."""

from __future__ import annotations

import pytest
from pydantic import Field, SecretStr

from fastnfurious.core.errors import SettingsError
from fastnfurious.core.integration import Integration, IntegrationSettings, Mode
from fastnfurious.core.settings import Environment, FastNFuriousSettings, Settings

ANYWHERE = list(Environment)
REAL = [Environment.STAGING, Environment.PRODUCTION]


class MailSettings(IntegrationSettings):
    """Settings whose address is a secret under a name of its own."""

    model_config = {"env_prefix": "MAIL_"}
    address_field = "dsn"

    dsn: SecretStr | None = Field(None, description="Address with a password inside.")


def mode(environment: Environment, **values: object) -> Mode:
    """Return the mode that settings lead to, as an integration asks for it."""
    service = FastNFuriousSettings(environment=environment)
    return Integration.mode_of(MailSettings(**values), service)  # type: ignore[arg-type]


@pytest.mark.parametrize("environment", ANYWHERE)
def test_an_address_means_the_real_server(environment: Environment) -> None:
    """With an address, every environment talks to the server behind it."""
    assert mode(environment, dsn=SecretStr("smtp://mail")) is Mode.REMOTE
    assert MailSettings(dsn=SecretStr("smtp://mail")).address == "smtp://mail"


@pytest.mark.parametrize("environment", ANYWHERE)
def test_the_stand_in_may_be_asked_for_anywhere(environment: Environment) -> None:
    """Who asks for the stand-in gets it, also beside an address."""
    assert mode(environment, mode=Mode.EMBEDDED, dsn=SecretStr("x")) is Mode.EMBEDDED


@pytest.mark.parametrize("environment", [Environment.DEVELOPMENT, Environment.TEST])
def test_without_an_address_development_is_embedded(environment: Environment) -> None:
    """Nothing has to be installed to begin."""
    assert mode(environment) is Mode.EMBEDDED


@pytest.mark.parametrize("environment", REAL)
def test_a_stand_in_is_not_shipped_by_accident(environment: Environment) -> None:
    """Elsewhere a missing address is an error that names both ways out."""
    with pytest.raises(SettingsError) as caught:
        mode(environment)
    assert str(caught.value) == (
        f"MAIL_DSN is not set: in {environment.value} the address of a real server is needed; "
        "MAIL_MODE=embedded uses the stand-in in the process on purpose"
    )


@pytest.mark.parametrize("environment", ANYWHERE)
def test_the_real_server_needs_an_address(environment: Environment) -> None:
    """Nothing falls back to an address of its own choosing."""
    with pytest.raises(SettingsError, match="MAIL_MODE=remote needs the address of a server"):
        mode(environment, mode=Mode.REMOTE)


@pytest.mark.parametrize("environment", ANYWHERE)
def test_what_has_no_server_is_always_embedded(environment: Environment) -> None:
    """Settings without an address say nothing about a mode."""
    service = FastNFuriousSettings(environment=environment)
    assert Integration.mode_of(Settings(), service) is Mode.EMBEDDED
