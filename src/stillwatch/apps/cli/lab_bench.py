"""``stillwatch lab bench``, ``score``, ``sweep`` and ``evade``: how good a detector is, and what it costs to get past it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from msgspec.structs import replace
from rich.console import Console

from stillwatch.apps import lab_results, lab_wiring
from stillwatch.apps.cli.bars import bars
from stillwatch.errors import ExitCode, UsageError
from stillwatch.lab.bench import FULL, QUICK, Bench, Plan
from stillwatch.lab.bench_summary import HEAD, lines, sentences, table
from stillwatch.lab.detectors.traffic import View
from stillwatch.lab.evade import Ground, Trial, evade, sweep
from stillwatch.lab.frozen import seed_of
from stillwatch.lab.knobs import KNOBS, knob_named, shortened, with_campaigns_of
from stillwatch.lab.publish import plain
from stillwatch.lab.score import score

Tell = Callable[[str, int, int], None]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress.")]
Shared = Annotated[Path | None, Parameter(name="--shared", help="Folder of real prompts and traces.")]


def score_command(log: Path, out: Path, /, *, json: Json = False) -> int:
    """Score any detector's output against the truth of a log.

    Parameters
    ----------
    log
        Folder with exchanges, accounts, truth and truth_exchanges.
    out
        Folder with verdicts.parquet and, where campaigns were reported, campaigns.parquet.
    """
    found = score(log, out)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if json else lab_results.score_text(found))
    return int(ExitCode.DONE)


def bench_command(
    *,
    quick: Annotated[bool, Parameter(name="--quick", negative="", help="Few scenarios, small worlds.")] = False,
    seeds: int | None = None,
    scale: float | None = None,
    scenarios: str | None = None,
    detectors: str | None = None,
    people: int | None = None,
    campaign: int | None = None,
    days: int | None = None,
    fpr: float | None = None,
    out: Annotated[Path, Parameter(name="--out", help="Folder for cells, results and pictures.")] = Path("lab-bench"),
    page: Path | None = None,
    shared: Shared = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Measure detectors on simulated worlds whose seeds follow from the commit of the code.

    Writes one file a cell, results.json, results.md and pictures to the folder of --out. A run that was stopped goes on.
    The full size resolves a false-positive rate of 1e-4 and takes about a day; --quick resolves 1e-2 in ten minutes.

    Parameters
    ----------
    seeds
        Worlds of each scenario.
    scale
        Scale of every world.
    scenarios
        Shipped names or files, separated by commas.
    detectors
        Names, separated by commas; all where left out.
    people
        Ordinary accounts at full size.
    campaign
        The least accounts of a campaign in the world.
    days
        The most days of a world.
    fpr
        Share of a clean world's accounts that may exceed a published detector's threshold.
    page
        Page of the documentation whose generated part is filled.
    """
    plan = _plan(
        QUICK if quick else FULL,
        seeds=seeds, scale=scale, people=people, campaign=campaign, days=days, fpr=fpr,
        scenarios=_words(scenarios) or None, detectors=_words(detectors) or None,
    )  # fmt: skip
    worlds = lab_wiring.scenarios(plan.scenarios, plan.people)
    plan = replace(plan, scenarios=tuple(worlds))
    chosen = lab_wiring.all_detectors(plan.detectors, plan.fpr)
    console = Console(stderr=True)
    code = lab_wiring.code()
    if not code.clean and not quiet:
        console.print("The package is not as committed: these figures are of no published state.", highlight=False)
    with bars(console, {}, quiet=quiet) as tell:
        bench = Bench(
            plan=plan,
            scenarios=worlds,
            detectors=chosen,
            simulate=lab_wiring.simulator(_shared(shared)),
            embed=lab_wiring.embedding(),
            code=code,
            out=out,
            clock=time.perf_counter,
            progress=tell,
        )
        cells = bench.run()
    notes = lab_results.write_bench(cells, plan, out, page)
    found = lines(cells)
    if json:
        sys.stdout.write((out / "results.json").read_text(encoding="utf-8"))
    else:
        sys.stdout.write(f"{plain(HEAD, table(found))}\n\n{sentences(cells, found, plan)}\n")
    for note in notes:
        console.print(note, markup=False, highlight=False)
    return int(ExitCode.DONE)


