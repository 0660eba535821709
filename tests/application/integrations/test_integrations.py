"""Integrations in an application: when they are opened, closed, drained and checked."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.application.wiring import settings_classes
from fastnfurious.core import registry
from fastnfurious.core.errors import (
    IntegrationNotEnabled,
    IntegrationNotInstalled,
    SettingsError,
    StartupError,
    UnknownIntegration,
)
from fastnfurious.core.integration import Mode
from fastnfurious.core.registry import RegistryEntry
from fastnfurious.core.settings import Environment
from fastnfurious.testing.clock import FrozenClock
from tests.application.integrations.mail import Fax, Mailbox, MailSettings, events, faults
from tests.application.observed import Observed

PRODUCTION = FastNFuriousSettings(environment=Environment.PRODUCTION)


class Shop(FastNFuriousAPI):
    """A service that tells type checkers what it uses."""

    mail: Mailbox
    fax: Mailbox


def run(app: FastNFuriousAPI) -> list[str]:
    """Start and stop an application, and return what happened."""
    with TestClient(app):
        events.append("running")
    return list(events)


class TestOpening:
    """Which integrations are opened, and when."""

    def test_an_embedded_one_that_nobody_uses_costs_nothing(self) -> None:
        """It is not even made."""
        assert run(Shop()) == ["running"]

    def test_an_embedded_one_is_opened_by_its_first_use(self) -> None:
        """And closed with the service."""
        app = Shop()

        @app.post("/mail")
        async def send() -> int:
            return await app.mail.send("hello")

        with TestClient(app) as client:
            assert [client.post("/mail").json() for _ in range(2)] == [1, 2]
        assert events == ["load mail", "embed mail", "drain mail", "close mail"]

    def test_a_remote_one_is_opened_at_start_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An address is enough."""
        monkeypatch.setenv("FAX_NUMBER", "117")
        assert run(Shop()) == ["load fax", "open fax", "running", "drain fax", "close fax"]

    def test_named_ones_are_opened_in_order_and_closed_in_reverse(self) -> None:
        """Embedded or not."""
        order = [event for event in run(Shop(integrations=["fax", "mail"])) if "load" not in event]
        assert order[:3] == ["open fax", "open mail", "running"]
        assert set(order[3:5]) == {"drain fax", "drain mail"}
        assert order[5:] == ["close mail", "close fax"]

    def test_no_integration_is_opened_when_none_is_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An empty list leaves out remote ones, too."""
        monkeypatch.setenv("FAX_NUMBER", "117")
        assert run(Shop(integrations=[])) == ["running"]

    def test_the_user_s_lifespan_finds_them_open(self) -> None:
        """What a service does at start-up may need its integrations."""
        app = Shop(integrations=["mail"], on_startup=[lambda: events.append("start-up")])
        assert run(app)[:4] == ["load mail", "open mail", "start-up", "running"]

    def test_they_can_be_used_before_the_start(self) -> None:
        """Handlers are registered on a resource while the module is imported."""
        app = Shop(integrations=["mail"])
        assert isinstance(app.mail, Mailbox)
        assert app.mail is app.mail

    def test_one_that_was_asked_for_before_the_start_is_opened_with_it(self) -> None:
        """Whoever registered a handler on it expects it to be called."""
        app = Shop()
        assert app.mail.sent == []
        assert "open mail" in run(app)

    def test_it_measures_itself_with_the_instruments_of_the_application(self) -> None:
        """They are handed over before anything is opened."""
        app = Shop(integrations=["mail"])
        assert app.integrations.get("mail").instruments is app.metrics

    def test_a_service_can_be_started_again(self) -> None:
        """The same integration is opened and closed each time, and checked once."""
        app = Shop(integrations=["mail"])
        run(app)
        assert run(app).count("open mail") == 2


class TestFailing:
    """What happens when something is wrong."""

    def test_one_that_cannot_be_opened_stops_the_start(self) -> None:
        """It is named; it and those before it are closed; those after it are not touched."""
        faults["open mail"] = OSError("connection refused")
        app = Shop(integrations=["fax", "mail"])
        with pytest.raises(StartupError, match="mail could not be opened: connection refused"):
            run(app)
        assert [event for event in events if "load" not in event] == [
            "open fax",
            "open mail",
            "close mail",
            "close fax",
        ]

    def test_one_that_cannot_be_closed_does_not_keep_others_open(self) -> None:
        """The error is raised after the rest is closed."""
        faults["close mail"] = OSError("stuck")
        with pytest.raises(OSError, match="stuck"):
            run(Shop(integrations=["fax", "mail"]))
        assert events[-2:] == ["close mail", "close fax"]

    def test_one_that_cannot_be_drained_is_logged(self) -> None:
        """The others are drained, and the shutdown goes on."""
        faults["drain fax"] = OSError("stuck")
        with Observed(Shop(integrations=["fax", "mail"])) as observed:
            pass
        assert "drain mail" in events and events[-1] == "close fax"
        observed.logs.assert_logged("fax could not be drained", level="ERROR", exception=OSError)

    def test_a_service_that_is_away_is_a_problem_of_status_503(self) -> None:
        """A request that needs it is answered; the address is not shown."""
        app = Shop()

        @app.post("/mail")
        async def send() -> int:
            return await app.mail.send("hello")

        faults["send"] = OSError()
        with TestClient(app) as client:
            answer = client.post("/mail")
            assert (answer.status_code, answer.json()["detail"]) == (503, "Service Unavailable")
            faults.clear()
            assert client.post("/mail").status_code == 200

    def test_a_name_that_nobody_offers_is_refused_at_once(self) -> None:
        """The nearest name is suggested."""
        with pytest.raises(UnknownIntegration, match="did you mean 'mail'"):
            Shop(integrations=["mial"])

    def test_one_that_was_left_out_says_so(self) -> None:
        """The message names the fix."""
        app = Shop(integrations=["fax"])
        with pytest.raises(IntegrationNotEnabled, match=r"leaves 'mail' out: add it to integr"):
            getattr(app, "mail")

    def test_one_whose_driver_is_missing_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message names the command to run; without being named it stops nobody's start."""
        target = "tests.application.integrations.mail:Mail"
        entry = RegistryEntry("pigeon", target, "fastnfurious[pigeon]", ("no_such_driver",))
        monkeypatch.setattr(registry, "_BUILT_IN", (entry,))
        app = Shop()
        assert run(app) == ["running"]
        with pytest.raises(IntegrationNotInstalled, match=r"pip install 'fastnfurious\[pigeon\]'"):
            getattr(app, "pigeon")

    @pytest.mark.parametrize("target", ["no_such_module:X", "json:NoSuchName"])
    def test_one_that_cannot_be_imported_is_named(
        self, monkeypatch: pytest.MonkeyPatch, target: str
    ) -> None:
        """A plugin that is broken stops the start with one sentence."""
        monkeypatch.setattr(registry, "_BUILT_IN", (RegistryEntry("pigeon", target, "x"),))
        with pytest.raises(StartupError, match="'pigeon' is installed, but cannot be imported"):
            run(Shop())


