"""The tasks of the real servers: ``inv servers.up``, ``.status`` and ``.down``."""

from __future__ import annotations

import time

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from servers.fleet import Fleet

__all__ = ["collection"]

_NAMES = {"names": "Servers, separated by commas; all that can be had by default."}


@task(help=_NAMES)
def up(context: Context, names: str = "") -> None:
    """Install servers (the first time), start them, and wait until they answer."""
    chosen = _split(names)
    outcomes = Fleet(tell=_Clock().tell).up(chosen)
    for outcome in outcomes:
        found = outcome.endpoint
        print(
            f"{outcome.name:14} {found.version:12} {found.fidelity:10} {found.url}"
            if found
            else f"{outcome.name:14} left out: {outcome.reason}"
        )
    if chosen and any(outcome.endpoint is None for outcome in outcomes):
        raise Exit("Not every server that was asked for is up", code=1)


@task
def status(context: Context) -> None:
    """Print the servers that are running: version, fidelity, address, memory, process."""
    for running in Fleet().running():
        at, process = running.endpoint, running.process
        memory = f"{process.memory / 2**20:.0f} MiB"
        line = f"{at.name:14} {at.version:12} {at.fidelity:10} {memory:>9}  {process.pid:<8}"
        print(f"{line} {at.url}")


@task(help=_NAMES)
def down(context: Context, names: str = "") -> None:
    """Stop servers and remove what they wrote; installed programs stay in the cache."""
    for name in Fleet().down(_split(names)):
        print(f"{name} is down")


class _Clock:
    """Show what happens to servers, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def tell(self, name: str, what: str) -> None:
        """Print it at once, also into a pipe."""
        print(f"{time.monotonic() - self._begun:5.0f} s  {name} {what}", flush=True)


def _split(names: str) -> list[str]:
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in chosen if name not in Fleet().names]
    if unknown:
        known = ", ".join(Fleet().names)
        raise Exit(f"No server is called {', '.join(unknown)}: there are {known}", code=2)
    return chosen


collection = Collection("servers", up, status, down)
