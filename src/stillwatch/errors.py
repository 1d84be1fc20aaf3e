"""Errors of Stillwatch, grouped by what the reader can do about them.

Each error says what was expected and what was found, carries a ``hint`` that names the next step,
and an ``exit_code`` of the command line (documented in ``docs/reference/exit-codes.md``).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns; scripts may rely on these numbers."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3
    VERIFICATION_FAILED = 4
    INPUT_REJECTED = 5
    INTERRUPTED = 130


class StillwatchError(Exception):
    """Base of all errors raised on purpose; anything else is a bug."""

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the message for people and the hint that says what to do next."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint, one line each."""
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(StillwatchError):
    """The command was called with something that cannot work; correct the call."""

    exit_code = ExitCode.USAGE


class InputError(StillwatchError):
    """A source cannot be read at all: not there, no known format, or broken throughout."""


class RejectedOverBudget(StillwatchError):
    """More records were set aside than the run allows; look at the rejects, then raise the budget or mend the source."""

    exit_code = ExitCode.INPUT_REJECTED


class OutputError(StillwatchError):
    """Results could not be written (disk full, no permission); nothing half-written was left."""


class ConfigurationError(StillwatchError):
    """A settings, label or indicator file is wrong; the message names file and place."""

    exit_code = ExitCode.USAGE
