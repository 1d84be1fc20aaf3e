"""What sharing is worth: leak against its delay, against common infrastructure, and what false indicators do.

Every point is run with the same seeds as every other, so that points are compared pair by pair, and intervals of
differences are not widened by luck that both sides share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from stillwatch import __version__
from stillwatch.errors import UsageError
from stillwatch.lab.providers import Outcome, simulate_split
from stillwatch.lab.split import Detector, Policy, Split

DELAYS = (0.0, 1.0, 60.0, 3600.0, 14_400.0, 86_400.0, math.inf)
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RESPAWNS = (None, (24.0, 24.0), (6.0, 6.0), (1.0, 1.0))
"""Hours until a blocked set is back; none: it never is."""
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}

Tell = Callable[[int, int], None]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Mean over seeds, and the range that holds the middle 95 % of them."""

    mean: float
    low: float
    high: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a sweep.

    ``leaked`` with sharing, ``alone`` without, all else equal. ``delay_s`` is null for no sharing. ``saved`` is the share of the exchanges leaked without sharing that were not
    leaked; ``saved_after_first`` the same of those leaked after the first block elsewhere.
    """

    delay_s: float | None
    common: float
    respawn_hours: tuple[float, float] | None
    leaked: Figure
    alone: Figure
    by_provider: dict[str, Figure]
    after_first: Figure
    saved: Figure
    saved_after_first: Figure
    blocked_own: float
    blocked_shared: float
    blocked_at_door: float


class PoisonRow(msgspec.Struct, frozen=True, kw_only=True):
    """Benign accounts hit by a false indicator, without (``corroboration`` 1) and with corroboration."""

    reporters: int
    corroboration: int
    own_needed: bool
    accounts_at_risk: int
    accounts_hit: Figure
    account_hours: Figure


class Sweeps(msgspec.Struct, frozen=True, kw_only=True):
    """All that one scenario's run yields, with what it was run from."""

    version: str
    split: Split
    detector: Detector
    policy: Policy
    runs: int
    seed: int
    share_delay_s: float
    by_delay: tuple[Row, ...]
    by_share: tuple[Row, ...]
    by_respawn: tuple[Row, ...]
    poison: tuple[PoisonRow, ...]


def parse_delay(text: str) -> float:
    """Seconds of ``0s``, ``1min``, ``4h``, ``1d``; infinite for ``never``.

    Raises:
        UsageError: None of these.
    """
    plain = text.strip().lower()
    if plain == "never":
        return math.inf
    unit = next((unit for unit in ("min", "s", "h", "d") if plain.endswith(unit)), "")
    try:
        value = float(plain.removesuffix(unit)) * _UNITS[unit]
    except (KeyError, ValueError):
        value = math.nan
    if not (0 <= value < math.inf):
        raise UsageError(f"expected a delay such as 30s, 1min, 4h, 1d or never, found {text!r}", hint="0s is at once")
    return value


def delay_name(seconds: float | None) -> str:
    """A delay in words."""
    if seconds is None or math.isinf(seconds):
        return "never"
    for unit in ("d", "h", "min"):
        if seconds >= _UNITS[unit] and (unit != "d" or seconds > _UNITS["d"]):
            return f"{seconds / _UNITS[unit]:g} {unit}"
    return f"{seconds:g} s"


def figure(values: Sequence[float]) -> Figure:
    """Mean and middle 95 % of some runs."""
    array = np.asarray(values, float)
    low, high = np.quantile(array, (0.025, 0.975))
    return Figure(mean=float(array.mean()), low=float(low), high=float(high))


def _saved(got: list[int], without: list[int]) -> Figure:
    """Share of what leaks without sharing that sharing saved, seed by seed; 0 where nothing leaked without."""
    return figure([1 - g / w if w else 0.0 for g, w in zip(got, without, strict=True)])


