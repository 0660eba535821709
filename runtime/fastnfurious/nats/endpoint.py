"""What a service answers and follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastnfurious.core.errors import ConfigurationError
from fastnfurious.nats.answers import error_headers
from fastnfurious.nats.contract import ERROR_CODE_HEADER
from fastnfurious.nats.embedded.subjects import is_pattern
from fastnfurious.nats.handlers import Handler, HandlerFunction
from fastnfurious.nats.messaging import NatsClient
from fastnfurious.nats.subscription import Subscription

__all__ = ["DEFAULT_QUEUE", "Endpoint", "EndpointGroup"]

_is_name = re.compile(r"[A-Za-z0-9_-]+").fullmatch

DEFAULT_QUEUE = "q"
"""The queue group of services that name no other, as all implementations have it."""


@dataclass(slots=True)
class Endpoint:
    """Describe one handler of a service, and count what it does.

    Attributes:
        name: What the ``nats`` tool calls it.
        subject: Subject, or pattern of subjects.
        queue: Group in which one member gets each message; empty for none.
        function: The user's function.
        answers: Whether it is there to answer requests.
        concurrency: How many messages it handles at the same time.
        metadata: What else is told about it.
        handler: The function, and what its signature asks for.
    """

    name: str
    subject: str
    queue: str
    function: HandlerFunction
    answers: bool
    concurrency: int = 1
    metadata: Mapping[str, str] = field(default_factory=dict)
    handler: Handler = field(init=False)
    _requests: int = 0
    _errors: int = 0
    _seconds: float = 0.0
    _last_error: str = ""

    def __post_init__(self) -> None:
        """Look at the signature of the function."""
        self.handler = Handler(self.function)

    def join(self, client: NatsClient, *, start: bool = True) -> Subscription:
        """Serve over a client.

        Args:
            client: Where the messages come from.
            start: Take them from the client's opening on; otherwise when the subscription is
                started.
        """
        subscribe = client.subscribe(
            self.subject,
            queue=self.queue,
            concurrency=self.concurrency,
            start=start,
            always_answer=self.answers,
        )
        subscription = subscribe(self.handler)
        subscription.observe = self.count
        return subscription

    def count(self, seconds: float, error: Exception | None) -> None:
        """Count a message that was handled."""
        self._requests += 1
        self._seconds += seconds
        if error is not None:
            self._errors += 1
            code = error_headers(error)[ERROR_CODE_HEADER]
            self._last_error = f"{code}:{type(error).__name__}"

    def info(self) -> dict[str, Any]:
        """Return what the micro protocol tells about it."""
        return {
            "name": self.name,
            "subject": self.subject,
            "queue_group": self.queue,
            "metadata": {**self.handler.schemas, **self.metadata},
        }

    def reset(self) -> None:
        """Count from nothing again."""
        self._requests, self._errors, self._seconds, self._last_error = 0, 0, 0.0, ""

    def stats(self) -> dict[str, Any]:
        """Return what it has done; times are in nanoseconds."""
        total = round(self._seconds * 1e9)
        return {
            "name": self.name,
            "subject": self.subject,
            "queue_group": self.queue,
            "num_requests": self._requests,
            "num_errors": self._errors,
            "last_error": self._last_error,
            "processing_time": total,
            "average_processing_time": total // self._requests if self._requests else 0,
        }


class EndpointGroup:
    """Gather handlers below a common beginning of their subjects.

    Args:
        add: Takes each of them.
        prefix: Beginning of the subjects; empty for none.
        queue: Queue group of those that name no other.
    """

    def __init__(self, add: Callable[[Endpoint], None], prefix: str, queue: str) -> None:
        self._add = add
        self._prefix = prefix
        self._queue = queue

    def group(self, prefix: str, *, queue: str | None = None) -> EndpointGroup:
        """Return a group within this one.

        Args:
            prefix: Beginning of the subjects, without the dot.
            queue: Queue group of its handlers; the same as here by default.

        Raises:
            ConfigurationError: No subject can begin like that.
        """
        if not is_pattern(prefix) or ">" in prefix.split("."):
            raise ConfigurationError(f"{prefix!r} cannot be the beginning of subjects")
        return EndpointGroup(self._add, self._full(prefix), self._queue if queue is None else queue)

    def reply(
        self,
        subject: str,
        *,
        name: str | None = None,
        queue: str | None = None,
        concurrency: int = 1,
        metadata: Mapping[str, str] | None = None,
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        """Answer requests with what a function returns, as a decorator.

        Args:
            subject: Subject, or pattern of subjects.
            name: What the ``nats`` tool calls it; the function's name by default.
            queue: Queue group; that of the group by default.
            concurrency: How many requests are handled at the same time.
            metadata: What else is told about it.

        Raises:
            ConfigurationError: The function is not async, or asks for what there is not.
        """
        return self._adding(subject, name, queue, concurrency, metadata, answers=True)

    def subscribe(
        self,
        subject: str,
        *,
        name: str | None = None,
        queue: str | None = None,
        concurrency: int = 1,
        metadata: Mapping[str, str] | None = None,
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        """Follow messages with a function, as a decorator; arguments are those of `reply`.

        Raises:
            ConfigurationError: The function is not async, or asks for what there is not.
        """
        return self._adding(subject, name, queue, concurrency, metadata, answers=False)

    def _adding(
        self,
        subject: str,
        name: str | None,
        queue: str | None,
        concurrency: int,
        metadata: Mapping[str, str] | None,
        *,
        answers: bool,
    ) -> Callable[[HandlerFunction], HandlerFunction]:
        if concurrency < 1:
            raise ConfigurationError(f"concurrency={concurrency} is not accepted: at least 1")

        def add(function: HandlerFunction) -> HandlerFunction:
            own_name = str(getattr(function, "__name__", "handler"))
            if not _is_name(name or own_name):
                raise ConfigurationError(
                    f"{name or own_name!r} cannot be the name of an endpoint: letters, digits, "
                    "'-' and '_' only"
                )
            group = self._queue if queue is None else queue
            endpoint = Endpoint(
                name or own_name,
                self._full(subject),
                group,
                function,
                answers,
                concurrency,
                metadata or {},
            )
            self._add(endpoint)
            return function

        return add

    def _full(self, subject: str) -> str:
        return f"{self._prefix}.{subject}" if self._prefix else subject
