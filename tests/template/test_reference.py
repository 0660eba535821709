"""The reference of the template says what copier.yml asks and what tasks.py offers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fastnfurious_generator import Template, render
from tests.template.service import ROOT

PAGE = (ROOT / "docs" / "reference" / "template.md").read_text(encoding="utf-8")


def table(title: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    section = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes(cell: str) -> list[str]:
    """Return what is marked as code."""
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ast.FunctionDef]:
    """Return the tasks of a rendered service, by name, in the order of the file."""
    folder: Path = render(tmp_path_factory.mktemp("reference") / "svc", {"project_name": "svc"})
    tree = ast.parse((folder / "tasks.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {f.name: f for f in functions if any("task" in ast.dump(d) for d in f.decorator_list)}


def test_every_question_has_its_row() -> None:
    """The rows are the questions, in the order in which they are asked, with their help."""
    questions = Template.bundled().questions
    assert [codes(row[0]) for row in table("Answers")] == [[name] for name in questions]
    assert [row[1] for row in table("Answers")] == [q.help for q in questions.values()]


def test_every_choice_is_named() -> None:
    """What a row accepts is what the question offers, and its default is the question's."""
    questions = Template.bundled().questions
    for (name, _, accepts, default), question in zip(
        table("Answers"), questions.values(), strict=True
    ):
        if question.type == "bool":
            assert (codes(accepts), codes(default)) == (["yes", "no"], ["yes"]), name
        elif question.choices:
            given = question.default if question.multiselect else [question.default]
            assert (codes(accepts), codes(default)) == ([*question.choices], given), name
        elif question.default and "{" not in question.default:
            assert codes(default) == [question.default], name


def test_every_task_has_its_row(tasks: dict[str, ast.FunctionDef]) -> None:
    """The rows are the tasks of a rendered service, each with all its options."""
    rows = {codes(row[0])[0]: row[2] for row in table("Tasks")}
    assert list(rows) == [f"inv {name}" for name in tasks]
    for name, function in tasks.items():
        options = [f"--{argument.arg.replace('_', '-')}" for argument in function.args.args[1:]]
        assert [code for code in codes(rows[f"inv {name}"]) if code.startswith("--")] == options


def test_every_limit_is_told() -> None:
    """The lengths that the validators allow are those that the page names."""
    text = (ROOT / "copier.yml").read_text(encoding="utf-8")
    limits = set(re.findall(r"at most (\d+) characters", text))
    assert limits == set(re.findall(r"at most (\d+) characters", PAGE))