def _row(delay: float, split: Split, got: list[Outcome], without: list[Outcome]) -> Row:
    names = [part.provider for part in split.parts]
    sums = {how: float(np.mean([sum(getattr(a, how) for a in o.accounts) for o in got])) for how in _HOW}
    return Row(
        delay_s=None if math.isinf(delay) else delay,
        common=split.common,
        respawn_hours=split.respawn,
        leaked=figure([o.leaked for o in got]),
        alone=figure([o.leaked for o in without]),
        by_provider={name: figure([o.accounts[at].leaked for o in got]) for at, name in enumerate(names)},
        after_first=figure([o.after_first for o in got]),
        saved=_saved([o.leaked for o in got], [o.leaked for o in without]),
        saved_after_first=_saved([o.after_first for o in got], [o.after_first for o in without]),
        blocked_own=sums["own"],
        blocked_shared=sums["shared"],
        blocked_at_door=sums["at_door"],
    )


_HOW = ("own", "shared", "at_door")


def _runs(split: Split, detector: Detector, policy: Policy, delay: float, seeds: range) -> list[Outcome]:
    return [simulate_split(split, detector, policy, seed=seed, delay=delay) for seed in seeds]


def sweep(
    split: Split,
    detector: Detector,
    policy: Policy,
    *,
    delays: Sequence[float] = DELAYS,
    shares: Sequence[float] = SHARES,
    share_delay: float = 1.0,
    runs: int = 10,
    seed: int = 7,
    tell: Tell | None = None,
) -> Sweeps:
    """Leak against delay; at ``share_delay`` against common infrastructure and against respawn; false indicators.

    Args:
        split: The campaign.
        detector: Each provider's own delay.
        policy: When a provider acts on what others tell it.
        delays: Seconds; infinite is no sharing, which is always run too.
        shares: Shares of common infrastructure.
        share_delay: Propagation delay of all sweeps but the first.
        runs: Seeds per point.
        seed: The first of them.
        tell: Told points done and all.

    Raises:
        UsageError: No run, or a share outside 0 to 1.
    """
    if runs < 1 or not delays or any(not 0 <= share <= 1 for share in shares):
        raise UsageError("expected at least one run, one delay, and shares from 0 to 1", hint="for example --runs 10")
    honest = msgspec.structs.replace(split, poison=None)
    at_delays = [(delay, honest) for delay in delays]
    at_shares = [(share_delay, msgspec.structs.replace(honest, common=share)) for share in shares]
    at_respawns = [(share_delay, msgspec.structs.replace(honest, respawn=hours)) for hours in RESPAWNS]
    seeds = range(seed, seed + runs)
    rows: list[Row] = []
    alone: dict[bytes, list[Outcome]] = {}
    points = [*at_delays, *at_shares, *at_respawns]
    for delay, each in points:
        key = msgspec.json.encode(each)
        if key not in alone:
            alone[key] = _runs(each, detector, policy, math.inf, seeds)
        got = alone[key] if math.isinf(delay) else _runs(each, detector, policy, delay, seeds)
        rows.append(_row(delay, each, got, alone[key]))
        if tell is not None:
            tell(len(rows), len(points))
    first, second = len(at_delays), len(at_delays) + len(at_shares)
    return Sweeps(
        version=__version__,
        split=split,
        detector=detector,
        policy=policy,
        runs=runs,
        seed=seed,
        share_delay_s=share_delay,
        by_delay=tuple(rows[:first]),
        by_share=tuple(rows[first:second]),
        by_respawn=tuple(rows[second:]),
        poison=_poisoned(split, detector, share_delay, seeds),
    )


def _poisoned(split: Split, detector: Detector, delay: float, seeds: range) -> tuple[PoisonRow, ...]:
    """False indicators from one provider and from more, against one, two, three reports asked for."""
    if split.poison is None:
        return ()
    rows = []
    for reporters in range(1, len(split.parts)):
        for asked, own_needed in ((1, False), (2, False), (3, False), (2, True)):
            lied = msgspec.structs.replace(split, poison=msgspec.structs.replace(split.poison, reporters=reporters))
            policy = Policy(corroboration=asked, own_needed=own_needed)
            got = _runs(lied, detector, policy, delay, seeds)
            rows.append(
                PoisonRow(
                    reporters=reporters,
                    corroboration=asked,
                    own_needed=own_needed,
                    accounts_at_risk=split.poison.firm_accounts * len(split.parts),
                    accounts_hit=figure([o.firm_hit for o in got]),
                    account_hours=figure([o.firm_hours for o in got]),
                )
            )
    return tuple(rows)
