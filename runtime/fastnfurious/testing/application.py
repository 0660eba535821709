"""Finding the application that a test run is about."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fastnfurious.core.errors import ApplicationNotFound

__all__ = ["load_application"]

_REMEDY = 'set fastnfurious_app = "my_service.app:app" in pytest\'s configuration'


def load_application(target: str) -> Any:
    """Import an application.

    Args:
        target: ``module:attribute``, for example ``my_service.app:app``, or a service with an
            application around it, such as ``my_service.service:service``.

    Raises:
        ApplicationNotFound: The text has another form, or names nothing.
    """
    if not target:
        raise ApplicationNotFound(f"No application to test: {_REMEDY}, or override fixture `app`")
    module, separator, attribute = target.partition(":")
    if not (module and separator and attribute):
        raise ApplicationNotFound(f"{target!r} is not of the form module:attribute: {_REMEDY}")
    try:
        found = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        # Only what was asked for: a missing import inside the module is the module's own error.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ApplicationNotFound(f"There is no module {error.name!r}, for {target!r}") from error
    except AttributeError as error:
        if getattr(error, "name", None) != attribute:
            raise
        raise ApplicationNotFound(f"Module {module!r} has no {attribute!r}") from error
    # A service without routes of its own cannot be called; the application around it can.
    return found if callable(found) else getattr(found, "app", found)
