"""The decision whether a trace is recorded, taken before anything is built for it."""

from __future__ import annotations

from fastnfurious.tracing.settings import SamplerName

__all__ = ["Sampling"]

_LOW_BITS = (1 << 64) - 1
_SAMPLED = 0x01
_SHARES = {"always_on": 1.0, "always_off": 0.0}


class Sampling:
    """Decide as OpenTelemetry's own samplers do, from the trace id and the caller's flags alone.

    Args:
        name: Which sampler.
        ratio: Share of traces that a ``traceidratio`` sampler records, 0 to 1.

    Example:
        >>> half = Sampling(SamplerName.PARENT_RATIO, 0.5)
        >>> half.decide(1), half.decide((1 << 128) - 1), half.decide((1 << 128) - 1, 0x01)
        (True, False, True)

    *Source:* https://opentelemetry.io/docs/specs/otel/trace/sdk/#built-in-samplers
    """

    __slots__ = ("_bound", "_follows_parent")

    def __init__(self, name: SamplerName, ratio: float = 1.0) -> None:
        root = name.removeprefix("parentbased_")
        self._follows_parent = root != name.value
        self._bound = round(_SHARES.get(root, ratio) * (_LOW_BITS + 1))

    def decide(self, trace_id: int, parent_flags: int | None = None) -> bool:
        """Return whether the trace is recorded.

        Args:
            trace_id: The trace's id.
            parent_flags: Trace flags of the parent; ``None`` for a new trace.
        """
        if parent_flags is not None and self._follows_parent:
            return bool(parent_flags & _SAMPLED)
        return (trace_id & _LOW_BITS) < self._bound
