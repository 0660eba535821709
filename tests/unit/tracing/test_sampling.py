"""The decision to record, with the SDK's own samplers as the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import sampling as sdk
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from fastnfurious.tracing.sampling import Sampling
from fastnfurious.tracing.settings import SamplerName


def _sdk_sampler(name: SamplerName, ratio: float) -> sdk.Sampler:
    return {
        SamplerName.ALWAYS_ON: sdk.ALWAYS_ON,
        SamplerName.ALWAYS_OFF: sdk.ALWAYS_OFF,
        SamplerName.RATIO: sdk.TraceIdRatioBased(ratio),
        SamplerName.PARENT_ALWAYS_ON: sdk.DEFAULT_ON,
        SamplerName.PARENT_ALWAYS_OFF: sdk.DEFAULT_OFF,
        SamplerName.PARENT_RATIO: sdk.ParentBasedTraceIdRatio(ratio),
    }[name]


@given(
    st.sampled_from(SamplerName),
    st.floats(0, 1),
    st.integers(1, (1 << 128) - 1),
    st.none() | st.integers(0, 255),
)
def test_the_decision_is_that_of_the_sdk(
    name: SamplerName, ratio: float, trace_id: int, flags: int | None
) -> None:
    """Every sampler decides as the SDK's sampler of that name does."""
    context = Context()
    if flags is not None:
        caller = SpanContext(trace_id, 1, True, TraceFlags(flags))
        context = trace.set_span_in_context(NonRecordingSpan(caller), context)
    expected = _sdk_sampler(name, ratio).should_sample(context, trace_id, "request")
    assert Sampling(name, ratio).decide(trace_id, flags) is (
        expected.decision is sdk.Decision.RECORD_AND_SAMPLE
    )


@pytest.mark.parametrize("ratio", [0.25, 0.5, 1.0])
def test_the_bound_itself_is_decided_as_by_the_sdk(ratio: float) -> None:
    """The ids around the bound fall on the same side as they do in the SDK."""
    sampling, oracle = Sampling(SamplerName.RATIO, ratio), sdk.TraceIdRatioBased(ratio)
    for trace_id in (oracle.bound - 1, oracle.bound, oracle.bound + 1):
        decision = oracle.should_sample(None, trace_id, "request").decision
        expected = decision is sdk.Decision.RECORD_AND_SAMPLE
        assert sampling.decide(trace_id) is expected, trace_id


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_the_ends_of_the_scale_are_exact(ratio: float) -> None:
    """A ratio of 0 records nothing, a ratio of 1 everything."""
    sampling = Sampling(SamplerName.RATIO, ratio)
    assert {sampling.decide(1), sampling.decide((1 << 128) - 1)} == {bool(ratio)}
