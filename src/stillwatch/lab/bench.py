"""The benchmark: detectors x scenarios x seeds, one file for each cell, scores over seeds.

Each world is made from a seed that follows from the commit of the code that is measured (:mod:`stillwatch.lab.frozen`),
so the detector was fixed before its worlds were drawn. Published detectors set their thresholds on a second world
without the campaigns, drawn from another seed. A finished cell is never run again: a run that was stopped goes on.

How a world is made and how the hunt is run are handed in; nothing here reads a clock or knows a terminal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from stillwatch.errors import InputError, UsageError
from stillwatch.lab.detectors.protocol import Detector
from stillwatch.lab.detectors.traffic import View
from stillwatch.lab.detectors.windows import Embed
from stillwatch.lab.frozen import Code, seed_of
from stillwatch.lab.knobs import clean, shortened, with_campaigns_of
from stillwatch.lab.publish import write_json
from stillwatch.lab.scenario import Scenario
from stillwatch.lab.score import Scores, curve, scores_of
from stillwatch.lab.tables_of_run import read_tables

Simulate = Callable[[Scenario, float, int, Path], None]
"""Writes the world of a scenario at a scale and seed to a folder."""
Progress = Callable[[str, int, int], None]
Clock = Callable[[], float]
T = TypeVar("T", bound=msgspec.Struct)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is measured, and at which size.

    ``scale``: of everything; ``people``: ordinary accounts at full size, None as in the file; ``campaign``: the least accounts of
    a campaign; ``days``: the most days of a world; ``fpr``: share of a clean world's accounts that may
    exceed a published detector's threshold; ``cap``: prompts of an account that published detectors see.
    """

    scenarios: tuple[str, ...]
    detectors: tuple[str, ...]
    seeds: int
    scale: float
    people: int | None = None
    campaign: int | None = None
    days: int | None = None
    fpr: float = 1e-2
    cap: int = 200


QUICK = Plan(
    scenarios=("C1", "C4", "C5", "C7", "honest"), detectors=(), seeds=2, scale=0.01, campaign=60, days=10, cap=100
)
"""Ends within ten minutes on two cores; resolves a false-positive rate of 1e-2. C7 is an expected miss."""
FULL = Plan(
    scenarios=(*(f"C{i}" for i in range(1, 16)), "honest"),
    detectors=(), seeds=5, scale=0.1, people=320_000, campaign=300, days=30, fpr=1e-4,
)  # fmt: skip
"""Resolves 1e-4: that needs 30,000 benign accounts, three of which may be wrong. Takes about a day on two cores."""


