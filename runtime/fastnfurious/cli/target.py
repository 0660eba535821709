"""The application that a command works on, imported when it is first needed."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fastnfurious.cli.failures import BrokenImport
from fastnfurious.core.errors import ApplicationNotFound, FastNFuriousError

if TYPE_CHECKING:
    from fastnfurious.application.app import FastNFuriousAPI

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """Name an application as ``module:attribute``; importing it is left to `load`.

    What is named may also be a service with an application around it, such as a `NatsService`.

    A command group of an integration finds it as ``ctx.obj``.

    Attributes:
        path: Where the application is, for example ``"my_service.app:app"``.
        program: What the service's command is called.
        debug: Whether an error is shown with its traceback.
    """

    path: str
    program: str
    debug: bool = False

    @classmethod
    def of(cls, path: str, program: str | None = None) -> Target:
        """Return a target; the program is called after the top-level package by default."""
        package = path.partition(":")[0].partition(".")[0]
        return cls(path, program or package.replace("_", "-"))

    @property
    def package(self) -> str:
        """Return the service's top-level package."""
        return self.path.partition(":")[0].partition(".")[0]

    def load(self) -> FastNFuriousAPI:
        """Import the application.

        Raises:
            ApplicationNotFound: The module or the attribute does not exist, or is something else.
            BrokenImport: The service's own code failed while it was imported.
            FastNFuriousError: The service's code raised it, for example for a wrong setting.
        """
        module_name, _, attribute = self.path.partition(":")
        if not module_name or not attribute:
            raise ApplicationNotFound(
                f"{self.path!r} names no application: write module:attribute, "
                "for example my_service.app:app"
            )
        return _application(_import(module_name), attribute)


def _import(name: str) -> ModuleType:
    try:
        return import_module(name)
    except FastNFuriousError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ApplicationNotFound(
                f"There is no module {error.name!r} (for {name!r}): install the service into "
                "this environment, or correct the name"
            ) from error
        raise BrokenImport(name, error) from error
    except (Exception, SystemExit) as error:
        raise BrokenImport(name, error) from error


def _application(module: ModuleType, attribute: str) -> FastNFuriousAPI:
    value = getattr(module, attribute, None)
    found = _served(value)
    if found is not None:
        return found
    if hasattr(module, attribute):
        raise ApplicationNotFound(
            f"{module.__name__}:{attribute} is of type {type(value).__name__}, "
            "not a FastNFuriousAPI application"
        )
    raise ApplicationNotFound(
        f"The module {module.__name__!r} has no attribute {attribute!r}" + _hint(module, attribute)
    )


def _served(value: Any) -> FastNFuriousAPI | None:
    """Return what is served for a value: itself, or the application around a service."""
    from fastnfurious.application.app import FastNFuriousAPI

    if isinstance(value, FastNFuriousAPI):
        return value
    # What can be called is an application itself, perhaps one that wraps ours.
    around = None if callable(value) else getattr(value, "app", None)
    return around if isinstance(around, FastNFuriousAPI) else None


def _hint(module: ModuleType, attribute: str) -> str:
    found = [name for name, value in vars(module).items() if _served(value) is not None]
    near = found or get_close_matches(attribute, dir(module), n=1)
    return f": did you mean {near[0]!r}?" if near else ""
