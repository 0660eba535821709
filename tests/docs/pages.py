"""The runnable parts of a documentation page: found, run in order, and compared with what it shows.

A page is one story. Its steps run in one fresh process and one empty folder:

* a ``python`` block runs in the page's own module, so that later blocks see earlier names;
* a block with ``title="path"`` is written to that file and, if the file is a test, run with pytest
  (not with the class ``later``, for a test that the page runs by a command);
* in a ``console`` block each line after ``$`` is a shell command and the lines below it are what
  it prints; ``…`` there stands for any text in a line, a line ``...`` for any lines;
* the command of a block with the classes ``{ .console .serving }`` goes on running until the page
  ends; it has to print at least what is shown.

A block that cannot run says so in the paragraph above it: ``*Not run: <reason>.*``, or, where that
would only puzzle those who arrive, in a comment: ``<!-- Not run: <reason>. -->``
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread
from types import ModuleType
from typing import IO

__all__ = ["ROOT", "Block", "blocks", "documents", "main"]

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_NOT_RUN = re.compile(r"^(?:\*|<!-- )Not run: (?P<reason>.+)\.(?:\*| -->)$")
_PORT = re.compile(r"\b8000\b")
_CLASS = re.compile(r"\.(?P<name>[\w-]+)")
_OPTION = re.compile(r'(?P<name>[\w-]+)="(?P<value>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Block:
    """Describe one fenced block of a page.

    Attributes:
        path: The page.
        line: Line of the first line of code, counted from 1.
        language: What stands first behind the fence, for example ``python``.
        classes: What the fence says in braces, ``{ .console .serving }``, without the language.
        title: File that the block shows, if it does.
        code: The text between the fences, without their indentation.
        not_run: Why the block is not run; ``None`` when it is.
    """

    path: Path
    line: int
    language: str
    classes: frozenset[str]
    title: str | None
    code: str
    not_run: str | None

    @property
    def runs(self) -> bool:
        """Return whether the tests run this block."""
        return self.not_run is None and (self.language in ("python", "console") or bool(self.title))

    @property
    def place(self) -> str:
        """Return the page and line, as a compiler would print them."""
        inside = self.path.is_relative_to(ROOT)
        return f"{self.path.relative_to(ROOT) if inside else self.path}:{self.line}"


def documents() -> list[Path]:
    """Return every page that speaks to users or contributors."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [*pages, *sorted(ROOT.glob("*.md"))]


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        end = _closing(lines, number + 1, fence["mark"])
        yield _block(path, lines, number, end, fence["info"].strip())
        number = end + 1


def _closing(lines: list[str], start: int, mark: str) -> int:
    for number in range(start, len(lines)):
        if lines[number].strip() == mark:
            return number
    return len(lines)


def _block(path: Path, lines: list[str], fence: int, end: int, info: str) -> Block:
    options = {found["name"]: found["value"] for found in _OPTION.finditer(info)}
    words = [found["name"] for found in _CLASS.finditer(_OPTION.sub("", info))]
    language = info.split()[0] if info and not info.startswith("{") else "".join(words[:1])
    return Block(
        path=path,
        line=fence + 2,
        language=language,
        classes=frozenset(words),
        title=options.get("title"),
        code=textwrap.dedent("\n".join(lines[fence + 1 : end])) + "\n",
        not_run=_reason(lines, fence),
    )


def _reason(lines: list[str], fence: int) -> str | None:
    above = next((line.strip() for line in reversed(lines[:fence]) if line.strip()), "")
    found = _NOT_RUN.match(above)
    return found["reason"] if found else None


def main(page: Path) -> None:
    """Run a page in the current folder.

    Raises:
        SystemExit: A step failed or printed something else than the page shows.
    """
    port = _free_port()
    with ExitStack() as running:
        story = _Story(ModuleType("page"), running)
        sys.modules["page"] = story.module
        sys.path.insert(0, os.getcwd())
        for block in blocks(page):
            if block.runs:
                # Pages speak of port 8000, which somebody else may have.
                story.tell(replace(block, code=_PORT.sub(str(port), block.code)))


