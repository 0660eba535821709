"""The options of the template, as factors of a covering array: computed from copier.yml."""

from __future__ import annotations

from collections.abc import Mapping

from fastnfurious_generator.template import Question, Template
from tests.template.covering import pairwise

__all__ = ["DERIVED", "HOSTILE_AUTHOR", "HOSTILE_TEXT", "WHEEL", "answer_rows", "factors"]

DERIVED = "(derived)"
"""Stands for an answer that is left out, so that the template derives it."""
WHEEL = "(wheel)"
"""Stands for the path of a wheel of the library, which a test builds."""

HOSTILE_TEXT = (
    "Says \"hi\" & 'ho' \\ <b>x</b> [a](b.md) ![i](j.png) {{ 7 * 7 }} {% raw %} ${HOME} $(id) `id` "
    "#1: - * | > % @ ~ \"\"\" ''' \\u0041 \\n é 😀\n# second\tline"
)
HOSTILE_AUTHOR = "Zoë \"Z\" O'Brien, \\ 😀; {{ 7 * 7 }} #: [1] & Söhne %"

_TEXTS = {
    "project_name": ["my-service", "Orders API 2.x", "n" * 60],
    "description": [DERIVED, HOSTILE_TEXT],
    "author_name": [DERIVED, HOSTILE_AUTHOR],
    "author_email": [DERIVED, "ada@example.com"],
    "package_name": [DERIVED, "p" * 60],
    "command_name": [DERIVED, "c" * 60],
    "fastnfurious_source": [
        DERIVED,
        WHEEL,
        "git+https://example.com/fastnfurious.git@v0.1.0",
        "",
    ],
}
"""Sample answers of the questions that take any text."""

_EACH_ALONE = ("integrations",)
"""Multiselects whose choices are taken all together, not at all, and each alone."""


def factors(template: Template) -> dict[str, list[object]]:
    """Return the values to combine; each choice of a multiselect is a factor of its own.

    What the choices of a multiselect in `_EACH_ALONE` bring must not need one another, so that one
    is a single factor, with each choice alone among its values.

    Raises:
        LookupError: A question takes any text, and no samples are named for it.
    """
    found: dict[str, list[object]] = {}
    for question in template.questions.values():
        if question.name in _EACH_ALONE:
            found[question.name] = [question.choices, (), *((one,) for one in question.choices)]
        elif question.multiselect:
            found |= {f"{question.name}:{choice}": [True, False] for choice in question.choices}
        else:
            found[question.name] = _values(question)
    return found


def answer_rows(template: Template) -> list[dict[str, object]]:
    """Return the answers of each row; the first row is made of the defaults."""
    return [_answers(row) for row in pairwise(factors(template))]


def _values(question: Question) -> list[object]:
    if question.type == "bool":
        return [True, False]
    if question.choices:
        return [*question.choices]
    if question.name not in _TEXTS:
        raise LookupError(f"{question.name} takes any text: name sample answers in {__file__}")
    return [*_TEXTS[question.name]]


def _answers(row: Mapping[str, object]) -> dict[str, object]:
    answers: dict[str, object] = {}
    for name, value in row.items():
        question, _, choice = name.partition(":")
        if choice:
            chosen = answers.setdefault(question, [])
            assert isinstance(chosen, list)
            chosen += [choice] if value else []
        elif value != DERIVED:
            answers[question] = value
    return answers
