"""Rendering a service: all of it, or nothing."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import copier
from copier.errors import CopierAnswersInterrupt, CopierError, DirtyLocalWarning

from fastnfurious_generator.errors import AnswerError, DestinationError, RenderError
from fastnfurious_generator.template import Template

__all__ = ["render"]


def render(
    destination: Path,
    answers: Mapping[str, object],
    *,
    template: Template | None = None,
    ask: bool = False,
    overwrite: bool = False,
) -> Path:
    """Render a service into a folder.

    The bytes are those that ``copier copy`` writes for the same answers. The service appears at
    once when it is complete; a failure leaves nothing behind.

    Args:
        destination: Folder of the service; it must be missing or empty.
        answers: Answers by the name of their question.
        template: The template; by default the one that is installed with this package.
        ask: Ask in the terminal for what ``answers`` leaves out, in place of taking defaults.
        overwrite: Write over the files of a folder that is not empty; other files in it stay.

    Returns:
        The folder, as an absolute path.

    Raises:
        AnswerError: An answer is not accepted, or answers no question.
        DestinationError: The folder cannot be used.
        RenderError: The template could not be rendered.
    """
    template = template or Template.bundled()
    checked = template.answers(answers)
    destination = destination.absolute()
    _check_free(destination, overwrite=overwrite)
    if ask:
        # Before the first question: nobody should type ten answers to learn that one was wrong.
        _copy(template, destination, checked, ask=False, pretend=True)
    with _workplace(destination) as place:
        _copy(template, place, checked, ask=ask)
        _put(place, destination)
    return destination


def _check_free(destination: Path, *, overwrite: bool) -> None:
    if destination.exists() and not destination.is_dir():
        raise DestinationError(f"{destination} is a file: name a folder that does not exist")
    if destination.is_dir() and any(destination.iterdir()) and not overwrite:
        raise DestinationError(
            f"{destination} is not empty: name another folder, or write over its files "
            "with --overwrite"
        )


@contextmanager
def _workplace(destination: Path) -> Iterator[Path]:
    """Give a folder on the same disk, next to the nearest parent that exists."""
    parent = next(folder for folder in destination.parents if folder.is_dir())
    try:
        workplace = TemporaryDirectory(prefix=f".{destination.name}-", dir=parent)
    except OSError as error:
        raise DestinationError(f"{parent} cannot be written to: {error.strerror}") from error
    with workplace as folder:
        yield Path(folder) / destination.name


def _copy(
    template: Template,
    folder: Path,
    answers: Mapping[str, object],
    *,
    ask: bool,
    pretend: bool = False,
) -> None:
    try:
        with warnings.catch_warnings(), redirect_stderr(sys.stderr if ask else StringIO()):
            # A checkout with uncommitted changes is rendered with them, as `copier copy` does.
            warnings.simplefilter("ignore", DirtyLocalWarning)
            copier.run_copy(
                str(template.root),
                folder,
                data=dict(answers),
                defaults=not ask,
                quiet=True,
                pretend=pretend,
            )
    except CopierAnswersInterrupt:
        raise KeyboardInterrupt from None
    except (CopierError, OSError, ValueError) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> AnswerError | RenderError:
    """Return Copier's error as one line."""
    text = " ".join(str(error).split())
    prefix, _, message = text.partition("': ")
    begin, _, name = prefix.partition(" for question '")
    if begin == "Validation error" and name:
        return AnswerError(f"{name}: {message}")
    return RenderError(f"The template could not be rendered: {text}")


def _put(source: Path, destination: Path) -> None:
    try:
        if destination.is_dir() and any(destination.iterdir()):
            shutil.copytree(source, destination, dirs_exist_ok=True)
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        if destination.is_dir():
            destination.rmdir()
        source.rename(destination)
    except OSError as error:
        raise DestinationError(f"{destination} cannot be written: {error.strerror}") from error
