"""``stillwatch doctor``: whether this machine can run a hunt."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from stillwatch import __version__
from stillwatch._internal.text import terminal_safe
from stillwatch.apps.doctor import examine
from stillwatch.errors import ExitCode

_MARKS = {"ok": "ok  ", "note": "note", "fail": "FAIL"}


def doctor_command(*, json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """Check libraries, the shipped table, memory, disk and temporary files; say what to do next.

    Parameters
    ----------
    json
        The same as one JSON object.
    """
    examination = examine()
    if json:
        plain = {"version": __version__, "healthy": examination.healthy, **msgspec.to_builtins(examination)}
        sys.stdout.write(msgspec.json.encode(plain).decode() + "\n")
    else:
        print(f"stillwatch {__version__}")
        width = max(len(check.name) for check in examination.checks)
        for check in examination.checks:
            print(f"{_MARKS[check.state]}  {check.name.ljust(width)}  {terminal_safe(check.found)}")
            if check.remedy:
                print(f"      {' ' * width}  {check.remedy}")
        print()
        print(examination.next)
    return int(ExitCode.DONE if examination.healthy else ExitCode.FAILED)
