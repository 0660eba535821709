"""Adding to a service what it was made without, and keeping what its owner has written since."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fastnfurious_generator.errors import DestinationError, RenderError
from fastnfurious_generator.rendering import render
from fastnfurious_generator.template import Template

__all__ = ["Change", "add_integrations"]

_ANSWERS = ".copier-answers.yml"
_QUESTION = "integrations"


@dataclass(frozen=True, slots=True)
class Change:
    """Say what becomes of one file.

    Attributes:
        path: The file, from the folder of the service.
        content: Its new bytes.
        is_new: Whether there was no such file.
        has_conflict: Whether it holds both versions of a place, for its owner to choose.
    """

    path: Path
    content: bytes
    is_new: bool = False
    has_conflict: bool = False


def add_integrations(
    folder: Path, names: Sequence[str], *, template: Template | None = None
) -> list[Change]:
    """Give a service further integrations: libraries, settings, servers and worked examples.

    What the answer changes in the template is carried over to the service, as a merge does it:
    files that their owner has edited keep the edits, files that were deleted stay deleted.

    Args:
        folder: The service.
        names: Integrations to add; those that it has already change nothing.
        template: The template; by default the one that is installed with this package.

    Returns:
        The files that were written, in the order of their paths.

    Raises:
        AnswerError: There is no integration of that name, or an answer is not accepted any more.
        DestinationError: The folder holds no service, or cannot be written to.
        RenderError: The template could not be rendered, or git is missing.
    """
    template = template or Template.bundled()
    known = _answers(folder)
    before = {name: value for name, value in known.items() if name in template.questions}
    question = template.question(_QUESTION)
    wanted = question.answer([*before.get(_QUESTION, []), *names])
    with TemporaryDirectory() as place:
        had = before.get(_QUESTION, [])
        old = render(Path(place) / "old", {**before, _QUESTION: had}, template=template)
        new = render(Path(place) / "new", {**before, _QUESTION: wanted}, template=template)
        changes = [*_changes(folder, old, new)]
    if changes:
        changes.append(Change(Path(_ANSWERS), _written({**known, _QUESTION: wanted}, folder)))
    _write(folder, changes)
    return sorted(changes, key=lambda change: change.path)


def _answers(folder: Path) -> dict[str, Any]:
    try:
        answers = yaml.safe_load((folder / _ANSWERS).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        answers = None
    if not isinstance(answers, dict):
        raise DestinationError(
            f"{folder} holds no answers of a service in {_ANSWERS}: name the folder of one that "
            "was made from the template"
        )
    return answers


def _written(answers: Mapping[str, Any], folder: Path) -> bytes:
    """Return the answers as the template writes them, below the comment of the file."""
    lines = (folder / _ANSWERS).read_text(encoding="utf-8").splitlines(keepends=True)
    comment = "".join(line for line in lines if line.startswith("#"))
    return (comment + yaml.safe_dump(dict(answers), allow_unicode=True)).encode()


def _changes(folder: Path, old: Path, new: Path) -> Iterator[Change]:
    for file in sorted(path for path in new.rglob("*") if path.is_file()):
        path = file.relative_to(new)
        base, mine = old / path, folder / path
        if path.name == _ANSWERS or (base.exists() and base.read_bytes() == file.read_bytes()):
            continue
        if mine.exists():
            yield _merged(path, mine, base, file)
        elif not base.exists():
            yield Change(path, file.read_bytes(), is_new=True)


def _merged(path: Path, mine: Path, base: Path, new: Path) -> Change:
    if not base.exists():
        base = new.with_name(f"{new.name}.none")
        base.touch()
    names = ("yours", "before", "template")
    labels = [option for name in names for option in ("-L", name)]
    command = ["git", "merge-file", "-p", "-q", *labels, str(mine), str(base), str(new)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60)
    except FileNotFoundError as error:
        raise RenderError("git is needed to merge files: install it") from error
    if done.returncode >= 128:
        raise RenderError(f"{path} cannot be merged: {done.stderr.decode().strip()}")
    return Change(path, done.stdout, has_conflict=done.returncode > 0)


def _write(folder: Path, changes: Sequence[Change]) -> None:
    try:
        for change in changes:
            (folder / change.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / change.path).write_bytes(change.content)
    except OSError as error:
        raise DestinationError(f"{folder} cannot be written: {error.strerror}") from error
