"""What contributors and the pipeline are told to run exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tasks
import yaml

from servers.catalogue import SERVERS
from tests.docs.pages import ROOT

_TOLD = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "README.md",
    ROOT / ".pre-commit-config.yaml",
    *sorted((ROOT / ".github").rglob("*.yml")),
    *sorted((ROOT / ".github").rglob("*.md")),
    ROOT / ".ci" / "run",
]
_CALL = re.compile(r"(?:bootstrap\.py|^ *step) ([a-z][\w.-]*)", re.MULTILINE)
_KNOWN = set(tasks.namespace.task_names)


@pytest.mark.parametrize("file", _TOLD, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_task_that_is_told_exists(file: Path) -> None:
    """A file of the repository names no task that ``inv --list`` does not."""
    assert set(_CALL.findall(file.read_text(encoding="utf-8"))) <= _KNOWN


def test_the_pipeline_runs_what_a_contributor_runs() -> None:
    """The workflow has a step for each task of ``inv check``, and every step is such a task."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    called = [_CALL.search(step) for step in steps]
    assert all(called), "every step calls a task"
    assert [found[1] for found in called if found] == _checked()


def test_the_pipeline_misses_nothing_of_the_check() -> None:
    """`.ci/run` has a step for each task of ``inv check``, in that order."""
    called = _CALL.findall((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert [task for task in called if task in _checked()] == _checked()


def test_the_pipeline_requires_every_server() -> None:
    """A server that is added to the catalogue is one that the pipeline cannot do without."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [listed] = re.findall(r"^servers=(.*)$", script, re.MULTILINE)
    assert sorted(listed.split(",")) == sorted(SERVERS)


def _checked() -> list[str]:
    source = (ROOT / "tasks.py").read_text(encoding="utf-8")
    body = re.search(r"^def check\(.*?(?=^@task|^def |\Z)", source, re.MULTILINE | re.DOTALL)
    assert body is not None
    return re.findall(r"^    (\w+)\(context", body[0], re.MULTILINE)


def test_issue_forms_are_complete() -> None:
    """Each form has a name, a description and fields that a person can fill in."""
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    loaded = [yaml.safe_load(form.read_text(encoding="utf-8")) for form in forms]
    fields = [form["body"] for form in loaded if "body" in form]
    assert len(fields) == 2
    assert all(field["attributes"]["label"] for form in fields for field in form)
