"""The order in which a service stops, seen from outside the process."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.application.shutdown.process import ServiceProcess, free_port


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        yield client


def _request(client: socket.socket, path: str) -> None:
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def _response(client: socket.socket) -> bytes:
    """Read until the body, which is short here, is complete."""
    data = b""
    while b"\r\n\r\n" not in data or not data.endswith((b"}", b"\r\n0\r\n\r\n")):
        more = client.recv(65536)
        assert more, data
        data += more
    return data


def _response_rest(client: socket.socket) -> None:
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        data += client.recv(65536)


def _status(port: int, path: str) -> int:
    with _connected(port) as client:
        _request(client, path)
        return int(_response(client).split()[1])


def _told(service: ServiceProcess) -> list[str]:
    lines = service.output.splitlines()
    return [line.removeprefix("told: ") for line in lines if line.startswith("told: ")]


def test_a_service_stops_in_order() -> None:
    """Readiness first, then messages, then the parts; the exit code is 0."""
    with ServiceProcess(app="told_service:app") as service:
        service.wait_ready()
        service.signal()
        assert service.wait() == 0, service.output
        assert list(dict.fromkeys(_told(service))) == ["start", "begin", "drain", "stop"]


def test_a_failure_while_stopping_is_told() -> None:
    """Everything else is still closed; the exit code is 1."""
    with ServiceProcess(app="told_service:app", environment={"FAIL": "stop"}) as service:
        service.wait_ready()
        service.signal()
        assert service.wait() == 1, service.output
        assert "the door is stuck" in service.output


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--workers", "2", "--debug")])
def test_a_service_that_cannot_start_says_why_once(options: tuple[str, ...]) -> None:
    """One line with the place in the service's code, exit code 3, and no second try."""
    with ServiceProcess(*options, app="told_service:app", environment={"FAIL": "start"}) as service:
        assert service.wait() == 3, service.output
        line = "loaded: The application could not start: ValueError: the cellar is flooded"
        assert service.output.count(line) == 1, service.output
        assert ("Traceback" in service.output) == ("--debug" in options)
        assert "told_service.py:" in service.output


def test_while_it_drains_probes_see_503_and_answers_close() -> None:
    """New requests are answered until the delay is over; each answer ends its connection."""
    port = free_port()
    with ServiceProcess(
        "--shutdown-delay", "1.5", environment={"MANAGEMENT_PORT": str(port)}
    ) as service:
        service.wait_ready()
        assert _status(port, "/health/ready") == 200
        assert _status(service.port, "/health/ready") == 404
        with _connected(service.port) as client:
            service.signal()
            time.sleep(0.5)
            assert _status(port, "/health/ready") == 503
            assert _status(port, "/health/live") == 200
            _request(client, "/small")
            assert b"connection: close" in _response(client)
            assert client.recv(1) == b""
        assert service.wait() == 0, service.output


def test_probes_see_503_until_the_last_request_is_answered() -> None:
    """The management port outlives the public one."""
    port = free_port()
    with ServiceProcess(environment={"MANAGEMENT_PORT": str(port)}) as service:
        service.wait_ready()
        with _connected(service.port) as client:
            _request(client, "/slow?seconds=2")
            time.sleep(0.3)
            service.signal()
            time.sleep(1)
            with pytest.raises(OSError):
                _status(service.port, "/small")
            assert _status(port, "/health/ready") == 503
            assert b"200 OK" in _response(client)
        assert service.wait() == 0, service.output


def test_a_connection_whose_head_was_sent_before_the_signal_may_be_used_again() -> None:
    """The head did not say ``Connection: close``, so the next request is answered; it says so."""
    with ServiceProcess() as service:
        service.wait_ready()
        with _connected(service.port) as client:
            _request(client, "/stream")
            head = client.recv(100)
            assert b"200 OK" in head and b"connection: close" not in head
            service.signal()
            _response_rest(client)
            _request(client, "/small")
            assert b"connection: close" in _response(client)
        assert service.wait() == 0, service.output


