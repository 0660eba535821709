#!/usr/bin/env python3
"""Prepare this checkout and run one of its tasks, on a machine that has only Python and git.

    python3 bootstrap.py demo     render a service, install it, test it and serve it
    python3 bootstrap.py check    everything that has to pass: lint, types, tests, docs, build

Any other task of ``inv --list`` works too; its options follow its name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
SCRIPTS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
LOCK = ROOT / "requirements-dev.txt"
STAMP = ENVIRONMENT / ".prepared"


def main(arguments: list[str]) -> int:
    """Prepare the environment if it is not, then hand over to Invoke."""
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or later is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    prepare()
    path = f"{SCRIPTS}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(ENVIRONMENT)}
    if os.name == "nt":
        return subprocess.call([SCRIPTS / "inv", *arguments], cwd=ROOT, env=environment)
    # Invoke takes the place of this process, so that Ctrl-C and every signal reach the task.
    os.chdir(ROOT)
    os.execve(SCRIPTS / "inv", ["inv", *arguments], environment)


def prepare() -> None:
    """Make ``.venv`` with exactly the locked packages; do nothing when it is up to date."""
    wanted = LOCK.read_text(encoding="utf-8") + (ROOT / "pyproject.toml").read_text(
        encoding="utf-8"
    )
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    print("Preparing .venv …", flush=True)
    if not (SCRIPTS / "pip").exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip = [SCRIPTS / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.check_call([*pip, "uv"])
    uv = [SCRIPTS / "uv", "pip", "install", "--quiet", "--python", SCRIPTS / "python"]
    subprocess.check_call([*uv, "--require-hashes", "--requirements", LOCK])
    subprocess.check_call([*uv, "--no-deps", "--editable", ROOT])
    STAMP.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
