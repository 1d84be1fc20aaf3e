"""``stillwatch lab simulate``: make a log with known truth."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from stillwatch._internal.text import terminal_safe
from stillwatch.apps.cli.bars import bars
from stillwatch.errors import ExitCode, UsageError
from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.load import load_scenario
from stillwatch.lab.service import Simulated, simulate

STAGES = {"accounts": "making accounts", "schedule": "scheduling", "write": "writing the log"}


def simulate_command(
    scenario: str,
    /,
    *,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the log; made where missing.")],
    scale: Annotated[float, Parameter(name="--scale", help="Share of the scenario's full size.")] = 0.01,
    seed: Annotated[int, Parameter(name="--seed", help="Another seed is another world.")] = 7,
    settings: Annotated[
        list[str] | None, Parameter(name="--set", negative="", help="Change a value: groups.NAME.text.filler.share=0.5")
    ] = None,
    shared: Annotated[
        Path | None, Parameter(name="--shared", help="Folder of real prompts, networks and traces.")
    ] = None,
    processes: Annotated[
        int | None, Parameter(name="--processes", help="Processes; all processors if left out.")
    ] = None,
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print the card as JSON.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress, no summary.")] = False,
) -> int:
    """Make a log with known truth: people, look-alikes and attackers of a scenario.

    Writes exchanges, accounts, truth, truth_exchanges and card.json to the folder of --out. A log of more than two million
    exchanges is a folder of files. Without --shared (or STILLWATCH_SHARED) all texts are generated.

    Parameters
    ----------
    scenario
        A scenario file, or the name of a shipped one, such as C3.
    """
    if processes is not None and processes < 1:
        raise UsageError(f"expected --processes of at least 1, found {processes}", hint="leave it out to use all")
    console = Console(stderr=True)
    world = load_scenario(scenario, settings or ())
    with bars(console, STAGES, quiet=quiet) as tell:
        made = simulate(
            world,
            scale=scale,
            seed=seed,
            out=out,
            corpora=load_corpora(shared_folder(shared)),
            progress=tell,
            processes=processes,
        )
    if not quiet:
        _summary(made, console)
    if json:
        sys.stdout.write(msgspec.json.encode(made.card).decode() + "\n")
    return int(ExitCode.DONE)


def shared_folder(named: Path | None) -> Path | None:
    """The folder of real data: the one named, else that of STILLWATCH_SHARED, else none."""
    if named is not None:
        return named
    told = os.environ.get("STILLWATCH_SHARED")
    return Path(told) if told else None


def _summary(made: Simulated, console: Console) -> None:
    figures = made.card.figures
    lines = (
        f"{made.card.scenario} at scale {made.card.scale:g}, seed {made.card.seed}",
        f"{figures.exchanges:,} exchanges of {figures.accounts:,} accounts, {figures.malicious:,} of them extraction",
        f"distinct prompts {figures.distinct_prompts:.0%}, skeletons {figures.distinct_skeletons:.0%}",
        f"written to {made.folder}",
        f"next: stillwatch hunt {made.exchanges} --accounts {made.accounts} --out {made.folder / 'run'}",
    )
    for line in lines:
        console.print(terminal_safe(line), markup=False, highlight=False, soft_wrap=True)
