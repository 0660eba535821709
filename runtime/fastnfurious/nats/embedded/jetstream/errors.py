"""The errors that JetStream answers with, by the numbers that nats-server gives them.

*Source:* https://docs.nats.io/reference/reference-protocols/nats_api_reference
"""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["ApiError", "Fault", "not_here"]


class Fault(Enum):
    """Name what can be wrong: status, number of the error, and description."""

    BAD_REQUEST = (400, 10003, "bad request")
    CLUSTER_REQUIRED = (503, 10010, "JetStream clustering support required")
    CONSUMER_CREATE = (500, 10012, "{0}")
    CONSUMER_NAME_IN_USE = (400, 10013, "consumer name already in use")
    CONSUMER_NOT_FOUND = (404, 10014, "consumer not found")
    DURABLE_MISMATCH = (
        400,
        10017,
        "consumer name in subject does not match durable name in request",
    )
    DURABLE_NOT_SET = (400, 10018, "consumer expected to be durable but a durable name was not set")
    EPHEMERAL_EXPECTED = (
        400,
        10020,
        "consumer expected to be ephemeral but a durable name was set in request",
    )
    INVALID_JSON = (400, 10025, "invalid JSON: {0}")
    MAXIMUM_CONSUMERS = (400, 10026, "maximum consumers limit reached")
    NO_MESSAGE = (404, 10037, "no message found")
    NOT_EMPTY = (400, 10038, "expected an empty request payload")
    SEQUENCE_NOT_FOUND = (400, 10043, "sequence {0} not found")
    STREAM_INVALID = (500, 10052, "{0}")
    MESSAGE_TOO_LARGE = (400, 10054, "message size exceeds maximum allowed")
    STREAM_MISMATCH = (400, 10056, "stream name in subject does not match request")
    DELETE_FAILED = (500, 10057, "{0}")
    STREAM_EXISTS = (400, 10058, "stream name already in use with a different configuration")
    STREAM_NOT_FOUND = (404, 10059, "stream not found")
    EXPECTED_STREAM = (400, 10060, "expected stream does not match")
    SUBJECTS_OVERLAP = (400, 10065, "subjects overlap with an existing stream")
    WRONG_LAST_ID = (400, 10070, "wrong last msg ID: {0}")
    WRONG_LAST_SEQUENCE = (400, 10071, "wrong last sequence: {0}")
    REPLICAS = (500, 10074, "replicas > 1 not supported in non-clustered mode")
    STORE_FAILED = (503, 10077, "{0}")
    DELIVER_WILDCARDS = (400, 10079, "consumer deliver subject has wildcards")
    PUSH_MAX_WAITING = (400, 10080, "consumer in push mode can not set max waiting")
    DELIVER_CYCLE = (400, 10081, "consumer deliver subject forms a cycle")
    MAX_PENDING_NEEDS_ACK = (400, 10082, "consumer requires ack policy for max ack pending")
    SMALL_HEARTBEAT = (400, 10083, "consumer idle heartbeat needs to be >= 100ms")
    PULL_NEEDS_ACK = (
        400,
        10084,
        "consumer in pull mode requires explicit ack policy on workqueue stream",
    )
    PULL_RATE_LIMIT = (400, 10086, "consumer in pull mode can not have rate limit set")
    HEARTBEAT_NEEDS_PUSH = (400, 10088, "consumer idle heartbeat requires a push based consumer")
    FLOW_NEEDS_PUSH = (400, 10089, "consumer flow control requires a push based consumer")
    INVALID_POLICY = (400, 10094, "{0}")
    WORK_NEEDS_ACK = (400, 10098, "workqueue stream requires explicit ack")
    WORK_UNFILTERED = (
        400,
        10099,
        "multiple non-filtered consumers not allowed on workqueue stream",
    )
    WORK_NOT_UNIQUE = (400, 10100, "filtered consumer not unique on workqueue stream")
    WORK_DELIVER_ALL = (400, 10101, "consumer must be deliver all on workqueue stream")
    FLOW_NEEDS_HEARTBEAT = (400, 10108, "consumer with flow control also needs heartbeats")
    SEALED = (400, 10109, "invalid operation on sealed stream")
    PURGE_FAILED = (500, 10110, "{0}")
    ROLLUP_FAILED = (500, 10111, "{0}")
    SMALL_EXPIRES = (400, 10115, "consumer max request expires needs to be >= 1ms")
    FEW_DELIVERIES = (400, 10116, "max deliver is required to be > length of backoff values")
    TOO_MANY_PENDING = (400, 10121, "consumer max ack pending exceeds system limit of {0}")
    CONSUMER_REPLICAS = (400, 10126, "consumer config replica count exceeds parent stream")
    FILTER_MISMATCH = (
        400,
        10131,
        "Consumer create request did not match filtered subject from create subject",
    )
    NEGATIVE_REPLICAS = (400, 10133, "replicas count cannot be negative")
    TWO_FILTERS = (
        400,
        10136,
        "consumer cannot have both FilterSubject and FilterSubjects specified",
    )
    FILTERS_IN_SUBJECT = (
        400,
        10137,
        "consumer with multiple subject filters cannot use subject based API",
    )
    FILTERS_OVERLAP = (400, 10138, "consumer subject filters cannot overlap")
    EMPTY_FILTER = (400, 10139, "consumer filter in FilterSubjects cannot be empty")
    CONSUMER_EXISTS = (400, 10148, "consumer already exists")
    CONSUMER_MISSING = (400, 10149, "consumer does not exist")
    LONG_THRESHOLD = (400, 10153, "consumer inactive threshold exceeds system limit of {0}")
    INVALID_TTL = (400, 10165, "invalid per-message TTL")
    TTL_DISABLED = (400, 10166, "per-message TTL is disabled")
    COUNTERS_DISABLED = (400, 10168, "message counters is disabled")
    BATCHES_DISABLED = (400, 10174, "atomic publish is disabled")
    NEGATIVE_ACK_WAIT = (400, 10183, "consumer ack wait needs to be positive")
    NEGATIVE_BACKOFF = (400, 10184, "consumer backoff needs to be positive")
    SCHEDULES_DISABLED = (400, 10188, "message schedules is disabled")
    SUBJECT_WITHOUT_SEQUENCE = (
        400,
        10193,
        "missing sequence for expected last sequence per subject",
    )


class ApiError(Exception):
    """Carry what is wrong to the answer.

    Args:
        fault: What is wrong.
        details: What its description says more exactly.

    Example:
        >>> ApiError(Fault.WRONG_LAST_SEQUENCE, 7).as_json()["description"]
        'wrong last sequence: 7'
    """

    def __init__(self, fault: Fault, *details: object) -> None:
        self.fault = fault
        self.description = fault.value[2].format(*details)
        super().__init__(self.description)

    def as_json(self) -> dict[str, Any]:
        """Return the error as an answer holds it."""
        status, number, _ = self.fault.value
        return {"code": status, "err_code": number, "description": self.description}


def not_here(what: str, fault: Fault = Fault.STREAM_INVALID) -> ApiError:
    """Return the error for what a real server can do, and this one cannot."""
    return ApiError(fault, f"the embedded server has no {what}: set NATS_URL to a nats-server")
