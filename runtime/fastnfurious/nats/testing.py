"""A double for tests: it records what an application sends, and answers as it is told to."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from fastnfurious.core.identifiers import new_identifier
from fastnfurious.nats.answers import reply_of
from fastnfurious.nats.contract import ERROR_CODE_HEADER, ERROR_HEADER, Message, NoResponders
from fastnfurious.nats.embedded.connection import Connection
from fastnfurious.nats.embedded.headers import read_headers, write_headers
from fastnfurious.nats.embedded.protocol import Publish
from fastnfurious.nats.embedded.server import EmbeddedServer
from fastnfurious.nats.embedded.subjects import matches
from fastnfurious.nats.integration import NatsIntegration
from fastnfurious.nats.jetstream.publisher import ID_HEADER
from fastnfurious.nats.payloads import decode_json, encode
from fastnfurious.nats.reply import Reply

__all__ = ["RecordedMessage", "RecordedNats"]

_MACHINERY = ("_INBOX.", "$JS.", "$KV.", "$O.")
"""Subjects of answers, and of what streams and buckets need to work."""


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """Hold a message that an application has sent.

    Attributes:
        subject: Where it was sent.
        data: The payload.
        headers: Its headers.
        is_request: Whether the sender waits for an answer.
    """

    subject: str
    data: bytes
    headers: Mapping[str, str]
    is_request: bool

    @property
    def json(self) -> Any:
        """Return the payload, decoded."""
        return decode_json(self.data)


@dataclass(frozen=True, slots=True)
class _Script:
    pattern: str
    answer: Callable[[RecordedMessage], Publish | None]


class RecordedNats:
    """Record what goes over an application's embedded server, and take part in it.

    The application, its handlers and its clients stay as they are; only the server is another.
    Everything may be called from the test's thread.

    Args:
        integration: The application's integration.

    Attributes:
        messages: What was sent, to streams as well, in order; answers to requests are not among it.
    """

    def __init__(self, integration: NatsIntegration) -> None:
        self.messages: list[RecordedMessage] = []
        self.delay = 0.0
        self.is_away = False
        self._integration = integration
        self._scripts: list[_Script] = []
        self._server: _RecordingServer | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Take the place of the server."""
        self._stack.enter_context(self._integration.standing_in(self._create_server))
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave it."""
        self._stack.close()

    def published(self, pattern: str = ">") -> list[RecordedMessage]:
        """Return what was published to matching subjects, requests left out."""
        return [each for each in self._matching(pattern) if not each.is_request]

    def requested(self, pattern: str = ">") -> list[RecordedMessage]:
        """Return the requests that were sent to matching subjects."""
        return [each for each in self._matching(pattern) if each.is_request]

    def replies(
        self, pattern: str, value: Any = None, *, error: str | None = None, code: int = 500
    ) -> None:
        """Answer requests; of several answers for a subject the last one counts.

        Args:
            pattern: Subject, or pattern of subjects.
            value: What to answer; a function is called with the recorded request.
            error: Answer with this error instead.
            code: Number of the error.
        """
        headers = {} if error is None else {ERROR_HEADER: error, ERROR_CODE_HEADER: str(code)}

        def answer(request: RecordedMessage) -> Publish:
            given = value(request) if callable(value) else value
            data = b"null" if given is None and error is None else encode(given)
            return Publish("", "", write_headers(headers), data)

        self._scripts.insert(0, _Script(pattern, answer))

    def ignores(self, pattern: str) -> None:
        """Let requests wait for an answer that never comes."""
        self._scripts.insert(0, _Script(pattern, lambda request: None))

    def inject(
        self, subject: str, payload: Any = b"", *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a message to the application, as another service would.

        One that nobody listens to yet waits until somebody does, for two seconds at most, so that a
        test need not wait for a subscription to begin.

        Args:
            subject: Where to send it.
            payload: What to send: a model, dict, text or bytes.
            headers: Its headers.

        Raises:
            RuntimeError: The application has not been started.
        """
        message = Publish(subject, "", write_headers(headers or {}), encode(payload))
        server = self._running()
        server.in_its_loop(lambda: server.inject_once_heard(message))

    async def request(
        self,
        subject: str,
        payload: Any = b"",
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 2.0,
    ) -> Reply:
        """Ask the application, as another service would, and return its answer.

        Args:
            subject: Whom to ask.
            payload: What to send: a model, dict, text or bytes.
            headers: Headers of the request.
            timeout: Seconds to wait for the answer.

        Raises:
            RuntimeError: The application has not been started.
            NoResponders: It does not listen.
            TimeoutError: It does not answer.
        """
        server = self._running()
        answer = concurrent.futures.Future[Message]()
        asked = Publish(subject, "", write_headers(headers or {}), encode(payload))
        server.in_its_loop(lambda: server.ask(asked, answer))
        async with asyncio.timeout(timeout):
            return reply_of(await asyncio.wrap_future(answer))

    def disconnect(self) -> None:
        """Cut every connection once, as a server does with a consumer that is too slow."""
        if self._server is not None:
            self._server.in_its_loop(self._server.disconnect_all)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Be unreachable for the length of a ``with`` block, as after a network partition."""
        self.is_away = True
        self.disconnect()
        try:
            yield
        finally:
            self.is_away = False

    @contextmanager
    def slowed(self, seconds: float) -> Iterator[None]:
        """Take so long with every message for the length of a ``with`` block."""
        before, self.delay = self.delay, seconds
        try:
            yield
        finally:
            self.delay = before

    async def wait_published(self, pattern: str = ">", count: int = 1) -> list[RecordedMessage]:
        """Return what was published to matching subjects, once it is as much as expected.

        Raises:
            TimeoutError: It was less after two seconds.
        """
        async with asyncio.timeout(2):
            while len(self.published(pattern)) < count:
                await asyncio.sleep(0.002)
        return self.published(pattern)

    async def wait_subscribed(self, subject: str, count: int = 1) -> None:
        """Wait until as many subscriptions as expected get the messages of a subject.

        Raises:
            TimeoutError: It was another number after two seconds.
        """
        async with asyncio.timeout(2):
            while self._server is None or len(self._server.interest.match(subject)) != count:
                await asyncio.sleep(0.002)

    def record(self, message: Publish) -> RecordedMessage:
        """Write a message down; the server calls it."""
        headers = read_headers(message.headers)
        # One for a stream waits for an answer as well, but only to hear that it is kept.
        asks = bool(message.reply) and ID_HEADER not in headers
        sent = RecordedMessage(message.subject, message.data, headers, asks)
        if not message.subject.startswith(_MACHINERY):
            self.messages.append(sent)
        return sent

    def find_answer(
        self, request: RecordedMessage
    ) -> Callable[[RecordedMessage], Publish | None] | None:
        """Return what answers a request; the server calls it."""
        fitting = (each for each in self._scripts if matches(each.pattern, request.subject))
        script = next(fitting, None)
        return script.answer if script is not None and request.is_request else None

    def _matching(self, pattern: str) -> list[RecordedMessage]:
        return [each for each in self.messages if matches(pattern, each.subject)]

    def _create_server(self) -> EmbeddedServer:
        self._server = _RecordingServer(self)
        return self._server

    def _running(self) -> _RecordingServer:
        if self._server is None or not self._server.running:
            raise RuntimeError("No message can be injected: start the application first")
        return self._server


class _RecordingServer(EmbeddedServer):
    def __init__(self, recorded: RecordedNats) -> None:
        super().__init__()
        self._recorded = recorded
        self._loop = asyncio.get_running_loop()
        self._answers: dict[str, concurrent.futures.Future[Message]] = {}

    def in_its_loop(self, call: Callable[[], object]) -> None:
        """Call a function where the server runs, now if that is here."""
        try:
            here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            here = False
        if here:
            call()
        else:
            self._loop.call_soon_threadsafe(call)

    def ask(self, asked: Publish, answer: concurrent.futures.Future[Message]) -> None:
        """Send the application a request, and note where its answer belongs."""
        inbox = f"_INBOX.test.{new_identifier()}"
        self._answers[inbox] = answer
        if not self.inject(asked._replace(reply=inbox)):
            answer.set_exception(NoResponders(f"Nobody answers requests for {asked.subject!r}"))

    def accepts(self, connection: Connection) -> bool:
        return not self._recorded.is_away

    def inject_once_heard(self, message: Publish, *, tries: int = 1000) -> None:
        """Send a message as soon as anybody listens to its subject, or has had time to."""
        heard = self.keeps(message.subject) or self.interest.match(message.subject)
        if tries and self.running and not heard:
            later = partial(self.inject_once_heard, message, tries=tries - 1)
            self._loop.call_later(0.002, later)
        else:
            self.inject(message)

    def publish(self, sender: Connection, message: Publish) -> None:
        delay = self._recorded.delay
        request = self._recorded.record(message)
        if delay:
            self._loop.call_later(delay, self._publish_late, sender, message, request)
        else:
            self._publish(sender, message, request)

    def _publish_late(self, *late: Any) -> None:
        self._publish(*late)
        self.flush()

    def _publish(self, sender: Connection, message: Publish, request: RecordedMessage) -> None:
        awaited = self._answers.pop(message.subject, None)
        if awaited is not None:
            awaited.set_result(Message(message.subject, message.data, request.headers))
            return
        answer = self._recorded.find_answer(request)
        if answer is None:
            super().publish(sender, message)
            return
        given = answer(request)
        if given is not None:
            super().publish(sender, given._replace(subject=message.reply))
