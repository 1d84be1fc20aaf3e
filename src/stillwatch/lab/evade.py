"""Attackers who adapt: one-knob sweeps, and a search for the cheapest harvest that goes undetected.

A trial makes the scenario's world with some knobs turned, hunts in it, and counts the extraction exchanges that got out
before their account was flagged, against what the campaign cost (:mod:`stillwatch.lab.costs`). The search maximises
undetected exchanges per dollar with a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011; optuna). What it
finds is measured again on fresh worlds, since the best of many trials on one world is partly luck.

It shows what this search found with these knobs and prices; another attacker may know better.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.lab.costs import Bill, Prices, bill
from stillwatch.lab.detectors.protocol import Detector
from stillwatch.lab.detectors.traffic import View
from stillwatch.lab.extras import extra
from stillwatch.lab.knobs import KNOBS, apply, clean, malicious
from stillwatch.lab.scenario import Scenario
from stillwatch.lab.score import score

Simulate = Callable[[Scenario, float, int, Path], None]
Progress = Callable[[str, int, int], None]
Settings = dict[str, float]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One world: the knobs turned, what was taken, what of it went undetected, and the bill."""

    settings: Settings
    seed: int
    extraction: int
    undetected: int
    tpr: float
    false_flags: int
    benign: int
    bill: Bill

    @property
    def per_dollar(self) -> float:
        """Undetected extraction exchanges per dollar."""
        return self.undetected / self.bill.dollars if self.bill.dollars else 0.0


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Several worlds with the same knobs: exchanges per dollar over all of them, taken and undetected."""

    settings: Settings
    worlds: int
    extraction: int
    undetected: int
    dollars: float
    taken_per_dollar: float
    undetected_per_dollar: float
    tpr: float
    false_flags: int
    benign: int

    @property
    def leak(self) -> float:
        """Share of the extraction that went undetected."""
        return self.undetected / self.extraction if self.extraction else 0.0

    @property
    def false_flag_rate(self) -> float:
        """Share of the benign accounts that were flagged."""
        return self.false_flags / self.benign if self.benign else 0.0


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """The price of evasion.

    ``before``: the campaign as in the scenario; ``after``: with the knobs that the search found. ``unwatched``: exchanges
    per dollar where nobody looks. ``times_dearer``: ``unwatched`` over what is undetected after adapting; None where
    nothing is undetected. ``trials``: all that the search tried, in order.
    """

    scenario: str
    detector: str
    seed: int
    unwatched: float
    before: Case
    after: Case
    times_dearer: float | None
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Ground:
    """A world in which a detector is tried: everything but the knobs."""

    scenario: Scenario
    scale: float
    detector: Detector
    simulate: Simulate
    folder: Path
    prices: Prices = field(default_factory=Prices)
    view: Callable[[Path], View] = View

    def trial(self, settings: Settings, seed: int) -> Trial:
        """Make the world, let the detector judge it, and remove it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        log, out = self.folder / "log", self.folder / "out"
        world = apply(self.scenario, settings)
        try:
            self.simulate(world, self.scale, seed, log)
            self.detector.fit(self._reference(seed)).write(self.view(log), out)
            scores = score(log, out)
            rewritten = settings.get("paraphrase", _paraphrased(world))
            cost = bill(log, self.prices, paraphrase=rewritten)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return Trial(
            settings=settings,
            seed=seed,
            extraction=scores.further.extraction_exchanges,
            undetected=scores.further.extraction_leaked,
            tpr=scores.tpr or 0.0,
            false_flags=scores.false_flags,
            benign=scores.benign,
            bill=cost,
        )

    def _reference(self, seed: int) -> View:
        """A world without campaigns for detectors that learn from one; ours reads none, so none is made for it."""
        folder = self.folder / "reference"
        if self.detector.name != "stillwatch":
            self.simulate(clean(self.scenario), self.scale, seed + 1, folder)
        return self.view(folder)

    def case(self, settings: Settings, seeds: Sequence[int], tell: Progress | None = None) -> Case:
        """The same knobs over several worlds."""
        found = []
        for n, seed in enumerate(seeds):
            found.append(self.trial(settings, seed))
            if tell:
                tell("checking", n + 1, len(seeds))
        return case_of(settings, found)


