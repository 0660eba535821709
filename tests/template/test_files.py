"""What the files of a rendered service say is true: they parse, and name only what exists."""

from __future__ import annotations

import ast
import configparser
import json
import keyword
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fastnfurious
from fastnfurious import FastNFuriousAPI, FastNFuriousSettings
from fastnfurious.application.routes import management_routes
from fastnfurious.application.wiring import settings_classes
from fastnfurious.cli.settings import ServerSettings
from fastnfurious.core.integration import Mode
from fastnfurious.core.settings import SettingDescription, Settings
from fastnfurious_generator import Template, render
from tests.template.options import HOSTILE_AUTHOR, HOSTILE_TEXT, WHEEL, answer_rows
from tests.template.service import ROOT

EVERYTHING = {"project_name": "my-service", "deployment": ["docker", "compose", "helm"]}
OWN = {"http": "NOTES_LIMIT", "nats": "STOCK_LIMIT"}
"""The setting that the worked example of each kind adds."""
VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b(?:HOST|PORT|WORKERS|ENVIRONMENT)\b")
PROBE = re.compile(r"(?<![\w.])/(?:health/\w+|metrics|logs/levels)\b")
FOREIGN = {
    # What tools of the build read, and words of other languages; not settings of the service.
    *("UV_LINK_MODE", "UV_COMPILE_BYTECODE", "UV_PYTHON_DOWNLOADS", "TWINE_PASSWORD"),
    *("TWINE_USERNAME", "CI_COMMIT_TAG"),
    # What the servers of compose.yaml read.
    *("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD", "POSTGRES_USER", "POSTGRES_PASSWORD"),
    *("KC_HOSTNAME", "KC_BOOTSTRAP_ADMIN_USERNAME", "KC_BOOTSTRAP_ADMIN_PASSWORD"),
}


@pytest.fixture(scope="module", params=OWN)
def kind(request: pytest.FixtureRequest) -> str:
    """Return each kind of service in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def rendered(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a service with every optional file."""
    answers = {**EVERYTHING, "kind": kind}
    return render(tmp_path_factory.mktemp("rendered") / "my-service", answers)


def settings() -> list[type[Settings]]:
    """Return every settings class of a service without settings of its own."""
    return [*settings_classes(), ServerSettings]


def rows() -> dict[str, SettingDescription]:
    """Return every setting of such a service, by its variable."""
    return {row.variable: row for cls in settings() for row in cls.describe()}


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Return the name and the text of every file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_text(encoding="utf-8")


@pytest.mark.parametrize("answers", answer_rows(Template.bundled()))
def test_every_file_parses(answers: dict[str, object], tmp_path: Path) -> None:
    """Whatever was answered, each file is valid in its own language, and ends with one newline."""
    if answers.get("fastnfurious_source") == WHEEL:
        wheel = tmp_path / "fastnfurious-0.1.0-py3-none-any.whl"
        wheel.touch()
        answers = {**answers, "fastnfurious_source": str(wheel)}
    for name, text in texts(render(tmp_path / "service", answers)):
        _parse(name, text)
        assert not text or (text.endswith("\n") and not text.endswith("\n\n")), name
        assert "description" in answers or "{%" not in text, name


def test_hostile_text_arrives_unchanged(tmp_path: Path) -> None:
    """Quotes, backslashes, braces and emoji mean themselves wherever they end up."""
    answers = {"project_name": "svc", "deployment": ["helm"], "ci": "gitlab"}
    text = {"description": HOSTILE_TEXT, "author_name": HOSTILE_AUTHOR, "license": "MIT"}
    folder = render(tmp_path / "svc", {**answers, **text})
    line = " ".join(HOSTILE_TEXT.split())
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["description"] == line
    assert project["authors"] == [{"name": HOSTILE_AUTHOR}]
    assert yaml.safe_load((folder / "mkdocs.yml").read_text())["site_description"] == line
    assert yaml.safe_load((folder / "deploy/helm/Chart.yaml").read_text())["description"] == line
    assert f"Copyright (c) {HOSTILE_AUTHOR}\n" in (folder / "LICENSE").read_text()
    assert yaml.safe_load((folder / ".copier-answers.yml").read_text())["description"] == (
        HOSTILE_TEXT
    )


def test_path_of_this_machine_is_only_in_the_source_tables(rendered: Path) -> None:
    """Apart from the answers, which git ignores then, only the two tables name the checkout."""
    named = {name for name, text in texts(rendered) if str(ROOT) in text}
    assert named == {"pyproject.toml", ".copier-answers.yml"}
    assert "/.copier-answers.yml\n" in (rendered / ".gitignore").read_text()
    tables = tomllib.loads((rendered / "pyproject.toml").read_text())["tool"]
    path = {"path": str(ROOT)}
    assert tables["poetry"]["dependencies"] == {"fastnfurious": {**path, "develop": True}}
    assert tables["uv"]["sources"] == {"fastnfurious": {**path, "editable": True}}
    assert (rendered / "pyproject.toml").read_text().count(str(ROOT)) == 2


