"""Make the terminal recording of the README anew: ``inv record``.

It runs the real commands in a fresh clone and writes docs/assets/demo.svg. Only the name of the
clone's temporary folder is shown as the reader's home.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from film import film
from terminal import Terminal

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "assets" / "demo.svg"

_ADDRESS = "http://127.0.0.1:8000"


def main() -> None:
    """Clone this repository, record the demonstration in the clone, write the SVG."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "fastnfurious"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        terminal = Terminal(clone)
        with terminal.serving("python3 bootstrap.py demo", until="Press Ctrl-C"):
            note = """-H 'content-type: application/json' -d '{"text": "Buy milk"}'"""
            terminal.say("in a second terminal")
            terminal.run(f"curl -s {_ADDRESS}/notes {note}; echo")
            terminal.run(f"curl -s {_ADDRESS}/notes/7 | python3 -m json.tool")
            terminal.run(f"curl -s {_ADDRESS}/metrics | grep -E '^(notes|.*seconds_count)'")
        lines = [replace(line, text=line.text.replace(folder, "~")) for line in terminal.lines]
    TARGET.write_text(film(lines, "python3 bootstrap.py demo"), encoding="utf-8")


if __name__ == "__main__":
    main()
