"""``version``: which release of the service and of FastNFurious this is."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version

import typer

from fastnfurious.cli.target import Target

__all__ = ["service_version", "show_version"]


def show_version(ctx: typer.Context) -> int:
    """Print the versions of the service, FastNFurious and Python."""
    target: Target = ctx.obj
    own = service_version(target.package) or "(not installed)"
    print(f"{target.program} {own}")
    print(f"FastNFurious {version('fastnfurious')}, Python {platform.python_version()}")
    return 0


def service_version(package: str) -> str | None:
    """Return the version of the distribution that holds a package; ``None`` without one."""
    try:
        return version(package)
    except PackageNotFoundError:
        pass
    # Slower, because it reads the file lists of everything that is installed.
    distributions = packages_distributions().get(package, [])
    return version(distributions[0]) if distributions else None
