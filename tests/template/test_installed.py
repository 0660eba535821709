"""A service after a real `inv install`: its tasks, its command, its end, and its move."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastnfurious_generator import render
from tests.template.requests import free_port, get, wait_ready
from tests.template.service import ROOT, Service, outside

pytestmark = pytest.mark.slow

TASKS = ["install", "update", "format", "flake8", "typecheck", "test", "docs", "build", "publish"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """Return a service with the default answers, installed as a user installs it."""
    folder = tmp_path_factory.mktemp("installed") / "my-service"
    found = Service(render(folder, {"project_name": "my-service"}))
    found.inv("install")
    return found


@contextmanager
def serving(service: Service, *command: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start the service in a clean environment and wait until it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=service.folder,
        env=outside(),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, wait_ready(process, port)
    finally:
        process.kill()
        process.wait()


def test_lock_is_made_and_kept(service: Service) -> None:
    """The first installation writes uv.lock; the next one accepts it as it is."""
    lock = (service.folder / "uv.lock").read_bytes()
    assert b'name = "fastnfurious"' in lock
    service.inv("install", "--locked")
    assert (service.folder / "uv.lock").read_bytes() == lock


def test_checks_pass_with_what_the_project_installs_itself(service: Service) -> None:
    """No tool is missing from the development dependencies."""
    service.inv("format", "--check")
    service.inv("flake8")
    service.inv("typecheck")
    assert "Required test coverage" in service.inv("test")
    assert (service.folder / "htmlcov" / "index.html").exists()
    service.inv("docs")
    assert "SHUTDOWN_DELAY" in (service.folder / "site" / "settings" / "index.html").read_text()


def test_test_task_takes_options(service: Service) -> None:
    """A part of the tests can be run, with and without coverage."""
    assert "1 passed" in service.inv("test", "-k", "version and not none")
    assert "coverage" not in service.inv("test", "-k", "version", "--no-coverage")


def test_build_can_leave_out_docs_and_tests(service: Service) -> None:
    """Only the packages are made."""
    shutil.rmtree(service.folder / "site", ignore_errors=True)
    assert "pytest" not in service.inv("build", "--no-docs", "--no-coverage")
    assert not (service.folder / "site").exists()
    assert sorted(path.suffix for path in (service.folder / "dist").iterdir()) == [".gz", ".whl"]


def test_publish_checks_and_wants_credentials(service: Service) -> None:
    """A dry run uploads nothing; without credentials nothing is even built."""
    printed = service.inv("publish", "--dry-run", "--no-docs", "--no-coverage")
    assert "PASSED" in printed and "not uploaded to pypi" in printed
    shutil.rmtree(service.folder / "dist")
    refused = service.run(sys.executable, "-m", "invoke", "publish", "--repository", "mine")
    assert refused.returncode == 1
    assert refused.stderr.startswith("There are no credentials: set TWINE_PASSWORD")
    assert not (service.folder / "dist").exists()


def test_publish_uploads_to_the_repository(service: Service) -> None:
    """A repository that cannot be reached fails the task, after the packages were checked."""
    where = f"http://127.0.0.1:{free_port()}/"
    options = ["--repository", where, "--no-docs", "--no-coverage"]
    command = [sys.executable, "-m", "invoke", "publish", *options]
    failed = service.run(*command, TWINE_PASSWORD="secret")
    assert failed.returncode != 0
    assert f"Uploading distributions to {where}" in failed.stdout
    assert "secret" not in failed.stdout + failed.stderr


def test_update_says_what_changed(service: Service) -> None:
    """An old version in the lock is replaced, and the change is printed."""
    uv = [sys.executable, "-m", "uv", "lock", "--upgrade-package", "iniconfig==2.0.0"]
    service.succeed(*uv)
    printed = service.inv("update")
    assert "Updated iniconfig v2.0.0 ->" in printed
    assert "uv.lock has changed." in printed
    assert "uv.lock is as it was." in service.inv("update")


def test_every_task_explains_its_options(service: Service) -> None:
    """`--help` says what a task does and what each option means."""
    listed = service.inv("--list")
    for task in [*TASKS, "start"]:
        assert task in listed
        explained = service.inv("--help", task)
        assert "Docstring:" in explained and "none" not in explained.split("Options:")[0]
        options = explained.split("Options:")[1].strip().splitlines()
        assert all(len(line.split()) > 2 for line in options if line.strip().startswith("-"))


def test_failing_check_fails_the_task(service: Service) -> None:
    """Each task's exit code is that of the tool."""
    wrong = service.folder / "tests" / "test_wrong.py"
    wrong.write_text('import os\nx: int = "1"\ndef test_x( ): assert False\n')
    try:
        for task in (["format", "--check"], ["flake8"], ["typecheck"], ["test"], ["build"]):
            assert service.run(sys.executable, "-m", "invoke", *task).returncode != 0, task
    finally:
        wrong.unlink()


