"""`copier update` brings a newer template to a service and keeps what its owner wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.generator.conftest import git


@pytest.fixture
def service(repository: Path, tmp_path: Path) -> Path:
    """Return a committed service, made from the older template and edited since."""
    folder = tmp_path / "my-service"
    copier("copy", "--defaults", str(repository), str(folder))
    git(folder, "init", "--quiet")
    _commit(folder, "Begin")
    _replace(folder / "README.md", "## Begin\n", "## Begin\n\nAsk Ada first.\n")
    _replace(folder / "src/my_service/settings.py", "ge=1, desc", "ge=7, desc")
    (folder / "src/my_service/orders.py").write_text('"""Mine."""\n')
    (folder / "CHANGELOG.md").unlink()
    _commit(folder, "Edit")
    return folder


def copier(*arguments: str, cwd: Path | None = None) -> None:
    """Run Copier's own command, without trust."""
    command = [sys.executable, "-m", "copier", *arguments, "--quiet"]
    subprocess.run(command, check=True, cwd=cwd, timeout=120)


def test_update_keeps_edits_and_brings_what_is_new(repository: Path, service: Path) -> None:
    """Edited, added and deleted files stay as their owner left them; the rest follows."""
    _replace(repository / "template/README.md.jinja", "## Publish\n", "## Publish it\n")
    (repository / "template/NEW.md.jinja").write_text("New in {{ project_name }}.\n")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=Two")
    git(repository, "tag", "v0.2.0")
    copier("update", "--defaults", cwd=service)
    readme = (service / "README.md").read_text()
    assert "Ask Ada first." in readme
    assert "## Publish it" in readme
    assert "ge=7, desc" in (service / "src/my_service/settings.py").read_text()
    assert (service / "src/my_service/orders.py").exists()
    assert not (service / "CHANGELOG.md").exists()
    assert (service / "NEW.md").read_text() == "New in my-service.\n"
    assert "_commit: v0.2.0" in (service / ".copier-answers.yml").read_text()
    assert not list(service.rglob("*.rej"))


def test_update_can_change_an_answer(repository: Path, service: Path) -> None:
    """The same command moves a service to another pipeline."""
    copier("update", "--defaults", "--data", "ci=gitlab", cwd=service)
    assert (service / ".gitlab-ci.yml").exists()
    assert not (service / ".github" / "workflows" / "ci.yml").exists()


def test_path_of_this_machine_is_not_tracked(repository: Path, service: Path) -> None:
    """The answers of a service from a local template name its path, so git leaves them out."""
    assert str(repository) in (service / ".copier-answers.yml").read_text()
    tracked = git(service, "ls-files").split()
    assert ".copier-answers.yml" not in tracked
    assert not [name for name in tracked if str(repository) in (service / name).read_text()]


def test_answers_of_a_published_template_are_tracked(repository: Path, tmp_path: Path) -> None:
    """A template with a URL is the same for everybody, so its answers are kept with the code."""
    folder = tmp_path / "svc"
    copier("copy", "--defaults", f"git+file://{repository}", str(folder))
    git(folder, "init", "--quiet")
    _commit(folder, "Begin")
    assert ".copier-answers.yml" in git(folder, "ls-files").split()
    assert f"_src_path: git+file://{repository}" in (folder / ".copier-answers.yml").read_text()
    copier("update", "--defaults", "--data", "ci=none", cwd=folder)
    assert not (folder / ".github").exists()


def _commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", f"--message={message}")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