class TestModes:
    """Embedded stand-ins are for development and tests."""

    @pytest.mark.parametrize("environment", ["development", "test"])
    def test_without_an_address_it_is_embedded(self, environment: str) -> None:
        """Nothing has to be installed to begin."""
        assert MailSettings.load().choose_mode(Environment(environment)) is Mode.EMBEDDED

    @pytest.mark.parametrize("environment", ["staging", "production"])
    def test_elsewhere_an_address_is_needed(self, environment: str) -> None:
        """The message names both ways out."""
        with pytest.raises(SettingsError, match="MAIL_URL is not set.*MAIL_MODE=embedded"):
            MailSettings.load().choose_mode(Environment(environment))

    def test_an_embedded_one_can_be_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On purpose, it runs anywhere, an address or not."""
        monkeypatch.setenv("MAIL_MODE", "embedded")
        monkeypatch.setenv("MAIL_URL", "smtp://mail")
        assert MailSettings.load().choose_mode(Environment.PRODUCTION) is Mode.EMBEDDED

    def test_a_remote_one_can_be_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then its address is needed in development, too."""
        monkeypatch.setenv("MAIL_MODE", "remote")
        with pytest.raises(SettingsError, match="MAIL_MODE=remote needs the address"):
            MailSettings.load().choose_mode(Environment.DEVELOPMENT)
        monkeypatch.setenv("MAIL_URL", "smtp://mail")
        assert MailSettings.load().choose_mode(Environment.DEVELOPMENT) is Mode.REMOTE

    def test_another_mode_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message names what is accepted."""
        monkeypatch.setenv("MAIL_MODE", "both")
        with pytest.raises(SettingsError, match="MAIL_MODE='both'.*one of remote, embedded"):
            MailSettings.load()

    def test_a_service_in_production_lists_every_missing_address(self) -> None:
        """It does not start, and nothing was opened."""
        with pytest.raises(SettingsError, match="MAIL_URL is not set.*FAX_NUMBER is not set"):
            run(Shop(settings=PRODUCTION))
        assert events == []

    def test_a_service_in_production_may_leave_them_out(self) -> None:
        """What is not used needs no address."""
        assert run(Shop(settings=PRODUCTION, integrations=[])) == ["running"]

    def test_in_production_with_addresses_it_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Both are remote, and opened."""
        monkeypatch.setenv("MAIL_URL", "smtp://mail")
        monkeypatch.setenv("FAX_NUMBER", "117")
        assert "open mail" in run(Shop(settings=PRODUCTION))


