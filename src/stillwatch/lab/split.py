"""One campaign divided among providers, as numbers: who carries how much, what they share, how fast they are found.

Everything the simulation of several providers needs is in :class:`Split`, :class:`Detector` and :class:`Policy`. They can
be typed in by hand, or taken from a scenario (:func:`split_of`) and from the folder of a real hunt
(:func:`detector_of_hunt`), so that the detector's own delay is the measured one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Meta
from scipy.special import ndtri

from stillwatch.errors import InputError, UsageError
from stillwatch.lab.scenario import Group, Role, Scenario

HOUR = 3600.0
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]

PROVIDERS = 4
SET_ACCOUNTS = 100
RAMP_HOURS = 72.0
RESPAWN = (1.0, 24.0)
STATED_EXCHANGES = 14.0
STATED_SPREAD = 0.8
"""Exchanges of each account until its flag, where no hunt is given: log-normal with this median and this spread of the
logarithm, as the six campaigns of the project's development log had it (5 to 39)."""
FIRM_ACCOUNTS = 400


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The campaign at one provider: accounts live at once, exchanges an hour of all of them, when its first one comes."""

    provider: str
    accounts: Count
    exchanges_per_hour: Positive
    first_hour: NotNegative = 0.0


class Poison(msgspec.Struct, frozen=True, kw_only=True):
    """False indicators that name the infrastructure of a benign firm.

    ``reporters``: providers from which they come, deceived by accounts that copy the firm, or dishonest.
    ``firm_accounts``: the firm's accounts at each provider. ``undone_hours``: how long a wrong block stands.
    """

    at_hour: NotNegative = 24.0
    reporters: Count = 1
    firm_accounts: Count = FIRM_ACCOUNTS
    undone_hours: Positive = 24.0


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign at several providers.

    It comes in linked sets of ``set_accounts`` accounts, each on infrastructure of its own: an address pool, payment
    instruments, a client, a template. The *i*-th set of every provider stands on the *same* infrastructure in a share
    ``common`` of cases, else on infrastructure seen nowhere else. Sets begin within ``ramp_hours`` of the provider's first
    exchange. A blocked set comes back on new infrastructure within ``respawn`` hours, or not at all.
    """

    name: str
    title: str
    hours: Positive
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]
    set_accounts: Count = SET_ACCOUNTS
    common: Share = 0.4
    ramp_hours: NotNegative = RAMP_HOURS
    respawn: tuple[float, float] | None = RESPAWN
    poison: Poison | None = None


