"""What the exit code of a command means."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """Tell a script or an orchestrator how a command ended.

    A service that a second signal forced to stop ends with 128 plus the signal's number, as shells
    do: 130 after Ctrl-C, 143 after SIGTERM.
    """

    OK = 0
    """Done; also a service that was asked to stop and did so in order."""
    FAILED = 1
    """A check found a fault, or something failed while running."""
    USAGE = 2
    """An option, an environment variable or the named application is wrong."""
    STARTUP = 3
    """The service could not start: a port in use, a part that could not be opened."""

    @classmethod
    def forced_by(cls, signal_number: int) -> int:
        """Return the exit code of a process that a signal forced to stop."""
        return 128 + signal_number