@pytest.mark.parametrize(
    ("source", "uv", "poetry"),
    [
        ("../library", {"path": "../library", "editable": True}, {"path": "../library", "develop": True}),
        ("https://e.org/f-1-py3-none-any.whl", {"url": "https://e.org/f-1-py3-none-any.whl"}, None),
        ("git+https://e.org/f.git", {"git": "https://e.org/f.git"}, None),
        ("git+https://e.org/f@v1", {"git": "https://e.org/f", "rev": "v1"}, None),
        ("git+ssh://git@e.org/f.git", {"git": "ssh://git@e.org/f.git"}, None),
        ("git+ssh://git@e.org/f.git@v1", {"git": "ssh://git@e.org/f.git", "rev": "v1"}, None),
    ],
)
def test_source_becomes_the_two_tables(
    tmp_path: Path, source: str, uv: dict[str, object], poetry: dict[str, object] | None
) -> None:
    """Both tools are told the same place in their own words."""
    folder = render(tmp_path / "svc", {"project_name": "svc", "fastnfurious_source": source})
    tables = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]
    assert tables["uv"]["sources"] == {"fastnfurious": uv}
    assert tables["poetry"]["dependencies"] == {"fastnfurious": poetry or uv}


def test_released_version_needs_no_tables(tmp_path: Path) -> None:
    """A service that takes the library from the index says nothing about its source."""
    folder = render(tmp_path / "svc", {"project_name": "svc", "fastnfurious_source": ""})
    tables = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]
    assert "dependencies" not in tables["poetry"]
    assert "uv" not in tables


def test_every_kind_is_looked_at() -> None:
    """A kind that is added to copier.yml gets its files checked, or fails here."""
    assert Template.bundled().question("kind").choices == tuple(OWN)


def test_template_asks_what_a_service_uses() -> None:
    """Not what was answered, which leaves out what the kind brings along."""
    asked = re.compile(r"\b(?:in|if) integrations\b")
    assert [name for name, text in texts(ROOT / "template") if asked.search(name + text)] == []


def test_service_over_nats_needs_nats(tmp_path: Path) -> None:
    """Whatever else it uses; the answer need not name it."""
    answers = {"project_name": "svc", "kind": "nats", "integrations": ["sql"]}
    folder = render(tmp_path / "svc", {**answers, "deployment": ["compose", "helm"]})
    for name in ("pyproject.toml", ".env.example", "compose.yaml", "deploy/helm/values.yaml"):
        text = (folder / name).read_text()
        assert "fastnfurious[nats,sql]" in text or "NATS_URL" in text, name


def test_example_of_env_names_every_setting(rendered: Path, kind: str) -> None:
    """`.env.example` is complete and holds nothing else."""
    text = (rendered / ".env.example").read_text()
    named = re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE)
    assert len(named) == len({*named})
    missing = [row for name, row in rows().items() if name not in named]
    lines = "".join(f"# {row.description}\n# {row.variable}={row.default or ''}\n" for row in missing)
    assert not missing, f"add to template/.env.example.jinja:\n{lines}"
    assert {*named} == {*rows(), OWN[kind]}


