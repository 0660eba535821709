"""The measures themselves: rounds in which the servers take turns, and the medians of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.chassis import load
from benchmarks.chassis.applications import APPLICATIONS, paths
from benchmarks.chassis.server import ENVIRONMENT, Server, serve
from benchmarks.collector import collect
from benchmarks.cores import pin

__all__ = ["Cost", "Lines", "access_lines", "costs", "matching", "starts"]

WARM_UP = 400
_LEAST = 1e-6


@dataclass
class Cost:
    """What requests cost a server, round by round."""

    cpu: list[float] = field(default_factory=list)
    """CPU seconds of the server for each request."""
    rate: list[float] = field(default_factory=list)
    """Requests in a second."""


@dataclass(frozen=True)
class Lines:
    """Microseconds of one JSON access line."""

    ours_in_path: float
    ours_whole: float
    loguru: float


def variables(collector: str) -> dict[str, str]:
    """Return the settings that are the same for all: a tenth of the traces, JSON logs."""
    return {
        "ENVIRONMENT": "production",
        "LOG_FORMAT": "json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_SERVICE_NAME": "benchmark",
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0.1",
    }


def costs(routes: int, *, rounds: int, requests: int) -> dict[str, Cost]:
    """Return what a request costs each of the applications.

    Args:
        routes: How many routes each has.
        rounds: How often each has its turn.
        requests: How many requests make a turn.
    """
    found = {name: Cost() for name in APPLICATIONS}
    asked = paths(routes)
    pin(0, 1)
    with ExitStack() as running:
        common = variables(running.enter_context(collect()))
        servers = {
            name: running.enter_context(serve(name, routes, asked[0], common)) for name in found
        }
        for server in servers.values():
            load.run(server.port, asked, min(WARM_UP, requests))
        for _ in range(rounds):
            for name, server in servers.items():
                _take_turn(server, found[name], asked, requests)
    return found


def _take_turn(server: Server, cost: Cost, asked: list[str], requests: int) -> None:
    before = server.cpu_seconds()
    seconds = load.run(server.port, asked, requests)
    # The system books CPU time at its own moments: a turn of a few requests may seem free.
    cost.cpu.append(max(server.cpu_seconds() - before, _LEAST) / requests)
    cost.rate.append(requests / seconds)


def starts(*, rounds: int) -> dict[str, list[float]]:
    """Return the seconds from the start of each process to its first answer, round by round."""
    found: dict[str, list[float]] = {name: [] for name in APPLICATIONS}
    with collect() as collector:
        for _ in range(rounds):
            for name, seconds in found.items():
                with serve(name, 1, paths(1)[0], variables(collector)) as server:
                    seconds.append(server.ready_after)
    return found


def access_lines(*, rounds: int) -> Lines:
    """Return what one JSON access line costs, as the median over some processes."""
    found = [_lines() for _ in range(rounds)]
    return Lines(
        *(median(getattr(lines, name) for lines in found) for name in Lines.__match_args__)
    )


def _lines() -> Lines:
    return Lines(**ENVIRONMENT.printed_by("benchmarks.chassis.lines"))


def matching() -> dict[str, tuple[float, float]]:
    """Return the µs to find a route, bare and ours, by the number of routes."""
    found = ENVIRONMENT.printed_by("benchmarks.chassis.matching")
    return {count: (bare, ours) for count, (bare, ours) in found.items()}
