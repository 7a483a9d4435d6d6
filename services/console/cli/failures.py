"""Why a command was not done. Each text is a sentence that says what to do; its kind is the exit code."""

from typing import Final

DONE: Final = 0
INTERRUPTED: Final = 130
"""What a shell says of a program that Ctrl-C ended."""
PIPE_CLOSED: Final = 141
"""What a shell says of a program whose reader went away."""


class Failed(Exception):
    """Ancestor of the reasons; never raised itself."""

    exit_code: int = 1


class Refused(Failed):
    """Not found, not allowed, or not possible now."""

    exit_code = 1


class Misused(Failed):
    """The command line or the settings are wrong or incomplete."""

    exit_code = 2


class OutOfReach(Failed):
    """A server does not answer; nothing is known to be wrong with what was asked."""

    exit_code = 3