@dataclass(frozen=True, slots=True)
class _Story:
    """Go through a page: what a block leaves behind is there for the next one."""

    module: ModuleType
    running: ExitStack

    def tell(self, block: Block) -> None:
        """Do what a block shows."""
        if block.title:
            _write(block, Path(block.title))
        elif block.language == "python":
            self._execute(block)
        elif "serving" in block.classes:
            self._serve(block)
        else:
            _converse(block)

    def _execute(self, block: Block) -> None:
        # The blank lines make a traceback name the line of the page.
        source = "\n" * (block.line - 1) + block.code
        exec(compile(source, str(block.path), "exec", dont_inherit=True), self.module.__dict__)

    def _serve(self, block: Block) -> None:
        for command, shown in _exchanges(block.code):
            printed = self.running.enter_context(_served(command))
            until = time.monotonic() + 60
            while not _alike(f"{shown}\n...", printed.read_text(encoding="utf-8")):
                if time.monotonic() > until:
                    output = printed.read_text(encoding="utf-8")
                    sys.exit(f"{block.place}: `{command}` printed\n{output}\nand not\n{shown}")
                time.sleep(0.05)


@contextmanager
def _served(command: str) -> Iterator[Path]:
    # A reader starts a service at a terminal; it gets one here too, without colours.
    controller, terminal = pty.openpty()
    with NamedTemporaryFile("wb", buffering=0) as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            env={**os.environ, "NO_COLOR": "1", "TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        reader = Thread(target=_copy, args=(controller, output), daemon=True)
        reader.start()
        try:
            yield Path(output.name)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            reader.join(timeout=10)
            os.close(controller)


def _copy(controller: int, output: IO[bytes]) -> None:
    with suppress(OSError):  # Linux says so when the last writer has closed the terminal
        while data := os.read(controller, 65536):
            output.write(data.replace(b"\r\n", b"\n"))


def _write(block: Block, file: Path) -> None:
    if file.is_absolute() or ".." in file.parts:
        sys.exit(f"{block.place}: a title is a path inside the page's folder, not {file}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.code, encoding="utf-8")
    if file.name.startswith("test_") and file.suffix == ".py" and "later" not in block.classes:
        _pytest(block, file)


def _pytest(block: Block, file: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"{block.place}: {file} fails\n{done.stdout}{done.stderr}")


def _converse(block: Block) -> None:
    for command, shown in _exchanges(block.code):
        code, printed = _typed(command)
        if shown and not _alike(shown, printed):
            sys.exit(f"{block.place}: `{command}` printed\n{printed}\nand not\n{shown}")
        if code and not shown:
            sys.exit(f"{block.place}: `{command}` ended with {code}\n{printed}")


def _typed(command: str) -> tuple[int, str]:
    # Each command has a shell of its own; where it has gone to, and what it has set, goes on to
    # the next, as in the reader's one shell.
    with NamedTemporaryFile() as left:
        keeping = f"set -a; trap 'pwd -P > {left.name}; env -0 >> {left.name}' EXIT"
        done = subprocess.run(
            ["bash", "-c", f"{keeping}\n{command}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        folder, _, variables = left.read().decode().partition("\n")
    if folder:
        os.chdir(folder)
        for name, _, value in (each.partition("=") for each in variables.split("\0") if each):
            os.environ[name] = value
    return done.returncode, done.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _exchanges(text: str) -> Iterator[tuple[str, str]]:
    for exchange in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = exchange.partition("\n")
        while command.endswith("\\"):
            more, _, shown = shown.partition("\n")
            command = f"{command[:-1]}{more.strip()}"
        yield command, shown.strip("\n")


def _alike(shown: str, printed: str) -> bool:
    def part(text: str) -> str:
        return r"[^\n]*".join(map(re.escape, text.split("…")))

    lines = [line.rstrip() for line in shown.splitlines()]
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == "..." else part(line) + "\n" for line in lines
    )
    output = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, output) is not None


if __name__ == "__main__":
    # The shell of a page finds the commands of this environment.
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    try:
        main(Path(sys.argv[1]))
    except subprocess.TimeoutExpired as error:
        sys.exit(f"{shlex.join(map(str, error.cmd))} took more than {error.timeout:g} s")
