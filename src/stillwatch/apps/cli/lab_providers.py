"""``stillwatch lab providers`` and ``stillwatch lab people``: what sharing is worth, and real people as the innocent."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from stillwatch.apps.cli.bars import bars
from stillwatch.errors import ExitCode, OutputError, UsageError
from stillwatch.lab.irc import read_irc
from stillwatch.lab.load import load_scenario
from stillwatch.lab.people import PeopleResult, Setting, measure
from stillwatch.lab.people_log import write_people_log
from stillwatch.lab.providers_picture import draw
from stillwatch.lab.publish import plain
from stillwatch.lab.sharing_sweep import DELAYS, Figure, Row, Sweeps, delay_name, parse_delay, sweep
from stillwatch.lab.split import PROVIDERS, STATED_EXCHANGES, Policy, detector_of_hunt, split_of, stated_detector

Tell = Callable[[int, int], None]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="No progress.")]
Out = Annotated[Path, Parameter(name="--out", help="Folder for the results; made where missing.")]


def providers_command(
    scenario: str = "C13",
    /,
    *,
    out: Out,
    delays: str | None = None,
    share_delay: str = "1s",
    common: float | None = None,
    corroboration: int = 2,
    own_share: float = 0.1,
    run: Path | None = None,
    log: Path | None = None,
    exchanges: float = STATED_EXCHANGES,
    missed: float = 0.0,
    stagger: float = 0.0,
    providers: int = PROVIDERS,
    runs: int = 10,
    seed: int = 7,
    pictures: bool = True,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Run one campaign against several providers, with and without sharing of indicators.

    Writes NAME-sharing.json and two pictures: leak against propagation delay, leak against common infrastructure.

    Parameters
    ----------
    scenario
        C13, C14 or C15, another shipped scenario with a campaign, or a scenario file.
    delays
        Propagation delays, separated by commas, such as 0s,1min,4h,never.
    share_delay
        Propagation delay at which common infrastructure is varied and false indicators are sent.
    common
        Share of the campaign's infrastructure that all providers see, 0 to 1; the scenario's where left out.
    corroboration
        Providers with evidence of their own that must agree before one acts; 1 is acting on anybody's word.
    own_share
        Share of the exchanges its detector needs alone after which a provider counts itself among them.
    run
        Folder of a hunt: the detector's delay is that of its campaigns.
    log
        The exchanges that hunt read, so that those before each flag are counted.
    exchanges
        Where no hunt is given: exchanges of each account that the detector needs (median).
    missed
        Share of sets that a provider never finds alone.
    stagger
        Hours by which the campaign comes later to each next provider.
    providers
        Among how many a scenario of one provider is divided.
    runs
        Seeds for each point.
    seed
        The first of them.
    pictures
        Draw the two pictures (needs matplotlib, of the extra [lab]).
    """
    if providers < 1 or corroboration < 1 or not exchanges > 0 or not stagger >= 0:
        raise UsageError(
            "expected --providers and --corroboration of 1 or more, --exchanges above 0, --stagger of 0 or more",
            hint="for example --corroboration 2",
        )
    split = split_of(load_scenario(scenario), providers, stagger)
    if common is not None:
        split = msgspec.structs.replace(split, common=_share("--common", common))
    _share("--missed", missed)
    policy = Policy(corroboration=corroboration, own_share=_share("--own-share", own_share))
    detector = detector_of_hunt(run, log, missed) if run else stated_detector(exchanges, missed=missed)
    chosen = [parse_delay(each) for each in delays.split(",")] if delays else DELAYS
    with bars(Console(stderr=True), {}, quiet=quiet) as shown:
        found = sweep(
            split,
            detector,
            policy,
            delays=chosen,
            share_delay=parse_delay(share_delay),
            runs=runs,
            seed=seed,
            tell=partial(shown, "running campaigns"),
        )
    _write(out / f"{split.name}-sharing.json", msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if pictures:
        draw(found, out)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n" if json else sharing_text(found))
    return int(ExitCode.DONE)


def people_command(
    irc_dir: Path,
    /,
    *,
    out: Out,
    sets: int = 300,
    splits: int = 40,
    accounts: int = 30,
    messages: int = 8,
    each_family: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 7,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Measure on real people of public IRC logs: sets of individuals against their messages dealt over accounts.

    Writes people.json and, for other detectors, a log in the contract's format with its truth.

    Parameters
    ----------
    irc_dir
        Folder of IRC logs (.raw.txt files with a day in their names), such as jkkummerfeld/irc-disentanglement.
    sets
        Sets of people, and sets of dealt messages, in each split.
    splits
        How often the individuals are divided into two disjoint halves.
    accounts
        Accounts of a set.
    messages
        Messages of an account, one a day.
    each_family
        Content and style alone as well.
    seed
        Of every draw.
    """
    setting = Setting(
        accounts=accounts, messages=messages, sets=sets, splits=splits, seed=seed, each_family=each_family
    )
    setting.check()
    chat = read_irc(irc_dir, f"stillwatch-people-{seed}".encode())
    with bars(Console(stderr=True), {}, quiet=quiet) as shown:
        found = measure(chat, setting, partial(shown, "measuring"))
    written = write_people_log(chat, setting, out)
    both = {"people": found, "log": written, "read": {"files": chat.files, **chat.figures}}
    _write(out / "people.json", msgspec.json.format(msgspec.json.encode(both), indent=1) + b"\n")
    sys.stdout.write(msgspec.json.encode(both).decode() + "\n" if json else people_text(found))
    return int(ExitCode.DONE)


def sharing_text(found: Sweeps) -> str:
    """The sweeps as tables for a terminal."""
    split = found.split
    lines = [
        f"{split.name}: {split.title}; {len(split.parts)} providers, {split.common:.0%} common infrastructure",
        f"Detector: {found.detector.source}. Corroboration: {found.policy.corroboration}. Means of {found.runs} runs.",
        "",
    ]
    lines += [_delays(found), "", f"Shared within {delay_name(found.share_delay_s)}:"]
    lines += [_shared("common", found.by_share), "", _shared("back after", found.by_respawn), ""]
    if found.poison:
        lines += ["False indicators that name a benign firm:", _poison(found), ""]
    return "\n".join(lines)


def _delays(found: Sweeps) -> str:
    head = ("delay", "leaked", "saved", "after first block", "saved of those", "own", "shared", "at door")
    rows = [
        (
            delay_name(row.delay_s),
            f"{row.leaked.mean:,.0f}",
            _percent(row.saved),
            f"{row.after_first.mean:,.0f}",
            _percent(row.saved_after_first),
            f"{row.blocked_own:,.0f}",
            f"{row.blocked_shared:,.0f}",
            f"{row.blocked_at_door:,.0f}",
        )
        for row in found.by_delay
    ]
    return plain(head, rows)


def _shared(name: str, points: Sequence[Row]) -> str:
    rows = [
        (
            f"{row.common:.0%}" if name == "common" else _back(row.respawn_hours),
            f"{row.alone.mean:,.0f}",
            f"{row.leaked.mean:,.0f}",
            _percent(row.saved),
        )
        for row in points
    ]
    return plain((name, "leaked without sharing", "leaked", "saved"), rows)


def _poison(found: Sweeps) -> str:
    head = ("false reports from", "reports asked", "own evidence", "benign accounts hit", "of", "account-hours")
    rows = [
        (
            f"{row.reporters}",
            f"{row.corroboration}",
            "needed" if row.own_needed else "counts as one",
            f"{row.accounts_hit.mean:,.0f}",
            f"{row.accounts_at_risk:,}",
            f"{row.account_hours.mean:,.0f}",
        )
        for row in found.poison
    ]
    return plain(head, rows)


def people_text(found: PeopleResult) -> str:
    """The measurement in words, the bar beside it."""
    head = ("family", "statistic", "TPR", "95 % over individuals", "95 % over sets", "FPR, other half", "95 %")
    rows = [
        (
            each.family,
            each.statistic,
            f"{each.tpr:.3f}",
            _range(each.over_individuals),
            _range(each.over_sets),
            f"{each.fpr:.3f}",
            _range(each.fpr_over_individuals),
        )
        for each in found.measured
    ]
    first = found.measured[0]
    low = first.over_individuals[0]
    word = "reached" if found.reached and low >= found.target else "not reached"
    if found.reached and low < found.target:
        word = "reached by the estimate, not by the lower end of its interval"
    people = f"{found.individuals} individuals, divided {found.threshold_individuals} / {found.dealt_individuals}"
    return "\n".join(
        [
            f"{found.accounts} accounts x {found.messages} messages, one a day; {people}, {found.splits} times",
            f"{found.sets} sets of people and of dealt messages each time",
            f"True-positive rate at a false-positive rate of {found.false_positive_rate:.0%}:",
            plain(head, rows),
            f"Target {found.target:.2f}: {word}.",
            "",
        ]
    )


def _back(hours: tuple[float, float] | None) -> str:
    """When a blocked set is back."""
    return "never" if hours is None else f"{hours[0]:g} h"


def _percent(value: Figure) -> str:
    return f"{value.mean:.1%} [{value.low:.1%}, {value.high:.1%}]"


def _range(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]"


def _share(name: str, value: float) -> float:
    if not (0 <= value <= 1) or math.isnan(value):
        raise UsageError(f"expected {name} between 0 and 1, found {value}", hint=f"for example {name} 0.4")
    return value


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint="Name another --out.") from error