class World(msgspec.Struct, frozen=True):
    """Size of a world as it came out."""

    accounts: int
    benign: int
    malicious: int
    exchanges: int
    extraction: int
    campaigns: int
    days: float


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One detector on one world."""

    scenario: str
    title: str
    expected_miss: bool
    number: int
    seed: int
    detector: str
    detector_title: str
    settings: str
    seconds: float
    code: Code
    world: World
    scores: Scores
    roc: dict[str, list[float]]


class Run(msgspec.Struct, frozen=True):
    """What a folder of cells was made with."""

    code: Code
    plan: Plan


@dataclass(frozen=True)
class Bench:
    """A benchmark over a folder.

    ``scenarios``: by name, with everybody in them (``plan.people`` ordinary accounts); ``embed`` loads the embedding that published detectors read texts with.
    """

    plan: Plan
    scenarios: Mapping[str, Scenario]
    detectors: Sequence[Detector]
    simulate: Simulate
    embed: Callable[[], Embed]
    code: Code
    out: Path
    clock: Clock
    progress: Progress = lambda _stage, _done, _all: None
    threads: int = 2

    def run(self) -> tuple[Cell, ...]:
        """Run the cells that are missing; all cells, in order.

        Raises:
            UsageError: the folder holds cells of other code or of another plan.
        """
        self._claim()
        total = len(self.scenarios) * self.plan.seeds * len(self.detectors)
        cells: list[Cell] = []
        for name in self.plan.scenarios:
            for number in range(self.plan.seeds):
                for cell in self._world(name, number):
                    cells.append(cell)
                    self.progress("bench", len(cells), total)
        return tuple(cells)

    def _claim(self) -> None:
        """Make the folder ours, or find that it is."""
        path = self.out / "run.json"
        mine = Run(self.code, self.plan)
        if not path.exists():
            self.out.mkdir(parents=True, exist_ok=True)
            write_json(path, msgspec.to_builtins(mine))
            return
        found = read(path, Run)
        if found.code.name != self.code.name:
            raise UsageError(
                f"{self.out} holds cells of {found.code.words}, and this is {self.code.words}",
                hint="Cells of different code are never mixed: name another folder with --out, or check out that commit.",
            )
        if found.plan != self.plan:
            raise UsageError(
                f"{self.out} was made with other sizes, scenarios or detectors",
                hint="Repeat the options it was made with (its run.json lists them), or name another folder with --out.",
            )

    def _world(self, name: str, number: int) -> Iterator[Cell]:
        """The cells of one world, which is made only where one of them is missing."""
        paths = {d.name: self.out / "cells" / f"{name}-{number}-{d.name}.json" for d in self.detectors}
        folder = self.out / "worlds" / f"{name}-{number}"
        views: tuple[View, View] | None = None
        try:
            for detector in self.detectors:
                if not paths[detector.name].exists():
                    views = views or self._views(name, number, folder)
                    cell = self._cell(name, number, detector, views, folder / f"out-{detector.name}")
                    paths[detector.name].parent.mkdir(parents=True, exist_ok=True)
                    write_json(paths[detector.name], msgspec.to_builtins(cell))
                yield read(paths[detector.name], Cell)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def sized(self, name: str) -> Scenario:
        """The scenario at the size of the plan."""
        plan, scenario = self.plan, self.scenarios[name]
        if plan.days is not None:
            scenario = shortened(scenario, plan.days)
        if plan.campaign is not None:
            scenario = with_campaigns_of(scenario, plan.campaign, plan.scale)
        return scenario

    def _views(self, name: str, number: int, folder: Path) -> tuple[View, View]:
        scenario = self.sized(name)
        shutil.rmtree(folder, ignore_errors=True)  # what a stopped run left
        self.progress(f"worlds of {name}", 0, 2)
        self.simulate(scenario, self.plan.scale, seed_of(self.code, name, number, "world"), folder / "log")
        self.progress(f"worlds of {name}", 1, 2)
        if any(d.name != "stillwatch" for d in self.detectors):
            seed = seed_of(self.code, name, number, "reference")
            self.simulate(clean(scenario), self.plan.scale, seed, folder / "reference")
        self.progress(f"worlds of {name}", 2, 2)
        embed = self.embed if any(d.text for d in self.detectors) else None
        log = View(folder / "log", embed, self.plan.cap, self.threads)
        return log, View(folder / "reference", embed, self.plan.cap, self.threads)

    def _cell(self, name: str, number: int, detector: Detector, views: tuple[View, View], out: Path) -> Cell:
        log, reference = views
        started = self.clock()
        fitted = detector.fit(reference)
        fitted.write(log, out)
        seconds = self.clock() - started
        tables = read_tables(log.folder, out)
        scores = scores_of(tables)
        exchanges = sum(a.exchanges for a in tables.accounts)
        world = World(
            accounts=scores.accounts,
            benign=scores.benign,
            malicious=scores.accounts - scores.benign,
            exchanges=exchanges,
            extraction=scores.further.extraction_exchanges,
            campaigns=len(scores.campaigns),
            days=self.sized(name).days,
        )
        return Cell(
            scenario=name,
            title=self.scenarios[name].title,
            expected_miss=self.scenarios[name].expected_miss,
            number=number,
            seed=seed_of(self.code, name, number, "world"),
            detector=detector.name,
            detector_title=detector.title,
            settings=fitted.settings,
            seconds=round(seconds, 2),
            code=self.code,
            world=world,
            scores=scores,
            roc=curve(tables).corners(),
        )


def read(path: Path, kind: type[T]) -> T:
    """A file of the benchmark.

    Raises:
        InputError: it cannot be read as that.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(
            f"{path} cannot be read: {error}", hint="Delete this file; its cell is then run again."
        ) from error


def read_cells(out: Path) -> tuple[Cell, ...]:
    """All finished cells of a folder."""
    return tuple(read(path, Cell) for path in sorted((out / "cells").glob("*.json")))
