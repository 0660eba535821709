"""`fastnfurious new`: one readable line for whatever is wrong, and nothing half-written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fastnfurious_generator import Template, cli

HOSTILE_NAMES = [
    *("", " ", "..", ".", "/", "a/b", "../up", "9lives", "-x-", "x_", "x" * 80),
    *("naïve", "日本", "a'b", 'a"b', "a\nb", "{{ 7 * 7 }}", "{% raw %}", "$(id)"),
    *("class", "None", "test", "tests", "json", "fastapi", "PyTest", "python", "fastnfurious"),
    *("prometheus-client", "Prometheus Client"),
]


@pytest.fixture(autouse=True)
def in_an_empty_folder(
    plain_template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work in an empty folder, where whatever is left behind can be seen."""
    monkeypatch.setattr(Template, "bundled", lambda: plain_template)
    monkeypatch.chdir(tmp_path)


class Outcome:
    """What a run of the command did.

    Args:
        code: Exit code.
        output: Standard output.
        errors: Standard error.
    """

    def __init__(self, code: int, output: str, errors: str) -> None:
        self.code = code
        self.output = output
        self.errors = errors


def new(capsys: pytest.CaptureFixture[str], *arguments: str) -> Outcome:
    """Run `fastnfurious new` in this process."""
    code = cli.run(["new", *arguments])
    printed = capsys.readouterr()
    return Outcome(code, printed.out, printed.err)


def test_service_is_rendered_into_a_folder_of_its_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A name with capitals and spaces becomes a tidy folder, package and command."""
    outcome = new(capsys, "Orders API")
    assert outcome.code == 0, outcome.errors
    assert "orders-api is ready" in outcome.output
    assert (tmp_path / "orders-api" / "src" / "orders_api" / "app.py").exists()
    assert [folder.name for folder in tmp_path.iterdir()] == ["orders-api"]


def test_options_and_pairs_are_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the options say reaches the service; `--output` chooses the folder."""
    arguments = ["--author", "Ada", "--email", "ada@example.com", "--ci", "gitlab"]
    arguments += ["--with", "s3,nats"]
    pairs = ["--set", "deployment=helm", "--set", "example_code=no", "--set", "license=MIT"]
    outcome = new(capsys, "svc", "--output", "deep/er", *arguments, *pairs)
    assert outcome.code == 0, outcome.errors
    service = tmp_path / "deep" / "er"
    project = (service / "pyproject.toml").read_text()
    assert 'name = "Ada", email = "ada@example.com"' in project
    assert '"fastnfurious[nats,s3]>=' in project
    assert (service / ".gitlab-ci.yml").exists()
    assert (service / "deploy" / "helm" / "Chart.yaml").exists()
    assert not (service / "Dockerfile").exists()
    assert not (service / "src" / "svc" / "notebook.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["svc", "--set", "knd=http"], "No question is called 'knd': did you mean 'kind'?"),
        (["svc", "--set", "zzz=1"], "No question is called 'zzz': the questions are project_name,"),
        (["svc", "--kind", "soap"], "kind='soap' is not accepted: expected http, nats"),
        (["svc", "--with", "nats,soap"], "integrations='soap' is not accepted: expected any of"),
        (["svc", "--ci", "jenkins"], "ci='jenkins' is not accepted: expected github, gitlab, none"),
        (["svc", "--set", "deployment=docker,vm"], "deployment='vm' is not accepted: expected any"),
        (["svc", "--set", "example_code=perhaps"], "'perhaps' is not accepted: expected yes or no"),
        (
            ["svc", "--set", "python_version=2.7"],
            "'2.7' is not accepted: expected 3.11, 3.12, 3.13",
        ),
        (["svc", "--set", "kind"], "--set 'kind' is not accepted: expected KEY=VALUE"),
        (["svc", "--kind", "http", "--set", "kind=http"], "kind is answered twice"),
        (["svc", "--email", "nobody"], 'author_email: "nobody" is not accepted: write an address'),
        (["svc", "--description", " "], "description: a description is needed"),
        (["svc", "--description", "x" * 301], "description: at most 300 characters are accepted"),
        (["svc", "--description", "bell \a"], "description: control characters are not accepted"),
        (["svc", "--author", "Ada <a@b.c>"], "author_name: < and > and control characters"),
        (["svc", "--author", "x" * 101], "author_name: at most 100 characters are accepted"),
        (
            ["svc", "--source", "somewhere"],
            'fastnfurious_source: "somewhere" is not accepted: leave',
        ),
        (["svc", "--source", "/no/such"], '"/no/such" is neither a wheel nor a folder'),
        (["svc", "--set", "package_name=9x"], 'package_name: "9x" is not accepted: a package name'),
        (["svc", "--set", "package_name=json"], 'package_name: "json" is taken by Python'),
        (["svc", "--set", "command_name=a b"], 'command_name: "a b" is not accepted: a command'),
        (["svc", "--set", "command_name=pytest"], 'command_name: "pytest" is taken by Python'),
    ],
)
def test_wrong_answer_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    """The line names the answer and what is accepted; no folder is left."""
    outcome = new(capsys, *arguments)
    assert outcome.code == 2
    assert message in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_name_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    """A name that cannot be a package and a command is refused, and no folder is left."""
    outcome = new(capsys, "--", name)
    assert outcome.code == 2
    assert "project_name: " in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "A", "x" * 60, "My.Service_2", "a--b", "class-service"])
