"""The runnable parts of a documentation page: found, run in order, and compared with what it shows.

A page is one story. Its steps run in one fresh process and one empty folder:

* a ``python`` block runs in the page's own module, so that later blocks see earlier names;
* a block with ``title="path"`` is first written to that file (``hl_lines`` and other options are
  left alone) and, if the file is a test, run with pytest;
* in a ``console`` block each line after ``$`` is a shell command and the lines below it are what
  it prints; a line ``...`` there stands for any lines.

A block that cannot run says so, visibly, in the paragraph above it: ``*Not run: <reason>.*``
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

__all__ = ["ROOT", "Block", "blocks", "documents", "main"]

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_NOT_RUN = re.compile(r"^\*Not run: (?P<reason>.+)\.\*$")
_OPTION = re.compile(r'(?P<name>[\w-]+)="(?P<value>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Block:
    """Describe one fenced block of a page.

    Attributes:
        path: The page.
        line: Line of the first line of code, counted from 1.
        language: What stands first behind the fence, for example ``python``.
        title: File that the block shows, if it does.
        code: The text between the fences, without their indentation.
        not_run: Why the block is not run; ``None`` when it is.
    """

    path: Path
    line: int
    language: str
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
    language = re.split(r"[\s{]", info, maxsplit=1)[0] if info else ""
    return Block(
        path=path,
        line=fence + 2,
        language=language,
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
    module = ModuleType("page")
    sys.modules["page"] = module
    sys.path.insert(0, os.getcwd())
    for block in blocks(page):
        if block.runs:
            _run(block, module)


def _run(block: Block, module: ModuleType) -> None:
    if block.title:
        _write(block, Path(block.title))
    elif block.language == "python":
        _execute(block, module)
    else:
        _converse(block)


def _write(block: Block, file: Path) -> None:
    if file.is_absolute() or ".." in file.parts:
        sys.exit(f"{block.place}: a title is a path inside the page's folder, not {file}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.code, encoding="utf-8")
    if file.name.startswith("test_") and file.suffix == ".py":
        _pytest(block, file)


def _pytest(block: Block, file: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit(f"{block.place}: {file} fails\n{done.stdout}{done.stderr}")


def _execute(block: Block, module: ModuleType) -> None:
    # The blank lines make a traceback name the line of the page.
    source = "\n" * (block.line - 1) + block.code
    exec(compile(source, str(block.path), "exec", dont_inherit=True), module.__dict__)


def _converse(block: Block) -> None:
    for command, shown in _exchanges(block.code):
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        if shown and not _alike(shown, done.stdout):
            sys.exit(f"{block.place}: `{command}` printed\n{done.stdout}\nand not\n{shown}")
        if done.returncode and not shown:
            sys.exit(f"{block.place}: `{command}` ended with {done.returncode}\n{done.stdout}")


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
