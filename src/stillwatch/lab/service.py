"""Simulate a scenario: from a value to a folder with a log, its accounts, the truth about both, and a card."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from stillwatch import __version__
from stillwatch.errors import OutputError, UsageError
from stillwatch.lab.accounts import account_rows, truth_accounts
from stillwatch.lab.corpora import Corpora
from stillwatch.lab.figures import Figures, Gathered
from stillwatch.lab.folder import place
from stillwatch.lab.scenario import Scenario
from stillwatch.lab.schedule import schedule
from stillwatch.lab.world import World, build_world
from stillwatch.lab.write import Progress, write_exchanges

TABLES = ("exchanges", "exchanges.parquet", "truth_exchanges", "truth_exchanges.parquet")


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a simulated log is and how it came about; with the scenario's file it can be made again."""

    scenario: str
    title: str
    anchor: str
    scale: float
    seed: int
    version: str
    days: int
    start: str
    real_prompts: bool
    providers: int
    expected_miss: bool
    figures: Figures


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of a simulated log lie. ``exchanges`` and ``truth_exchanges`` are folders where the log is large."""

    folder: Path
    exchanges: Path
    accounts: Path
    truth: Path
    truth_exchanges: Path
    card: Card


def silent(_stage: str, _done: int, _total: int) -> None:
    """Progress told to nobody."""


def simulate(
    scenario: Scenario,
    *,
    scale: float,
    seed: int,
    out: Path,
    corpora: Corpora,
    progress: Progress = silent,
    processes: int | None = None,
) -> Simulated:
    """Make the log of ``scenario`` at ``scale`` in the folder ``out``.

    Args:
        scenario: The world; ``stillwatch.lab.load`` reads one from a file and checks it.
        scale: Share of the full size; accounts and exchanges are scaled alike. ``least`` of each group is kept.
        seed: Another seed is another world. The same seed gives the same files, whatever the number of processes.
        out: Folder; made where missing. Tables of an earlier simulation in it are replaced, all or none.
        corpora: What texts, addresses and arrivals are made from.
        progress: Told how far the work is.
        processes: Rendering processes; as many as the machine has processors where left out.

    Raises:
        UsageError: the scale is not above 0.
        OutputError: the folder cannot be written.
        InputError: the scenario yields no exchange at this scale.
    """
    if not 0 < scale <= 100:
        raise UsageError(f"expected a scale above 0 and at most 100, found {scale}", hint="0.01 makes a hundredth")
    progress("accounts", 0, 1)
    world = build_world(scenario, scale=scale, seed=seed, corpora=corpora)
    progress("accounts", 1, 1)
    progress("schedule", 0, 1)
    exchanges = schedule(world)
    progress("schedule", 1, 1)
    try:
        out.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".simulate-", dir=out))
    except OSError as error:
        raise OutputError(f"Cannot write to {out}: {error}.", hint="Name another folder with --out.") from error
    try:
        many = processes or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        gathered = write_exchanges(world, exchanges, scratch, processes=many, progress=progress)
        card = _card(world, scale, seed, gathered)
        pq.write_table(account_rows(world), scratch / "accounts.parquet", compression="zstd")
        pq.write_table(truth_accounts(world), scratch / "truth.parquet", compression="zstd")
        (scratch / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=1) + b"\n")
        _replace(scratch, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    log, truth = (place(out, name) for name in ("exchanges", "truth_exchanges"))
    return Simulated(
        folder=out,
        exchanges=log,
        accounts=out / "accounts.parquet",
        truth=out / "truth.parquet",
        truth_exchanges=truth,
        card=card,
    )


def _replace(scratch: Path, out: Path) -> None:
    """Move the finished tables into place; those of an earlier run go first, as a log may be a file or a folder."""
    for name in TABLES:
        old = out / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    for path in sorted(scratch.iterdir()):
        path.replace(out / path.name)


def _card(world: World, scale: float, seed: int, gathered: Gathered) -> Card:
    scenario = world.scenario
    return Card(
        scenario=scenario.name,
        title=scenario.title,
        anchor=scenario.anchor,
        scale=scale,
        seed=seed,
        version=__version__,
        days=scenario.days,
        start=scenario.start,
        real_prompts=world.corpora.real,
        providers=max((party.group.providers for party in world.parties), default=1),
        expected_miss=scenario.expected_miss,
        figures=gathered.figures(len(world.accounts)),
    )