def test_unusual_name_works(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    """A name within the rules renders, however odd."""
    outcome = new(capsys, name)
    assert outcome.code == 0, outcome.errors
    (folder,) = tmp_path.iterdir()
    assert (folder / "pyproject.toml").exists()


def test_folder_with_files_is_not_touched(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An existing folder is only written to on demand, and keeps its own files."""
    folder = tmp_path / "svc"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "README.md").write_text("mine")
    refused = new(capsys, "svc")
    assert refused.code == 2
    assert "is not empty: name another folder, or write over its files with --overwrite" in (
        refused.errors
    )
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "notes.txt"]
    assert new(capsys, "svc", "--overwrite").code == 0
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "README.md").read_text() != "mine"


def test_empty_folder_may_be_used(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An empty folder is as good as none."""
    (tmp_path / "svc").mkdir()
    assert new(capsys, "svc").code == 0
    assert (tmp_path / "svc" / "pyproject.toml").exists()


def test_file_in_the_place_of_the_folder_is_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file is never replaced, not even with `--overwrite`."""
    (tmp_path / "svc").write_text("mine")
    assert "is a file" in new(capsys, "svc", "--overwrite").errors
    assert (tmp_path / "svc").read_text() == "mine"


@pytest.mark.parametrize("output", ["notes.txt/svc", "/proc/svc"])
def test_folder_that_cannot_be_made_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, output: str
) -> None:
    """A path through a file, or one that nobody may write to, is one readable line."""
    (tmp_path / "notes.txt").write_text("mine")
    outcome = new(capsys, "svc", "--output", output)
    assert outcome.code == 2
    assert "cannot be written" in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_wrong_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """An option that does not exist is named, in one line."""
    outcome = new(capsys, "svc", "--knd", "http")
    assert outcome.code == 2
    assert "No such option: --knd" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_interruption_leaves_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Ctrl-C during the render ends with 130 and no folder."""

    def interrupted(*_: object, **__: object) -> None:
        (tmp_path / next(tmp_path.iterdir()) / "half").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("copier.run_copy", interrupted)
    outcome = new(capsys, "svc")
    assert outcome.code == 130
    assert list(tmp_path.iterdir()) == []


def test_missing_extra_is_named() -> None:
    """Without Copier the command says what to install."""
    code = (
        "import sys; sys.modules['copier'] = None; sys.argv = ['fastnfurious', 'new', 'svc'];"
        "from fastnfurious_generator.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == (
        "fastnfurious: copier is missing: run `pip install 'fastnfurious[generator]'`\n"
    )


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The command knows its version."""
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("fastnfurious 0.")


def test_nothing_asked_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command, the commands are listed."""
    assert cli.run([]) == 0
    assert "Render a new service" in capsys.readouterr().out
