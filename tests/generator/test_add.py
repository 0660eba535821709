"""`fastnfurious add` gives a service further backing services, and keeps what its owner wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastnfurious_generator import Template, add_integrations, cli, render
from fastnfurious_generator.errors import AnswerError, DestinationError
from tests.generator.test_identical import contents


def made(folder: Path, *integrations: str) -> Path:
    """Return a service with these integrations."""
    return render(folder, {"project_name": "svc", "integrations": list(integrations)})


@pytest.fixture(autouse=True)
def plain(plain_template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """Render from a template that is in no repository, which is faster."""
    monkeypatch.setattr(Template, "bundled", lambda: plain_template)


def test_added_is_as_if_it_had_been_there_from_the_start(tmp_path: Path) -> None:
    """A service that nobody has edited is the one that the answers would have made."""
    service = made(tmp_path / "svc", "sql")
    changes = add_integrations(service, ["nats", "s3"])
    assert contents(service) == contents(made(tmp_path / "whole", "nats", "s3", "sql"))
    new = [str(change.path) for change in changes if change.is_new]
    assert new == [
        "src/svc/routes/files.py",
        "src/svc/routes/stock.py",
        "tests/test_files.py",
        "tests/test_stock.py",
    ]


def test_edits_are_kept(tmp_path: Path) -> None:
    """Edited files gain what is new, deleted ones stay deleted, others are not looked at."""
    service = made(tmp_path / "svc")
    project, env = service / "pyproject.toml", service / ".env.example"
    project.write_text(project.read_text().replace("fail_under = 90", "fail_under = 99"))
    env.unlink()
    (service / "src/svc/orders.py").write_text('"""Mine."""\n')
    assert not any(change.has_conflict for change in add_integrations(service, ["nats"]))
    text = project.read_text()
    assert "fail_under = 99" in text and '"fastnfurious[nats]>=' in text
    assert not env.exists()
    assert (service / "src/svc/orders.py").read_text() == '"""Mine."""\n'


def test_clash_is_left_to_the_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where both have changed a line, both versions are in the file, and the exit code says so."""
    monkeypatch.chdir(made(tmp_path / "svc"))
    project = Path("pyproject.toml")
    project.write_text(project.read_text().replace('"fastnfurious>=', '"fastnfurious[all]>='))
    assert cli.run(["add", "nats"]) == 1
    printed = capsys.readouterr()
    assert "added   src/svc/routes/stock.py\n" in printed.out
    assert printed.err == (
        "fastnfurious: both versions of some lines are in pyproject.toml: choose between them\n"
    )
    text = project.read_text()
    assert "<<<<<<< yours" in text and "fastnfurious[all]>=" in text
    assert "fastnfurious[nats]>=" in text


def test_nothing_happens_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A service that has an integration is left as it is."""
    service = made(tmp_path / "svc", "s3")
    before = contents(service)
    assert cli.run(["add", "s3", "--service", str(service)]) == 0
    assert capsys.readouterr().out == "The service has them already: nothing was changed.\n"
    assert contents(service) == before


def test_unknown_integration_is_refused(tmp_path: Path) -> None:
    """The message says which there are, and nothing is written."""
    service = made(tmp_path / "svc")
    before = contents(service)
    with pytest.raises(AnswerError, match="'soap' is not accepted: expected any of nats, s3"):
        add_integrations(service, ["soap"])
    assert contents(service) == before


@pytest.mark.parametrize("answers", [None, "", "[", "- a"])
def test_folder_without_a_service_is_refused(tmp_path: Path, answers: str | None) -> None:
    """Only a service that was made from the template knows its answers."""
    if answers is not None:
        (tmp_path / ".copier-answers.yml").write_text(answers)
    with pytest.raises(DestinationError, match="holds no answers of a service"):
        add_integrations(tmp_path, ["nats"])
