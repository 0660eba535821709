"""`fastnfurious new` and `copier copy` write the same bytes, from a checkout and from a wheel."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from fastnfurious_generator import Template, render

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = [
    {"project_name": "my-service"},
    {"project_name": "Orders API", "ci": "gitlab", "deployment": ["helm"], "example_code": False},
    {"project_name": "x", "description": 'a "b"\nc', "license": "MIT", "integrations": ["nats"]},
]


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the mode and the bytes of every file."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(f.relative_to(folder)): (f.stat().st_mode, f.read_bytes()) for f in files}


def copier_copy(source: Path, folder: Path, answers: dict[str, object]) -> None:
    """Render as a user of Copier does: its own command, no trust, no network."""
    command = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults"]
    for name, value in answers.items():
        command += ["--data", f"{name}={value}"]
    subprocess.run([*command, str(source), str(folder)], check=True, timeout=60)


@pytest.mark.parametrize("answers", ANSWERS, ids=["defaults", "other", "text"])
def test_same_bytes_from_a_repository(
    repository: Path, tmp_path: Path, answers: dict[str, object]
) -> None:
    """The command adds nothing to what Copier writes, and leaves nothing out."""
    copier_copy(repository, tmp_path / "copied", answers)
    render(tmp_path / "rendered", answers, template=Template(repository))
    assert contents(tmp_path / "rendered") == contents(tmp_path / "copied")
    assert b"_commit: v0.1.0" in contents(tmp_path / "copied")[".copier-answers.yml"][1]


def test_template_needs_no_trust(repository: Path) -> None:
    """Nothing in copier.yml runs code, so that `--trust` is never needed."""
    text = (repository / "copier.yml").read_text()
    assert not any(f"_{word}:" in text for word in ("tasks", "migrations", "jinja_extensions"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the commands of a fresh environment with the wheel; its packages are borrowed."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, timeout=120)
    (site,) = folder.glob("venv/lib/python*/site-packages")
    shared = sysconfig.get_path("purelib")
    (site / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")
    return python.parent


@pytest.mark.slow
def test_same_bytes_from_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    """The wheel carries the template, whole."""
    command = [str(installed / "fastnfurious"), "new", "svc", "--defaults"]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=60)
    code = "import fastnfurious_generator as g; print(g.Template.bundled().root)"
    python = [str(installed / "python"), "-c", code]
    done = subprocess.run(python, check=True, cwd=tmp_path, capture_output=True, text=True)
    root = Path(done.stdout.strip())
    assert root.is_relative_to(installed.parent)
    copier_copy(root, tmp_path / "copied", {"project_name": "svc"})
    assert contents(tmp_path / "svc") == contents(tmp_path / "copied")
    assert contents(root / "template") == contents(ROOT / "template")
    assert "[tool.uv.sources]" not in (tmp_path / "svc" / "pyproject.toml").read_text()