@pytest.mark.parametrize("by", ["command", "task"])
def test_service_serves_and_ends_in_order(service: Service, by: str) -> None:
    """Health, metrics and the API answer; SIGTERM ends it in under two seconds with code 0."""
    command = [str(service.bin / "my-service"), "start", "--host", "127.0.0.1"]
    if by == "task":
        command = [sys.executable, "-m", "invoke", "start"]
    with serving(service, *command) as (process, url):
        assert json.loads(get(f"{url}/health/live")[2])["status"] == "pass"
        assert "http_requests_total" in get(f"{url}/metrics")[2]
        assert json.loads(get(f"{url}/openapi.json")[2])["info"]["title"] == "my-service"
        assert get(f"{url}/docs")[0] == 200
        assert get(f"{url}/notes/7")[:2] == (404, "application/problem+json")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0


def test_every_command_that_is_named_exists(service: Service) -> None:
    """What README, documentation and image tell to type is understood."""
    texts = [(service.folder / name).read_text() for name in ("README.md", "docs/run.md")]
    named = set(re.findall(r"^ +my-service (\w+)", "\n".join(texts), flags=re.MULTILINE))
    assert {"start", "check", "config"} <= named
    for name in named:
        service.succeed(service.bin / "my-service", name, "--help")


def test_wrong_port_is_one_readable_line(service: Service) -> None:
    """A port that is none, or one that is taken, is named; the exit code is not 0."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        for port in ("x", "70000", str(listener.getsockname()[1])):
            done = service.run(sys.executable, "-m", "invoke", "start", "--port", port)
            assert done.returncode != 0
            assert port in done.stderr and "Traceback" not in done.stderr


def test_task_without_environment_says_what_to_do(tmp_path: Path) -> None:
    """Before `inv install`, a task names it."""
    fresh = Service(render(tmp_path / "fresh", {"project_name": "fresh"}))
    for task in ("test", "start"):
        done = fresh.run(sys.executable, "-m", "invoke", task)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("is not in .venv: run `inv install` first.\n")


def test_folder_can_be_moved(service: Service) -> None:
    """Command and tasks work at once in the new place, though no environment is active."""
    moved = Service(service.folder.with_name("moved"))
    service.folder.rename(moved.folder)
    try:
        with serving(moved, str(moved.bin / "my-service"), "start") as (_, url):
            assert get(f"{url}/health/ready")[0] == 200
        where = moved.succeed(moved.bin / "python", "-c", "import my_service as m; print(m.__file__)")
        assert Path(where.strip()).is_relative_to(moved.folder)
        moved.inv("test", "--no-coverage")
        moved.inv("install", "--locked")
        moved.inv("typecheck")
    finally:
        moved.folder.rename(service.folder)


def test_library_can_come_from_a_wheel(library_wheel: Path, tmp_path: Path) -> None:
    """A service whose source is a wheel installs and passes; nothing else of us is needed."""
    answers = {"project_name": "svc", "fastnfurious_source": str(library_wheel)}
    wheel = Service(render(tmp_path / "svc", answers))
    wheel.inv("install")
    wheel.inv("test")
    code = "import fastnfurious as f; print(f.__file__)"
    assert str(ROOT) not in wheel.succeed(wheel.bin / "python", "-c", code)