def case_of(settings: Settings, found: Sequence[Trial]) -> Case:
    """Sum up worlds with the same knobs."""
    taken, hidden = sum(t.extraction for t in found), sum(t.undetected for t in found)
    dollars = sum(t.bill.dollars for t in found)
    return Case(
        settings=settings,
        worlds=len(found),
        extraction=taken,
        undetected=hidden,
        dollars=round(dollars, 2),
        taken_per_dollar=round(taken / dollars, 4) if dollars else 0.0,
        undetected_per_dollar=round(hidden / dollars, 4) if dollars else 0.0,
        tpr=round(sum(t.tpr for t in found) / max(1, len(found)), 4),
        false_flags=sum(t.false_flags for t in found),
        benign=sum(t.benign for t in found),
    )


def _paraphrased(scenario: Scenario) -> float:
    shares = [g.text.paraphrase for g in scenario.groups if malicious(g)]
    return max(shares, default=0.0)


def sweep(
    place: Ground, knob: str, seeds: Sequence[int], tell: Progress | None = None
) -> tuple[tuple[float, Case], ...]:
    """Turn one knob through its values, everything else as in the scenario; the same seeds at every value."""
    values = KNOBS[knob].values
    found = []
    for n, value in enumerate(values):
        found.append((value, place.case({knob: value}, seeds)))
        if tell:
            tell("sweeping", n + 1, len(values))
    return tuple(found)


def evade(
    place: Ground,
    *,
    trials: int,
    seed: int,
    knobs: Sequence[str] = tuple(KNOBS),
    checks: int = 2,
    tell: Progress | None = None,
    keep: Callable[[Trial], None] | None = None,
) -> Price:
    """Search the knobs for the most undetected exchanges per dollar.

    Args:
        place: The world and the detector.
        trials: Worlds that the search may try; the first is the scenario as it is.
        seed: Of the search and of its world; the fresh worlds have the seeds after it.
        knobs: Those that may be turned.
        checks: Fresh worlds on which the scenario as it is, and as found, are measured.
        tell: Told (stage, done, all).
        keep: Given each trial as it ends.

    Raises:
        ConfigurationError: optuna is not installed.
    """
    optuna = extra("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: list[Trial] = []

    def objective(asked: Any) -> float:
        done = place.trial(_suggest(asked, knobs), seed)
        found.append(done)
        if keep:
            keep(done)
        if tell:
            tell("searching", len(found), trials)
        return done.per_dollar

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed % 2**32, n_startup_trials=max(5, trials // 4)),
    )
    study.enqueue_trial({f"turn {name}": False for name in knobs})
    study.optimize(objective, n_trials=trials)
    best = max(found, key=lambda t: t.per_dollar)
    fresh = [seed + 1 + n for n in range(checks)]
    before = place.case({}, fresh, tell)
    after = before if not best.settings else place.case(best.settings, fresh, tell)
    hidden = after.undetected_per_dollar
    return Price(
        scenario=place.scenario.name,
        detector=place.detector.name,
        seed=seed,
        unwatched=before.taken_per_dollar,
        before=before,
        after=after,
        times_dearer=round(before.taken_per_dollar / hidden, 2) if hidden else None,
        trials=tuple(found),
    )


def _suggest(asked: Any, knobs: Sequence[str]) -> Settings:
    """Which knobs to turn, and how far."""
    return {
        name: asked.suggest_float(name, KNOBS[name].low, KNOBS[name].high, log=KNOBS[name].log)
        for name in knobs
        if asked.suggest_categorical(f"turn {name}", (False, True))
    }
