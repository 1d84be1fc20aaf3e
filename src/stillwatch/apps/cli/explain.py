"""``stillwatch explain``: why an account got its verdict."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from stillwatch.apps.explain import explain, text
from stillwatch.apps.run_folder import read_run
from stillwatch.errors import ExitCode


def explain_command(
    account: str,
    /,
    *,
    run: Annotated[Path, Parameter(name="--run", help="The folder that a hunt wrote (its --out).")],
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Say why an account got its verdict, with the best innocent explanation beside it.

    Works for accounts that were not flagged, and for those about which nothing can be said, too.

    Parameters
    ----------
    account
        Id of the account.
    json
        The same as one JSON object.
    """
    answer = explain(read_run(run), account)
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n" if json else text(answer))
    return int(ExitCode.DONE)
