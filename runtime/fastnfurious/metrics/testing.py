"""The numbers of a moment, for tests to compare with."""

from __future__ import annotations

from prometheus_client.samples import Sample

from fastnfurious.metrics.integration import Metrics

__all__ = ["MetricsSnapshot"]


class MetricsSnapshot:
    """Remember every number when it is made, and tell how they have changed since.

    Args:
        metrics: The application's metrics: ``app.metrics``.

    Example:
        >>> from fastnfurious.core.settings import FastNFuriousSettings
        >>> from fastnfurious.metrics.settings import MetricsSettings
        >>> metrics = Metrics(MetricsSettings(), FastNFuriousSettings())
        >>> orders = metrics.counter("orders", "Orders taken.", labels=["country", "kind"])
        >>> before = MetricsSnapshot(metrics)
        >>> orders.labels("NL", "new").inc(2)
        >>> before.value("orders_total", country="NL"), before.delta("orders_total")
        (2.0, 2.0)
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._before = _samples(metrics)

    def value(self, name: str, **labels: object) -> float:
        """Return a number as it is now.

        Args:
            name: Name of the series, as it is scraped: ``http_requests_total``.
            **labels: Labels that it must have; those left out are added up.

        Returns:
            The sum of the matching series; 0 if there is none.
        """
        return _total(_samples(self._metrics), name, labels)

    def delta(self, name: str, **labels: object) -> float:
        """Return how much a number has changed since the snapshot; see `value`."""
        return self.value(name, **labels) - _total(self._before, name, labels)

    def names(self) -> set[str]:
        """Return the names of all series that there are now."""
        return {sample.name for sample in _samples(self._metrics)}


def _samples(metrics: Metrics) -> list[Sample]:
    return [sample for metric in metrics.collect() for sample in metric.samples]


def _total(samples: list[Sample], name: str, labels: dict[str, object]) -> float:
    wanted = {label: str(value) for label, value in labels.items()}.items()
    return sum(
        sample.value
        for sample in samples
        if sample.name == name and wanted <= sample.labels.items()
    )