def test_a_half_sent_request_is_answered() -> None:
    """A request of which only some bytes had arrived at the signal is read to its end."""
    with ServiceProcess() as service:
        service.wait_ready()
        with _connected(service.port) as client:
            client.sendall(b"GET /small HT")
            time.sleep(0.2)
            service.signal()
            time.sleep(1.2)
            client.sendall(b"TP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200 OK" in _response(client)
        assert service.wait() == 0, service.output


def test_a_body_that_nobody_reads_does_not_destroy_the_answer() -> None:
    """The connection lingers: bytes that arrive after the answer do not reset it."""
    with ServiceProcess("--shutdown-delay", "1") as service:
        service.wait_ready()
        with _connected(service.port) as client:
            service.signal()
            time.sleep(0.3)
            head = "POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n"
            client.sendall(head.encode())
            time.sleep(0.2)
            client.sendall(b"x" * 1000)
            time.sleep(0.1)
            client.sendall(b"x" * 1000)
            assert b"connection: close" in _response(client)
            assert client.recv(1) == b""
        assert service.wait() == 0, service.output


def test_idle_connections_do_not_hold_a_service_up() -> None:
    """A client that keeps its connection and says nothing is closed, without a reset."""
    with ServiceProcess() as service:
        service.wait_ready()
        with _connected(service.port) as new, _connected(service.port) as used:
            _request(used, "/small")
            _response(used)
            started = time.monotonic()
            service.signal()
            assert (new.recv(1), used.recv(1)) == (b"", b"")
            assert service.wait() == 0, service.output
            assert time.monotonic() - started < 2


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_websockets_are_closed_as_restarting(options: tuple[str, ...]) -> None:
    """A websocket is told to come again (1012), and its handler ends."""
    with ServiceProcess(*options) as service:
        service.wait_ready()
        with connect(f"ws://127.0.0.1:{service.port}/echo") as websocket:
            websocket.send("hello")
            assert websocket.recv() == "hello"
            service.signal()
            with pytest.raises(ConnectionClosed) as closed:
                websocket.recv(timeout=10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert service.wait() == 0, service.output


def test_requests_that_take_too_long_are_cut_off() -> None:
    """After ``SHUTDOWN_TIMEOUT`` the service stops all the same, and says what it cut."""
    with ServiceProcess("--shutdown-timeout", "0.5") as service:
        service.wait_ready()
        with _connected(service.port) as client:
            _request(client, "/slow?seconds=60")
            time.sleep(0.3)
            service.signal()
            assert service.wait() == 0, service.output
        assert "did not finish within SHUTDOWN_TIMEOUT are cut off: 1" in service.output


@pytest.mark.parametrize(
    ("options", "number"),
    [((), signal.SIGTERM), ((), signal.SIGINT), (("--workers", "2"), signal.SIGTERM)],
)
def test_a_second_signal_forces(options: tuple[str, ...], number: int) -> None:
    """Nothing is waited for any more; the exit code is the shell's for that signal."""
    with ServiceProcess(*options) as service:
        service.wait_ready()
        with _connected(service.port) as client:
            _request(client, "/slow?seconds=60")
            time.sleep(0.5)
            service.signal(number)
            time.sleep(1)
            assert service.process.poll() is None
            service.signal(number)
            assert service.wait(10) == 128 + number, service.output


def _workers(service: ServiceProcess) -> set[int]:
    found = set()
    for child in psutil.Process(service.process.pid).children():
        with suppress(psutil.Error):  # it may just have ended
            if "spawn_main" in " ".join(child.cmdline()):
                found.add(child.pid)
    return found


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced() -> None:
    """The service keeps its number of workers, and still stops in order."""
    with ServiceProcess("--workers", "2") as service:
        service.wait_ready()
        before = _workers(service)
        os.kill(before.copy().pop(), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while len(_workers(service) - before) < 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(_workers(service)) == 2
        time.sleep(2)
        assert _status(service.port, "/small") == 200
        service.signal()
        assert service.wait() == 0, service.output
        assert "a new one is started" in service.output


@pytest.mark.slow
def test_workers_are_replaced_and_counted_by_signals() -> None:
    """SIGHUP replaces all, SIGTTIN adds one, SIGTTOU takes one away; requests go on meanwhile."""
    with ServiceProcess("--workers", "2") as service:
        service.wait_ready()
        before = _workers(service)
        for number, count in ((signal.SIGHUP, 2), (signal.SIGTTIN, 3), (signal.SIGTTOU, 2)):
            service.signal(number)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                assert _status(service.port, "/small") == 200
                now = _workers(service)
                if len(now) == count and not now & before:
                    break
                time.sleep(0.1)
            assert len(now) == count and not now & before, service.output
        time.sleep(1)
        service.signal()
        assert service.wait() == 0, service.output


def test_the_whole_group_may_get_the_signal() -> None:
    """A service manager that signals every process does not force the workers."""
    with ServiceProcess("--workers", "2") as service:
        service.wait_ready()
        time.sleep(1)
        with _connected(service.port) as client:
            _request(client, "/slow?seconds=1")
            time.sleep(0.3)
            os.killpg(service.process.pid, signal.SIGTERM)
            assert b"200 OK" in _response(client)
        assert service.wait() == 0, service.output


def test_workers_share_their_metrics() -> None:
    """A scraper sees the requests of all workers, whichever answers it."""
    with ServiceProcess("--workers", "2") as service:
        service.wait_ready()
        time.sleep(1)
        for _ in range(20):
            assert _status(service.port, "/small") == 200
        with _connected(service.port) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            page = b""
            while more := client.recv(65536):
                page += more
        rows = [row for row in page.decode().splitlines() if row.startswith("http_requests_total")]
        [small] = [row for row in rows if "/small" in row]
        assert float(small.split()[-1]) == 20
        service.signal()
        assert service.wait() == 0, service.output


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_a_unix_socket_is_served_and_removed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """The path is there while the service runs, and gone afterwards."""
    path = tmp_path / "s"
    with ServiceProcess("--uds", str(path), *options) as service:
        with socket.socket(socket.AF_UNIX) as client:
            deadline = time.monotonic() + 30
            while client.connect_ex(str(path)) != 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            _request(client, "/small")
            assert b"200 OK" in _response(client)
        service.signal()
        assert service.wait() == 0, service.output
        assert not path.exists()


def test_tls_is_served_and_stopped(certificate: Path) -> None:
    """HTTPS requests in flight are answered like any other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with ServiceProcess("--ssl-certfile", str(certificate)) as service:
        service.wait_ready()
        with _connected(service.port) as plain, context.wrap_socket(plain) as client:
            _request(client, "/slow?seconds=0.5")
            time.sleep(0.2)
            service.signal()
            assert b"200 OK" in _response(client)
        assert service.wait() == 0, service.output


@pytest.mark.slow
def test_reload_serves_the_new_code(tmp_path: Path) -> None:
    """A change is served after a moment; the address stays bound all the time."""
    file = tmp_path / "changing.py"
    code = (
        "from fastnfurious import FastNFuriousAPI\napp = FastNFuriousAPI()\n"
        "@app.get('/')\ndef answer() -> dict[str, str]:\n    return {'answer': 'VALUE'}\n"
    )
    file.write_text(code.replace("VALUE", "old"), encoding="utf-8")
    with ServiceProcess(
        "--reload",
        "--reload-dir",
        str(tmp_path),
        app="changing:app",
        environment={"PYTHONPATH": str(tmp_path)},
    ) as service:
        service.wait_ready()
        time.sleep(1)
        file.write_text(code.replace("VALUE", "newer"), encoding="utf-8")
        deadline, body = time.monotonic() + 20, b""
        while b"newer" not in body and time.monotonic() < deadline:
            time.sleep(0.2)
            try:
                with _connected(service.port) as client:
                    _request(client, "/")
                    body = _response(client)
            except OSError:
                continue
        assert b"newer" in body, service.output
        service.signal()
        assert service.wait() == 0, service.output


def test_lines_of_a_service_are_json_when_piped() -> None:
    """Nothing that the server writes escapes the logs' shape, from start to end."""
    with ServiceProcess(environment={"LOG_LEVEL": "DEBUG"}) as service:
        service.wait_ready()
        with connect(f"ws://127.0.0.1:{service.port}/echo"):
            pass
        assert _status(service.port, "/small") == 200
        service.signal()
        assert service.wait() == 0, service.output
        records = [json.loads(line) for line in service.output.splitlines()]
        assert {"Stopped after" in record["message"] for record in records} == {True, False}
