"""The template: where it is, and what it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

from fastnfurious_generator.errors import AnswerError, RenderError

__all__ = ["Question", "Template"]

_YES = frozenset({"1", "on", "true", "y", "yes"})
_NO = frozenset({"0", "off", "false", "n", "no"})


@dataclass(frozen=True, slots=True)
class Question:
    """Describe one question of the template.

    Attributes:
        name: Key of the answer, for example ``"kind"``.
        help: What the person who answers reads.
        type: ``str`` or ``bool``.
        choices: Accepted values; empty when any text may be given.
        multiselect: Whether several choices may be given.
        default: Default as it stands in copier.yml, which may be a Jinja expression.
    """

    name: str
    help: str
    type: str
    choices: tuple[str, ...]
    multiselect: bool
    default: Any

    @classmethod
    def parse(cls, name: str, details: Mapping[str, Any]) -> Self:
        """Return the question that an entry of copier.yml describes."""
        choices = details.get("choices", ())
        values = choices.values() if isinstance(choices, Mapping) else choices
        return cls(
            name=name,
            help=details.get("help", ""),
            type=details["type"],
            choices=tuple(values),
            multiselect=details.get("multiselect", False),
            default=details.get("default"),
        )

    @property
    def accepted(self) -> str:
        """Return in words which values are accepted."""
        if self.type == "bool":
            return "yes or no"
        if self.multiselect:
            return f"any of {', '.join(self.choices)}, separated by commas, or nothing"
        return ", ".join(self.choices) or "text"

    def answer(self, value: object) -> object:
        """Return a value as the template takes it.

        What a text may contain is for the template's own validators to say.

        Args:
            value: What was given: text, or a value of the question's type.

        Raises:
            AnswerError: The value is not accepted.
        """
        if self.type == "bool":
            return self._yes_or_no(value)
        if self.multiselect:
            return self._several(value)
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            raise self._refusal(value)
        return value

    def _yes_or_no(self, value: object) -> bool:
        text = str(value).strip().lower()
        if text not in _YES | _NO:
            raise self._refusal(value)
        return text in _YES

    def _several(self, value: object) -> list[str]:
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, list | tuple):
            raise self._refusal(value)
        chosen = [str(item).strip() for item in given if str(item).strip()]
        for item in chosen:
            if item not in self.choices:
                raise self._refusal(item)
        return [choice for choice in self.choices if choice in chosen]

    def _refusal(self, value: object) -> AnswerError:
        return AnswerError(f"{self.name}={value!r} is not accepted: expected {self.accepted}")


@dataclass(frozen=True)
class Template:
    """Know a template that Copier can render.

    Args:
        root: Folder with copier.yml.
    """

    root: Path

    @classmethod
    def bundled(cls) -> Self:
        """Return the template that belongs to this installation.

        In a checkout that is the checkout itself; a wheel carries a copy.

        Raises:
            RenderError: There is none.
        """
        package = Path(__file__).resolve().parent
        for root in (package, package.parents[1]):
            if (root / "copier.yml").is_file():
                return cls(root)
        raise RenderError(f"There is no copier.yml in {package}: install fastnfurious again")

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """Return what may be answered, by name, in the order in which it is asked."""
        return {question.name: question for question in self._parse()}

    def question(self, name: str) -> Question:
        """Return a question.

        Raises:
            AnswerError: Nothing of that name is asked; the message suggests the nearest.
        """
        if name in self.questions:
            return self.questions[name]
        near = get_close_matches(name, self.questions, n=1)
        asked = ", ".join(self.questions)
        hint = f"did you mean {near[0]!r}?" if near else f"the questions are {asked}"
        raise AnswerError(f"No question is called {name!r}: {hint}")

    def answers(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return answers as the template takes them.

        Raises:
            AnswerError: One is not accepted, or answers no question.
        """
        return {name: self.question(name).answer(value) for name, value in given.items()}

    def _parse(self) -> Iterator[Question]:
        entries = yaml.safe_load((self.root / "copier.yml").read_text(encoding="utf-8"))
        for name, details in entries.items():
            if not name.startswith("_") and details.get("when") is not False:
                yield Question.parse(name, details)
