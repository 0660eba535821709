"""The metrics that a service declares: each name means one thing in an application."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics import MetricWrapperBase

from fastnfurious.core.errors import ConfigurationError, MetricConflict
from fastnfurious.metrics.gauge import Gauge
from fastnfurious.metrics.labelled import Labelled
from fastnfurious.metrics.labels import LabelBound
from fastnfurious.metrics.workers import workers_folder

__all__ = ["DeclaredMetrics", "Shape"]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_Declared = TypeVar("_Declared", bound=Labelled[Any])


@dataclass(frozen=True, slots=True)
class Shape:
    """Describe a metric, to tell whether two declarations mean the same one.

    Attributes:
        kind: ``counter``, ``gauge``, ``histogram`` or ``summary``.
        help: What it measures.
        labels: Names of its labels.
        options: What else was asked for, by name.
    """

    kind: str
    help: str
    labels: tuple[str, ...]
    options: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        """Return the shape in words."""
        labels = f"labels {', '.join(self.labels)}" if self.labels else "no labels"
        options = "".join(f", {name} {value}" for name, value in self.options)
        return f"{self.kind} ({self.help!r}, {labels}{options})"


class DeclaredMetrics:
    """Make metrics, and hand out the same one for the same declaration.

    Args:
        registry: Where they are registered.
        label_bound: Bounds their labels.
    """

    def __init__(self, registry: CollectorRegistry, label_bound: LabelBound) -> None:
        self._registry = registry
        self._label_bound = label_bound
        self._metrics: dict[str, tuple[Shape, Labelled[Any]]] = {}

    def __iter__(self) -> Iterator[Labelled[Any]]:
        """Iterate over the metrics."""
        return iter([metric for _, metric in self._metrics.values()])

    def declare(
        self,
        kind: type[_Declared],
        make: Callable[..., MetricWrapperBase],
        name: str,
        shape: Shape,
        **options: Any,
    ) -> _Declared:
        """Return the metric of this name and shape.

        Args:
            kind: Our class.
            make: The class of ``prometheus_client``.
            name: Name of the metric.
            shape: What it looks like.
            **options: Passed on to ``prometheus_client``.

        Raises:
            MetricConflict: The name is taken by another shape.
            ConfigurationError: The name or a label breaks the rules of Prometheus.
        """
        base = name.removesuffix("_total") if shape.kind == "counter" else name
        existing = self._metrics.get(base)
        if existing is None:
            made = self._make(make, name, shape, options)
            metric = kind(made, name=base, label_names=shape.labels, label_bound=self._label_bound)
            self._metrics[base] = (shape, metric)
            return metric
        if existing[0] != shape:
            raise MetricConflict(
                f"The metric {name!r} exists as a {existing[0]}; it cannot also be a {shape}. "
                "Choose another name, or declare it in the same way"
            )
        return cast(_Declared, existing[1])

    def _make(
        self, make: Callable[..., MetricWrapperBase], name: str, shape: Shape, options: Any
    ) -> MetricWrapperBase:
        _check_names(name, shape.labels)
        _choose_values()
        try:
            return make(name, shape.help, shape.labels, registry=self._registry, **options)
        except ValueError as error:
            taken = self._taken_by(error)
            if taken:
                raise MetricConflict(
                    f"The metric {name!r}, a {shape}, would have a series that {taken} has "
                    "already. Choose another name"
                ) from None
            raise ConfigurationError(f"The metric {name!r} cannot be declared: {error}") from error

    def _taken_by(self, error: ValueError) -> str | None:
        names: set[str] | None = getattr(error, "duplicates", None)
        if names is None:
            return None
        for base, (shape, _) in self._metrics.items():
            if any(name.startswith(base) for name in names):
                return f"{base!r}, a {shape},"
        return f"{min(names)!r}, which is measured by itself,"

    def refresh(self) -> None:
        """Ask the gauges that have a function for their values."""
        for metric in self:
            if isinstance(metric, Gauge):
                metric.refresh()


def _check_names(name: str, labels: tuple[str, ...]) -> None:
    # prometheus_client also takes names in any script, and writes them with underscores for the
    # scrapers that do not: two metrics could then become one.
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The metric {name!r} cannot be declared: a name has letters, digits, underscores and "
            "colons, and begins with no digit"
        )
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise ConfigurationError(
                f"The metric {name!r} cannot have the label {label!r}: a label has letters, digits "
                "and underscores, and begins with neither a digit nor two underscores"
            )


def _choose_values() -> None:
    """Keep numbers where the workers share them, or in memory, as the environment is now.

    ``prometheus_client`` decides that once, when it is imported, and that may have been before the
    parent prepared its workers.
    """
    shared = workers_folder() is not None
    library: Any = values
    if shared and not library.ValueClass._multiprocess:
        library.ValueClass = library.MultiProcessValue()
    elif not shared and library.ValueClass._multiprocess:
        library.ValueClass = library.MutexValue