class Detector(msgspec.Struct, frozen=True, kw_only=True):
    """How many exchanges a provider sees of a set before its own detector has it.

    ``exchanges_per_account``: equally likely values, one drawn for each set. ``missed``: share of sets never found alone.
    ``source`` says where the values come from.
    """

    exchanges_per_account: Annotated[tuple[float, ...], Meta(min_length=1)]
    missed: Share = 0.0
    source: str = "stated"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When a provider acts on what others tell it.

    It needs ``corroboration`` different providers with evidence from the accounts' own behaviour. It counts itself as one
    from the moment it has seen ``own_share`` of the exchanges that its detector would need alone. With ``own_needed`` it
    never acts without that, however many others report.
    """

    corroboration: Count = 2
    own_share: Share = 0.1
    own_needed: bool = False


def stated_detector(
    exchanges: float = STATED_EXCHANGES, spread: float = STATED_SPREAD, missed: float = 0.0
) -> Detector:
    """A detector as an assumption: log-normal exchanges per account, with that median and spread of the logarithm."""
    levels = (np.arange(20) + 0.5) / 20
    values = exchanges * np.exp(spread * ndtri(levels))
    return Detector(
        exchanges_per_account=tuple(round(float(v), 3) for v in values),
        missed=missed,
        source=f"assumed: {exchanges:g} exchanges of each account (median), spread {spread:g}",
    )


def split_of(scenario: Scenario, providers: int = PROVIDERS, stagger: float = 0.0) -> Split:
    """The campaign of a scenario, divided among ``providers``.

    A group that names several providers is divided among those; one that names a single provider is divided among
    ``providers``, each beginning ``stagger`` hours after the one before. The share of common infrastructure is the group's address reuse. Respawn is its ``replaced_within``.
    Where the group uses the addresses of a benign group, that one is the firm at which false indicators aim.

    Raises:
        UsageError: The scenario has no campaign.
    """
    campaigns = [group for group in scenario.groups if group.role is not Role.BENIGN]
    if not campaigns:
        raise UsageError(f"scenario {scenario.name} has no campaign", hint="Take one of C13, C14 and C15.")
    count = max([group.providers for group in campaigns if group.providers > 1], default=providers)
    accounts = max(1, sum(group.accounts for group in campaigns) // count)
    exchanges = sum(group.exchanges for group in campaigns) / count
    main = max(campaigns, key=lambda group: group.exchanges)
    days = main.tempo.active_days or scenario.days - main.tempo.start_day
    rate = exchanges / (days * 24)
    names = [f"provider-{chr(97 + at)}" if count <= 26 else f"provider-{at}" for at in range(count)]
    return Split(
        name=scenario.name,
        title=scenario.title,
        hours=days * 24.0,
        parts=tuple(
            Part(provider=name, accounts=accounts, exchanges_per_hour=rate, first_hour=at * stagger)
            for at, name in enumerate(names)
        ),
        set_accounts=min(SET_ACCOUNTS, accounts),
        common=main.infrastructure.address_reuse,
        ramp_hours=min(RAMP_HOURS, days * 24.0 / 4),
        respawn=main.tempo.replaced_within,
        poison=_poison(scenario, main),
    )


def _poison(scenario: Scenario, group: Group) -> Poison | None:
    """The benign group whose addresses the campaign uses is the firm aimed at."""
    firm = next((g for g in scenario.groups if g.name == group.infrastructure.common_with), None)
    if firm is None or firm.role is not Role.BENIGN:
        return None
    return Poison(firm_accounts=firm.accounts)


def detector_of_hunt(run: Path, log: Path | None = None, missed: float = 0.0) -> Detector:
    """The delay that a hunt had: per campaign, the mean number of exchanges that an account had until its own flag.

    Args:
        run: The folder that ``stillwatch hunt`` wrote.
        log: The exchanges the hunt read, to count them exactly. Without, an account's exchanges are taken as evenly
            spread between its campaign's first and last.
        missed: Share of sets that are never found; a hunt cannot know it.

    Raises:
        InputError: No such tables, or no campaign in them.
    """
    spans = _read(run / "campaigns.parquet", ("campaign_id", "first_seen", "last_seen")).to_pylist()
    table = _read(run / "verdicts.parquet", ("account_id", "campaign_id", "flagged_at", "exchanges"))
    flagged = table.filter(pc.and_(pc.is_valid(table["campaign_id"]), pc.is_valid(table["flagged_at"])))
    span = {row["campaign_id"]: (row["first_seen"], row["last_seen"]) for row in spans}
    counted = _until_flag(flagged, log) if log else {}
    values: dict[str, list[float]] = {}
    for row in flagged.to_pylist():
        if log:
            before = float(counted.get(row["account_id"], 0))
        else:
            before = row["exchanges"] * _elapsed(row["flagged_at"], *span[row["campaign_id"]])
        values.setdefault(row["campaign_id"], []).append(before)
    means = sorted(max(sum(each) / len(each), 1e-3) for each in values.values() if len(each) > 1)
    if not means:
        raise InputError(f"the hunt in {run} reports no campaign of several accounts", hint="Leave out --run.")
    how = "counted" if log else "by time elapsed"
    return Detector(
        exchanges_per_account=tuple(round(mean, 3) for mean in means),
        missed=missed,
        source=f"hunt: {len(means)} campaigns, exchanges until each account's flag {how}",
    )


def _elapsed(flagged: datetime, first: datetime, last: datetime) -> float:
    """Share of a campaign's time that had passed at a moment."""
    whole = (last - first).total_seconds()
    return min(1.0, max(0.0, (flagged - first).total_seconds() / whole)) if whole > 0 else 1.0


def _until_flag(flagged: pa.Table, log: Path) -> dict[str, int]:
    """Exchanges of each flagged account at or before its flag."""
    exchanges = _read(log, ("account_id", "ts"))
    plain = [table.set_column(0, "account_id", table["account_id"].cast(pa.string())) for table in (exchanges, flagged)]
    joined = plain[0].join(plain[1].select(["account_id", "flagged_at"]), "account_id", join_type="inner")
    early = joined.filter(pc.less_equal(joined["ts"], joined["flagged_at"].cast(joined["ts"].type)))
    counted = early.group_by("account_id").aggregate([("ts", "count")])
    return dict(zip(counted["account_id"].to_pylist(), counted["ts_count"].to_pylist(), strict=True))


def _read(path: Path, columns: tuple[str, ...]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowException, KeyError) as error:
        raise InputError(
            f"cannot read {', '.join(columns)} of {path}: {str(error).splitlines()[0]}",
            hint="Give the folder that stillwatch hunt wrote, and the Parquet file or folder it read.",
        ) from error
