"""Every two options, together, make a service that passes all its own checks."""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path

import pytest

from fastnfurious_generator import Template, render
from tests.template.covering import pairwise
from tests.template.options import DERIVED, WHEEL, answer_rows, factors
from tests.template.service import Service

ROWS = answer_rows(Template.bundled())


def test_array_covers_every_pair_of_options() -> None:
    """An option that is added to copier.yml gets its rows, or fails here."""
    options = factors(Template.bundled())
    covered = {pair for row in ROWS for pair in combinations(sorted(_values(row).items()), 2)}
    for (one, values), (other, others) in combinations(sorted(options.items()), 2):
        for value in values:
            for another in others:
                assert ((one, value), (other, another)) in covered


def test_every_question_is_a_factor() -> None:
    """No question of copier.yml is left out of the array."""
    assert {name.partition(":")[0] for name in factors(Template.bundled())} == set(
        Template.bundled().questions
    )


def test_array_is_small() -> None:
    """Pairs need few rows: the two largest factors multiplied are the least, twice that is much."""
    sizes = sorted((len(values) for values in factors(Template.bundled()).values()), reverse=True)
    assert sizes[0] * sizes[1] <= len(ROWS) <= 2 * sizes[0] * sizes[1]


def test_pairwise_handles_a_single_factor() -> None:
    """Without a second factor there are no pairs, and the row of first values is all."""
    assert pairwise({"a": [1, 2]}) == [{"a": 1}]


@pytest.mark.parametrize(
    "answers",
    [pytest.param(row, marks=[pytest.mark.slow] if number else []) for number, row in enumerate(ROWS)],
    ids=[f"row-{number}" for number in range(len(ROWS))],
)
def test_service_passes_its_own_checks(
    answers: dict[str, object],
    library_wheel: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It is formatted, lints, type-checks, tests, documents, builds, and its wheel installs."""
    if answers.get("fastnfurious_source") == WHEEL:
        answers = {**answers, "fastnfurious_source": str(library_wheel)}
    service = Service(render(tmp_path / "service", answers))
    service.prepare()
    # One cache for all rows of a worker: what mypy knows about the libraries stays true.
    cache = str(tmp_path_factory.getbasetemp() / "mypy")
    service.inv("format", "--check")
    service.inv("flake8")
    service.inv("typecheck", MYPY_CACHE_DIR=cache)
    service.inv("build")
    assert (service.folder / "site" / "index.html").exists()
    assert (service.folder / "coverage.xml").exists()
    service.succeed(sys.executable, "-m", "poetry", "check", "--strict")
    integrations = answers["integrations"]
    assert isinstance(integrations, list | tuple)
    module, implied = ("service", {"nats"}) if answers["kind"] == "nats" else ("app", set[str]())
    _check_wheel(service, tmp_path / "elsewhere", module, extras=sorted({*integrations, *implied}))


def _check_wheel(service: Service, venv: Path, module: str, *, extras: list[str]) -> None:
    """Look at the installed wheel, from outside the service's folder."""
    needed = f"fastnfurious[{','.join(extras)}]" if extras else "fastnfurious"
    python = service.install_wheel(venv)
    (package,) = (folder.name for folder in (service.folder / "src").iterdir() if folder.is_dir())
    code = f"""
import importlib, importlib.metadata as metadata
module = importlib.import_module("{package}.{module}")
(name,) = metadata.packages_distributions()["{package}"]
needs = metadata.requires(name)
assert needs == ["{needed} (<0.2,>=0.1.0)"] or needs == ["{needed} (>=0.1.0,<0.2)"], needs
assert "site-packages" in module.__file__, module.__file__
"""
    Service(venv).succeed(python, "-c", code)


def _values(answers: dict[str, object]) -> dict[str, object]:
    """Return the factors' values that a row of answers stands for."""
    found: dict[str, object] = {}
    whole = factors(Template.bundled())
    for name, question in Template.bundled().questions.items():
        given = answers.get(name, DERIVED)
        if question.multiselect and name not in whole:
            assert isinstance(given, list)
            found |= {f"{name}:{choice}": choice in given for choice in question.choices}
        else:
            found[name] = given
    return found
