"""The settings of a service, all classes together, and every fault in them at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.errors import SettingFault, SettingsError
from fastnfurious.core.settings import Settings

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["effective_settings", "load_all"]


def effective_settings(app: FastNFuriousAPI) -> list[Settings]:
    """Load every settings class of a service, the server's own included.

    Raises:
        SettingsError: Variables are wrong; those of all classes are listed.
    """
    from fastnfurious.application.wiring import settings_classes

    try:
        service = app.settings
    except SettingsError as error:
        faults = [*error.faults, *_faults([*settings_classes()[1:], ServerSettings])]
        raise SettingsError(faults) from None
    return [service, *load_all([*settings_classes(app)[1:], ServerSettings])]


def load_all(classes: Iterable[type[Settings]]) -> list[Settings]:
    """Load settings classes; a fault in one does not hide those in the others.

    Raises:
        SettingsError: Variables are wrong; those of all classes are listed.
    """
    loaded: list[Settings] = []
    faults: dict[SettingFault, None] = {}
    for settings in classes:
        try:
            loaded.append(settings.load())
        except SettingsError as error:
            faults.update(dict.fromkeys(error.faults))
    if faults:
        raise SettingsError(list(faults))
    return loaded


def _faults(classes: Iterable[type[Settings]]) -> tuple[SettingFault, ...]:
    try:
        load_all(classes)
    except SettingsError as error:
        return error.faults
    return ()