def test_example_of_env_can_be_used_as_it_is(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line may be uncommented: the settings then are what they are without it."""
    text = (rendered / ".env.example").read_text()
    lines = re.findall(r"^# ([A-Z][A-Z0-9_]+=.*)$", text, flags=re.MULTILINE)
    (tmp_path / "every.env").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENV_FILE", "every.env")
    read = [cls.load() for cls in settings()]
    monkeypatch.delenv("ENV_FILE")
    own = {"service_name": "my-service", "service_version": "0.1.0"}
    for loaded, cls in zip(read, settings(), strict=True):
        expected = cls.load(**(own if cls is FastNFuriousSettings else {}))
        assert loaded.model_dump() == expected.model_dump()


@pytest.mark.parametrize(
    "name",
    ["Dockerfile", "compose.yaml", "README.md", "docs", "deploy", ".github", "src", "tests"],
)
def test_every_variable_that_is_named_exists(rendered: Path, kind: str, name: str) -> None:
    """What a file says about the environment is read by a settings class."""
    known = {*rows(), OWN[kind], *FOREIGN}
    for file, text in _texts_of(rendered, name):
        assert set(VARIABLE.findall(text)) <= known, file


def test_every_probe_that_is_named_exists(rendered: Path) -> None:
    """What a file asks for is a route of the application."""
    routes = {getattr(route, "path", "") for route in management_routes(FastNFuriousAPI())}
    named = {probe for _, text in texts(rendered) for probe in PROBE.findall(text)}
    assert named <= routes
    assert {"/health/live", "/health/ready", "/health/startup", "/metrics"} <= named


def test_every_port_is_the_default_one(rendered: Path) -> None:
    """Image, compose file, chart and text agree on the port the service listens on."""
    port = rows()["PORT"].default
    compose = yaml.safe_load((rendered / "compose.yaml").read_text())
    values = yaml.safe_load((rendered / "deploy/helm/values.yaml").read_text())
    dockerfile = (rendered / "Dockerfile").read_text()
    assert compose["services"]["my-service"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert str(values["port"]) == port
    assert f"PORT={port}\n" in dockerfile and f"EXPOSE {port}\n" in dockerfile
    for name, text in texts(rendered):
        issuer = {"8080"} if name == "compose.yaml" else set()
        named = set(re.findall(r"(?:localhost|127\.0\.0\.1):(\d+)", text))
        assert named <= {port} | issuer, name


def test_compose_brings_the_servers_that_the_service_uses(tmp_path: Path) -> None:
    """Each integration alone has its server and names it; the service asks for no other."""
    servers = {"nats": "nats", "s3": "minio", "oidc": "keycloak", "sql": "postgres"}
    assert {*servers} == {*Template.bundled().question("integrations").choices}
    for integration, server in servers.items():
        answers = {"project_name": "svc", "integrations": [integration]}
        folder = render(tmp_path / integration, answers)
        services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
        assert set(services) == {"svc", server}
        addresses = [str(value) for value in services["svc"]["environment"].values()]
        assert any(f"{server}:" in text or f"{server}." in text for text in addresses)


def test_service_of_compose_starts_with_its_settings(rendered: Path) -> None:
    """Outside development nothing is embedded, so each integration needs its address there."""
    compose = yaml.safe_load((rendered / "compose.yaml").read_text())
    environment = compose["services"]["my-service"]["environment"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        app = FastNFuriousAPI()
        assert set(app.integrations.modes().values()) == {Mode.REMOTE}


def test_issuer_of_compose_knows_the_service(rendered: Path) -> None:
    """The realm has the clients, the secret and the address that compose.yaml names."""
    compose = yaml.safe_load((rendered / "compose.yaml").read_text())
    environment = compose["services"]["my-service"]["environment"]
    realm = json.loads((rendered / "deploy/keycloak/service-realm.json").read_text())
    clients = {client["clientId"]: client for client in realm["clients"]}
    assert environment["OIDC_ISSUER"].endswith(f"/realms/{realm['realm']}")
    assert clients[environment["OIDC_CLIENT_ID"]]["secret"] == environment["OIDC_CLIENT_SECRET"]
    [mapper] = clients[environment["OIDC_DOCS_CLIENT_ID"]]["protocolMappers"]
    assert mapper["config"]["included.client.audience"] == environment["OIDC_CLIENT_ID"]


def test_chart_gives_shutdown_enough_time(rendered: Path) -> None:
    """Kubernetes does not kill what is still draining."""
    values = yaml.safe_load((rendered / "deploy/helm/values.yaml").read_text())
    needed = sum(float(values["config"][f"SHUTDOWN_{word}"]) for word in ("DELAY", "TIMEOUT"))
    assert needed < values["terminationGracePeriodSeconds"]


def test_dockerfile_is_as_it_should_be(rendered: Path) -> None:
    """Two stages, a locked install, no root, a health check, and only files that exist."""
    text = (rendered / "Dockerfile").read_text()
    assert text.count("\nFROM ") == 2 and "--locked" in text and "HEALTHCHECK" in text
    assert text.index("USER 10001") < text.index("\nCMD ")
    ignored = (rendered / ".dockerignore").read_text().splitlines()
    for copied in re.findall(r"^COPY (?!--)(.+) \S+$", text, flags=re.MULTILINE):
        for name in copied.split():
            assert f"!{name}" in ignored
            assert name == "uv.lock" or (rendered / name).exists()


def test_pipelines_only_call_tasks(rendered: Path, tmp_path: Path) -> None:
    """Both pipelines run the same tasks, and these exist."""
    folder = render(tmp_path / "svc", {"project_name": "svc", "ci": "gitlab"})
    github = yaml.safe_load((rendered / ".github/workflows/ci.yml").read_text())
    gitlab = yaml.safe_load((folder / ".gitlab-ci.yml").read_text())
    steps = [step["run"] for job in github["jobs"].values() for step in job["steps"] if "run" in step]
    before = gitlab["default"]["before_script"]
    lines = [line for job in ("check", "publish") for line in before + gitlab[job]["script"]]
    tasks = set(re.findall(r"^def (\w+)\(\s*context", (folder / "tasks.py").read_text(), re.MULTILINE))
    for commands in (steps, lines):
        called = [command for command in commands if command.startswith("inv ")]
        assert {command.split()[1] for command in called} <= tasks
        assert all("pip install" in command for command in set(commands) - set(called))
    assert [c for c in steps if "pip" not in c] == [c for c in lines if "pip" not in c]


def test_hooks_only_call_tasks(rendered: Path) -> None:
    """Nothing is downloaded by a commit."""
    hooks = yaml.safe_load((rendered / ".pre-commit-config.yaml").read_text())["repos"]
    assert {repo["repo"] for repo in hooks} == {"local"}
    entries = {hook["entry"] for repo in hooks for hook in repo["hooks"]}
    assert entries == {"inv format --check", "inv flake8", "inv typecheck"}


def test_conditions_select_files_and_rarely_lines() -> None:
    """At most 3 % of the template's lines hold a condition."""
    lines = [line for _, text in texts(ROOT / "template") for line in text.splitlines()]
    control = [line for line in lines if "{%" in line]
    assert len(control) / len(lines) <= 0.03


def test_versions_are_those_of_the_library() -> None:
    """Library and template have one version, and a service asks for that range."""
    questions = yaml.safe_load((ROOT / "copier.yml").read_text())
    major, minor, _ = fastnfurious.__version__.split(".")
    asked = questions["fastnfurious_versions"]["default"]
    assert asked == f">={major}.{minor}.0,<{major}.{int(minor) + 1}"


def test_test_tools_are_those_of_the_library(rendered: Path) -> None:
    """A service asks for the versions that the extra `testing` names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tools = tomllib.loads((rendered / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    assert set(project["optional-dependencies"]["testing"]) <= set(tools)


def test_every_python_of_the_library_can_be_chosen() -> None:
    """The versions on offer are those that the library says it supports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: "
    supported = [line.removeprefix(prefix) for line in project["classifiers"] if prefix in line]
    assert Template.bundled().question("python_version").choices == tuple(supported)


def test_reserved_names_are_complete() -> None:
    """No service can hide a module or a command that it needs."""
    reserved = set(yaml.safe_load((ROOT / "copier.yml").read_text())["reserved_names"]["default"])
    needed = {name.lower() for name in (*keyword.kwlist, *sys.stdlib_module_names)}
    extras = ",".join(["testing", *Template.bundled().question("integrations").choices])
    needed |= set(_installed_names([f"fastnfurious[{extras}]", *_tools()]))
    assert {name for name in needed if re.fullmatch("[a-z][a-z0-9_]*", name)} <= reserved


def _tools() -> list[str]:
    text = (ROOT / "template" / "pyproject.toml.jinja").read_text()
    listed = re.search(r"^dev = \[\n(.*?)^\]", text, flags=re.MULTILINE | re.DOTALL)
    assert listed is not None
    return re.findall(r'"(.+)"', listed[1])


def _installed_names(requirements: list[str]) -> Iterator[str]:
    """Return the names of packages, modules and commands that these bring along."""
    waiting = [Requirement(text) for text in requirements]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = metadata.distribution(name)
        yield name.replace("-", "_")
        yield from _names_of(found)
        for text in found.requires or ():
            needed = Requirement(text)
            marker = needed.marker
            if not marker or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(needed)


def _names_of(found: metadata.Distribution) -> Iterator[str]:
    for point in found.entry_points:
        if point.group == "console_scripts":
            yield point.name.lower().replace("-", "_")
    for file in found.files or ():
        if file.suffix in (".py", ".so"):
            yield re.sub(".*__mypyc$", "", file.parts[0].partition(".")[0].lower())


def _texts_of(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    path = folder / name
    assert path.exists(), name
    return texts(path) if path.is_dir() else iter([(name, path.read_text(encoding="utf-8"))])


def _parse(name: str, text: str) -> None:
    path = Path(name)
    if path.suffix == ".py":
        ast.parse(text, name)
    elif path.suffix == ".toml":
        tomllib.loads(text)
    elif path.suffix == ".json":
        json.loads(text)
    elif path.suffix == ".cfg":
        configparser.ConfigParser().read_string(text)
    elif path.suffix in (".yml", ".yaml") and "helm/templates" not in name:
        yaml.load(text, _Lenient)


class _Lenient(yaml.SafeLoader):
    """Read YAML with the tags of MkDocs and Tavern."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    return f"{suffix}:{node.value}"


_Lenient.add_multi_constructor("!", _tagged)