def sweep_command(
    scenario: str,
    /,
    *,
    knob: str,
    detector: str = "stillwatch",
    seeds: int = 1,
    scale: float = QUICK.scale,
    campaign: int = 60,
    days: int = 10,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the results.")] = Path("lab-sweep"),
    shared: Shared = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Turn one knob of an attacker through its values and measure what a detector still finds.

    Parameters
    ----------
    scenario
        A shipped name or a file.
    knob
        dilution, address-reuse, paraphrase, churn, accounts, jitter, human-tempo or payment-separation.
    detector
        The detector that is tried.
    seeds
        Worlds at each value.
    scale
        Scale of the world.
    campaign
        The least accounts of a campaign in the world.
    days
        The most days of a world.
    """
    what = knob_named(knob).words
    console = Console(stderr=True)
    place = _ground(scenario, detector, scale, campaign, days, out, shared)
    numbers = [seed_of(lab_wiring.code(), place.scenario.name, n, "sweep") for n in range(max(1, seeds))]
    with bars(console, {}, quiet=quiet) as tell:
        found = sweep(place, knob, numbers, tell)
    notes = lab_results.write_sweep(place.scenario.name, knob, what, found, out)
    if json:
        sys.stdout.write(
            msgspec.json.encode([{"value": v, **msgspec.to_builtins(c)} for v, c in found]).decode() + "\n"
        )
    else:
        sys.stdout.write(lab_results.sweep_text(knob, what, found))
    for note in notes:
        console.print(note, markup=False, highlight=False)
    return int(ExitCode.DONE)


def evade_command(
    scenario: str,
    /,
    *,
    trials: int = 30,
    knobs: str | None = None,
    detector: str = "stillwatch",
    checks: int = 2,
    scale: float = QUICK.scale,
    campaign: int = 60,
    days: int = 10,
    seed: int | None = None,
    out: Annotated[Path, Parameter(name="--out", help="Folder for the results.")] = Path("lab-evade"),
    shared: Shared = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Search the knobs for the cheapest harvest that a detector does not find, and tell the price of evasion.

    Parameters
    ----------
    scenario
        A shipped name or a file.
    trials
        Worlds that the search tries.
    knobs
        Knobs that it may turn, separated by commas; all where left out.
    detector
        The detector to get past.
    checks
        Fresh worlds on which the result is measured again.
    scale
        Scale of the world.
    campaign
        The least accounts of a campaign in the world.
    days
        The most days of a world.
    seed
        Of the search; from the code where left out.
    """
    chosen = _words(knobs) or tuple(KNOBS)
    for name in chosen:
        knob_named(name)
    if trials < 1 or checks < 1:
        raise UsageError("expected --trials and --checks of 1 or more", hint="for example --trials 30")
    console = Console(stderr=True)
    place = _ground(scenario, detector, scale, campaign, days, out, shared)
    number = seed if seed is not None else seed_of(lab_wiring.code(), place.scenario.name, 0, "evade")
    kept = out / f"evade-{place.scenario.name}-trials.jsonl"
    out.mkdir(parents=True, exist_ok=True)

    def keep(trial: Trial) -> None:
        with kept.open("ab") as file:
            file.write(msgspec.json.encode(trial) + b"\n")

    kept.unlink(missing_ok=True)
    with bars(console, {}, quiet=quiet) as tell:
        price = evade(place, trials=trials, seed=number, knobs=chosen, checks=checks, tell=tell, keep=keep)
    notes = lab_results.write_price(price, out)
    sys.stdout.write(msgspec.json.encode(price).decode() + "\n" if json else lab_results.price_text(price))
    for note in notes:
        console.print(note, markup=False, highlight=False)
    return int(ExitCode.DONE)


def _plan(base: Plan, **changes: object) -> Plan:
    plan = replace(base, **{name: value for name, value in changes.items() if value is not None})
    if plan.seeds < 1 or not 0 < plan.scale <= 1 or not 0 < plan.fpr < 1:
        raise UsageError(
            f"expected --seeds of 1 or more, --scale and --fpr between 0 and 1, found {plan.seeds}, {plan.scale}, {plan.fpr}",
            hint="for example --seeds 5 --scale 0.1 --fpr 1e-4",
        )
    return plan


def _ground(
    scenario: str, detector: str, scale: float, campaign: int, days: int, out: Path, shared: Path | None
) -> Ground:
    [(name, world)] = lab_wiring.scenarios((scenario,)).items()
    [tried] = lab_wiring.all_detectors((detector,), QUICK.fpr)
    embed = lab_wiring.embedding() if tried.text else None
    return Ground(
        replace(with_campaigns_of(shortened(world, days), campaign, scale), name=name),
        scale,
        tried,
        lab_wiring.simulator(_shared(shared)),
        out / "trial",
        view=lambda folder: View(folder, embed, QUICK.cap),
    )


def _shared(given: Path | None) -> Path | None:
    return lab_wiring.shared_folder(given, os.environ.get("STILLWATCH_SHARED"))


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())
