"""The tree of errors."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from fastnfurious.core import errors
from fastnfurious.core.errors import (
    FastNFuriousError,
    SettingFault,
    SettingsError,
    is_logged,
    mark_logged,
)


def tree(error: type[FastNFuriousError]) -> Iterator[type[FastNFuriousError]]:
    """Yield an error and everything below it."""
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


ALL = list(tree(FastNFuriousError))


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_the_drawn_tree_shows_every_error_with_its_standard_type(
    error: type[FastNFuriousError],
) -> None:
    """The drawing at the top of the module is the tree that the classes form."""
    drawn = re.search(rf"^\W*{error.__name__}(?: \((\w+)\))?", errors.__doc__ or "", re.MULTILINE)
    assert drawn, f"{error.__name__} is not drawn"
    standard = [base.__name__ for base in error.__bases__ if base.__module__ == "builtins"]
    if error is not FastNFuriousError:
        assert [drawn[1] or ""] == (standard or [""])


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_only_errors_about_the_request_may_be_shown_to_a_client(
    error: type[FastNFuriousError],
) -> None:
    """A message about our own trouble stays in the logs."""
    assert error.public == (400 <= error.status < 500)


def test_a_fault_is_a_sentence() -> None:
    """A value, a missing value and another problem each read naturally."""
    assert str(SettingFault("PORT", "x", "a number")) == "PORT='x' is not accepted: a number"
    assert str(SettingFault("PORT", None, "a number")) == "PORT is not set: a number"
    assert str(SettingFault("PORT", None, "keep one", problem="is set twice")) == (
        "PORT is set twice: keep one"
    )


def test_a_settings_error_lists_its_faults() -> None:
    """Every fault is in the message and in the attribute."""
    faults = [SettingFault("A", None, "x"), SettingFault("B", "1", "y")]
    error = SettingsError(faults)
    assert error.faults == tuple(faults)
    assert str(error) == "A is not set: x; B='1' is not accepted: y"


def test_a_settings_error_survives_the_way_between_processes() -> None:
    """A worker's error arrives with its faults."""
    error = SettingsError([SettingFault("A", None, "x")])
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.faults, str(copied)) == (error.faults, str(error))


def test_an_error_remembers_that_it_was_logged() -> None:
    """The mark is on the error itself, and on no other."""
    error = RuntimeError()
    assert not is_logged(error)
    mark_logged(error)
    assert is_logged(error)
    assert not is_logged(RuntimeError())