class TestHealthOfIntegrations:
    """Their checks are part of readiness."""

    def test_the_check_is_registered_by_itself(self) -> None:
        """An integration that is used is checked, under its name and kind."""
        with TestClient(Shop(integrations=["mail"])) as client:
            check = client.get("/health/ready").json()["checks"]["mail"][0]
            assert (check["status"], check["componentType"]) == ("pass", "datastore")

    def test_one_that_is_away_warns_until_its_grace_is_over(self, clock: FrozenClock) -> None:
        """Degraded is ready; for ever away is not."""
        with TestClient(Shop(integrations=["mail"], clock=clock)) as client:
            faults["check"] = OSError()
            answer = client.get("/health/ready")
            assert (answer.status_code, answer.json()["status"]) == (200, "warn")
            assert answer.json()["checks"]["mail"][0]["output"] == "reconnecting"
            clock.advance(31)
            assert client.get("/health/ready").status_code == 503
            faults.clear()
            clock.advance(1)
            assert client.get("/health/ready").json()["status"] == "pass"

    def test_it_is_drained_once(self) -> None:
        """Whoever stops the service drains first; the lifespan does not do it again."""
        app = Shop(integrations=["mail"])

        @app.get("/drain")
        async def drain() -> None:
            await app.lifecycle.drain()

        with TestClient(app) as client:
            client.get("/drain")
        assert events.count("drain mail") == 1


def test_the_settings_of_integrations_are_listed() -> None:
    """For the table in the docs and the ``config`` command."""
    names = [found.__name__ for found in settings_classes()]
    assert names[0] == "FastNFuriousSettings"
    assert names[-2:] == ["MailSettings", "FaxSettings"]
    assert settings_classes(Shop(integrations=["fax"]))[-1] is Fax.settings_class


def test_settings_without_an_address_field_of_that_name_use_their_own() -> None:
    """The field that holds the address is named by the class."""
    assert Fax.settings_class.load(number="117").address == "117"
    assert Fax.settings_class.variable("number") == "FAX_NUMBER"
