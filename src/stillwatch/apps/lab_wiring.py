"""The lab's parts put together: scenarios, corpora, simulator, hunt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import stillwatch
from stillwatch.apps.lab_hunt import hunt_folder
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.errors import UsageError
from stillwatch.lab.bench import Simulate
from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.detectors.protocol import Detector
from stillwatch.lab.detectors.registry import chosen, detectors
from stillwatch.lab.detectors.windows import Embed
from stillwatch.lab.frozen import Code, present_code
from stillwatch.lab.load import load_scenario
from stillwatch.lab.scenario import Scenario
from stillwatch.lab.service import simulate

PROMPTS = Path("data") / "prompts"
SMALL = 1_000_000
"""Exchanges up to which a world is made in one process."""


def shared_folder(given: Path | None, environment: str | None) -> Path | None:
    """The folder of real data: the one given, else the one that STILLWATCH_SHARED names, else ../shared if it has prompts."""
    if given is not None:
        return given
    if environment:
        return Path(environment)
    usual = Path("..") / "shared"
    return usual if (usual / PROMPTS).is_dir() else None


def simulator(shared: Path | None) -> Simulate:
    """The simulator over the corpora of ``shared``, which are read once."""
    corpora = load_corpora(shared)

    def run(scenario: Scenario, scale: float, seed: int, out: Path) -> None:
        size = sum(g.exchanges / g.accounts * max(g.least, g.accounts * scale) for g in scenario.groups)
        # starting processes costs more than a small world
        simulate(scenario, scale=scale, seed=seed, out=out, corpora=corpora, processes=1 if size < SMALL else None)

    return run


def scenarios(names: tuple[str, ...], people: int | None = None) -> dict[str, Scenario]:
    """Scenarios with everybody in them, by name; a name is one of the shipped, or a file. ``people``: at full size.

    Raises:
        UsageError: two files bear one name.
    """
    settings = () if people is None else (f"people={people}",)
    found = {Path(name).stem: load_scenario(name, settings) for name in names}
    if len(found) < len(names):
        raise UsageError(f"two scenarios of one name among {', '.join(names)}", hint="Rename one of the files.")
    return found


def embedding() -> Callable[[], Embed]:
    """Loads the shipped embedding when first asked, and keeps it."""
    kept: list[Embed] = []

    def loaded() -> Embed:
        if not kept:
            kept.append(StaticEmbedding.load().encode)
        return kept[0]

    return loaded


def all_detectors(names: tuple[str, ...], fpr: float) -> tuple[Detector, ...]:
    """The detectors named, ours run as ``stillwatch hunt`` runs; all where nothing is named."""
    return chosen(detectors(hunt_folder, fpr), names)


def code() -> Code:
    """The state of the installed package."""
    return present_code(Path(stillwatch.__file__).resolve().parent)
