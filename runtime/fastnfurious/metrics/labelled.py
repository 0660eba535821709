"""A metric with labels: finding the child of a combination of values, within the bound."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from prometheus_client.metrics import MetricWrapperBase

from fastnfurious.metrics.labels import OVERFLOW, LabelBound

__all__ = ["Labelled"]

_Prometheus = TypeVar("_Prometheus", bound=MetricWrapperBase)


class Labelled(Generic[_Prometheus]):
    """Give a metric of ``prometheus_client`` labels that cannot grow without bound.

    Args:
        prometheus: The metric underneath.
        name: Its name.
        label_names: Names of its labels; none for a metric that is one number.
        label_bound: Bounds the combinations.

    Attributes:
        prometheus: The metric underneath, for what is not offered here.
    """

    __slots__ = ("prometheus", "name", "_label_names", "_label_bound", "_children")

    def __init__(
        self,
        prometheus: _Prometheus,
        *,
        name: str,
        label_names: tuple[str, ...],
        label_bound: LabelBound,
    ) -> None:
        self.prometheus = prometheus
        self.name = name
        self._label_names = label_names
        self._label_bound = label_bound
        self._children: dict[tuple[str, ...], Self] = {}

    def labels(self, *values: object, **named: object) -> Self:
        """Return the metric for a combination of label values.

        Args:
            *values: One for each label, in the order of their names.
            **named: The same by name.

        Raises:
            ValueError: The values do not fit the names.
        """
        key = self._key(values, named)
        child = self._children.get(key)
        return self._add(key) if child is None else child

    def _key(self, values: tuple[object, ...], named: dict[str, object]) -> tuple[str, ...]:
        if not self._label_names:
            raise ValueError(f"The metric {self.name!r} has no labels: use it as it is")
        if named and not values and named.keys() == set(self._label_names):
            return tuple(str(named[name]) for name in self._label_names)
        if named or len(values) != len(self._label_names):
            raise ValueError(
                f"The metric {self.name!r} has the labels {', '.join(self._label_names)}; "
                f"got {', '.join(map(repr, values or named)) or 'nothing'}"
            )
        return tuple(map(str, values))

    def _add(self, key: tuple[str, ...]) -> Self:
        if not self._label_bound.admits(self.name, len(self._children)):
            key = (OVERFLOW,) * len(key)
            if key in self._children:
                return self._children[key]
        child: Any = self.prometheus.labels(*key)
        made = type(self)(child, name=self.name, label_names=(), label_bound=self._label_bound)
        self._children[key] = made
        return made
