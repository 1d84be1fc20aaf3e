"""``stillwatch demo``: two made-up weeks at one provider, hunted, with the truth beside what was found."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from stillwatch._internal.text import terminal_safe
from stillwatch.apps.cli.bars import bars
from stillwatch.apps.cli.hunt import STAGES as HUNTING
from stillwatch.apps.cli.lab import STAGES as MAKING
from stillwatch.apps.cli.lab import shared_folder
from stillwatch.apps.hunt import Request, run_hunt
from stillwatch.apps.run_folder import REPORT
from stillwatch.apps.summary import print_summary
from stillwatch.errors import ExitCode
from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.load import load_scenario
from stillwatch.lab.score import Scores, score
from stillwatch.lab.service import simulate

SCENARIO = "demo"


def demo_command(
    *,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the log and the run.")] = Path("stillwatch-demo"),
    seed: Annotated[int, Parameter(name="--seed", help="Another seed is another world.")] = 7,
    scale: Annotated[float, Parameter(name="--scale", help="Size of the world.")] = 1.0,
    shared: Annotated[
        Path | None, Parameter(name="--shared", help="Folder of real prompts, networks and traces.")
    ] = None,
    show: Annotated[
        bool | None,
        Parameter(name="--open", negative="--no-open", help="Open the report in a browser; on a terminal if left out."),
    ] = None,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print the scores as JSON.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress, no summary.")] = False,
) -> int:
    """See the whole of it without a log of your own.

    Makes the log of a small provider over two weeks: people, look-alikes, a harvest by relay, and a pool that resells
    access. Hunts in it, compares what was found with the truth, and opens the report.
    """
    console = Console(stderr=True)
    world = load_scenario(SCENARIO)
    with bars(console, {**MAKING, **HUNTING}, quiet=quiet) as tell:
        made = simulate(
            world, scale=scale, seed=seed, out=out / "log", corpora=load_corpora(shared_folder(shared)), progress=tell
        )
        run = out / "run"
        result = run_hunt(Request(exchanges=made.exchanges, accounts=made.accounts, out=run), tell)
    scores = score(made.folder, run)
    if not quiet:
        print_summary(result, run, console)
        for line in told(scores):
            console.print(terminal_safe(line), markup=False, highlight=False, soft_wrap=True)
    if json:
        sys.stdout.write(msgspec.json.encode(scores).decode() + "\n")
    if show if show is not None else sys.stdout.isatty() and not quiet and not json:
        webbrowser.open((run / REPORT).resolve().as_uri())
    return int(ExitCode.DONE)


def told(scores: Scores) -> tuple[str, ...]:
    """What was found beside the truth, which only a made-up log has."""
    caught = sum(hit.flagged >= hit.accounts / 2 for hit in scores.campaigns.values())
    wrong = "no honest account" if not scores.false_flags else f"{scores.false_flags:,} honest accounts"
    flagged = f"{(scores.tpr or 0):.0%} of their accounts flagged, {wrong} of {scores.benign:,}"
    return (
        f"The truth: {caught} of {len(scores.campaigns)} campaigns found, {flagged}.",
        "This log is made up. On your own: stillwatch hunt LOG --accounts ACCOUNTS --out RUN",
    )
