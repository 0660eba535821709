"""A recording shows what was printed, and plays without anything from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from film import film
from terminal import Line, Terminal


def test_a_recording_holds_the_commands_and_what_they_print(tmp_path: Path) -> None:
    """Lines are kept in order, colours included, and a rewritten line as it ended."""
    terminal = Terminal(tmp_path)
    terminal.run(r"printf '\033[32mgreen\033[0m\nten\rone\n'")
    assert [line.typed for line in terminal.lines] == [True, False, False]
    assert [line.text for line in terminal.lines[1:]] == ["\x1b[32mgreen\x1b[0m", "one"]


def test_a_command_that_fails_ends_the_recording(tmp_path: Path) -> None:
    """A recording of a failure is never written by accident."""
    with pytest.raises(RuntimeError, match="`false` ended with 1"):
        Terminal(tmp_path).run("false")


def test_a_served_command_is_interrupted_at_the_end(tmp_path: Path) -> None:
    """Other commands can be shown while a service runs; it gets Ctrl-C when they are done."""
    terminal = Terminal(tmp_path)
    # What a shell starts in the background inherits that it does not mind Ctrl-C.
    listens = "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{sys.executable} -c \"{listens}; print('up', flush=True); time.sleep(60)\""
    with terminal.serving(program, until="up"):
        terminal.run("echo meanwhile")
    words = [line.text for line in terminal.lines]
    assert words[1:4] == ["up", "echo meanwhile", "meanwhile"]
    assert "Ctrl-C" in words[5] and any("KeyboardInterrupt" in word for word in words[6:])


def test_a_film_is_one_file_that_needs_no_other() -> None:
    """The SVG is well-formed, shows each character and names no other host."""
    lines = [Line(0.0, "cat <file> & more", typed=True)]
    lines += [Line(number, f"\x1b[1;31mline {number}\x1b[0m") for number in range(60)]
    text = film(lines, "Sixty lines")
    words = "".join(ElementTree.fromstring(text).itertext())
    assert "cat <file> & more" in words and "line 59" in words
    assert text.count("http") == 1, "only the name of the SVG namespace"
