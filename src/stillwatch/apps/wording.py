"""Numbers, times and names in words, the same in the report, the terminal and ``explain``.

Figures are rounded to what the data can carry: counts are whole with a thin thousands separator, shares are whole per cent.
Nothing here decides anything.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from stillwatch.campaigns.model import Campaign, HuntResult, Kind, Share

SPACE = "\N{NARROW NO-BREAK SPACE}"
NOTHING = "–"

KIND_WORDS = {
    Kind.EXTRACTION: "extraction: its own traffic harvests the model",
    Kind.BROKER: "broker: an account pool that resells access",
}


class SignalText(msgspec.Struct, frozen=True):
    """What the signal catalogue says about one signal, in words; empty where it does not know it."""

    name: str
    sees: str = ""
    columns: tuple[str, ...] = ()
    null: str = ""
    innocent: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name as a reader would write it."""
        return self.name.replace("_", " ").replace("-", " ")


def _texts(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, Iterable) else (str(value),)


def signal(name: str) -> SignalText:
    """Look ``name`` up in the signal catalogue; an unknown name comes back with its name alone."""
    try:
        module = importlib.import_module("stillwatch.detect.signals")
    except ImportError:
        return SignalText(name)
    entry = getattr(module, "CATALOGUE", {}).get(name)
    if entry is None:
        return SignalText(name)
    return SignalText(
        name,
        sees=str(getattr(entry, "sees", "")),
        columns=_texts(getattr(entry, "columns", ())),
        null=str(getattr(entry, "null", "")),
        innocent=_texts(getattr(entry, "innocent", ())),
    )


def count(value: float | None) -> str:
    """A whole number with thousands set apart; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{round(value):,}".replace(",", SPACE)


def short(value: float | None) -> str:
    """A number in three figures: 3.1 million, 48 200, 0.42."""
    if value is None or not math.isfinite(value):
        return NOTHING
    size = abs(value)
    for limit, word in ((1e9, "billion"), (1e6, "million")):
        if size >= limit:
            return f"{value / limit:.3g}{SPACE}{word}"
    if size >= 100 or float(value).is_integer():
        return count(value)
    return f"{value:.3g}"


def number(value: float | None, digits: int = 3) -> str:
    """A statistic in ``digits`` significant figures, powers of ten where it is very small or large."""
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:,.{digits}g}".replace(",", SPACE) if abs(value) < 1000 else count(value)


def share(value: float) -> str:
    """A share of one as whole per cent, never rounded to nothing or to all."""
    if not math.isfinite(value):
        return NOTHING
    if 0 < value < 0.01:
        return f"<1{SPACE}%"
    if 0.99 < value < 1:
        return f">99{SPACE}%"
    return f"{value * 100:.0f}{SPACE}%"


def interval(value: float, low: float, high: float) -> str:
    """An estimate with the ends of its interval."""
    return f"{short(value)} ({short(low)} to {short(high)})"


def when(moment: datetime | None) -> str:
    """A moment in UTC to the minute."""
    if moment is None:
        return NOTHING
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def span(first: datetime | None, last: datetime | None) -> str:
    """How long from ``first`` to ``last``, in days or hours."""
    if first is None or last is None:
        return NOTHING
    return duration(last - first)


def duration(length: timedelta) -> str:
    """A length of time in its natural unit."""
    seconds = length.total_seconds()
    for unit, name in ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= unit:
            value = seconds / unit
            text = f"{value:.0f}" if value >= 10 or round(value, 1).is_integer() else f"{value:.1f}"
            return f"{text} {name}" + ("" if text == "1" else "s")
    return f"{seconds:.0f} seconds"


def plural(value: float, one: str, many: str = "") -> str:
    """``3 accounts``, ``1 account``."""
    return f"{count(value)} {one if round(value) == 1 else many or one + 's'}"


def listing(names: Iterable[str], limit: int = 0) -> str:
    """Names joined as in a sentence; what is beyond ``limit`` is counted."""
    items = list(names)
    if limit and len(items) > limit:
        return ", ".join(items[:limit]) + f" and {len(items) - limit} more"
    if len(items) <= 1:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def shares(parts: Iterable[Share], limit: int = 4) -> str:
    """``reasoning 61 %, coding 22 %``."""
    ordered = sorted(parts, key=lambda part: -part.share)
    return ", ".join(f"{part.name} {share(part.share)}" for part in ordered[:limit])


def harm_times_confidence(campaign: Campaign) -> float:
    """The order of campaigns in every face: extraction exchanges times e / (1 + e).

    e / (1 + e) is what an e-value e makes of even prior odds; it orders, it is not a calibrated probability.
    """
    return campaign.extraction_exchanges / (1.0 + math.pow(10.0, min(300.0, -campaign.evidence)))


def ordered(campaigns: Iterable[Campaign]) -> tuple[Campaign, ...]:
    """Campaigns, the most pressing first; ties by id, so that the order is the same from run to run."""
    return tuple(sorted(campaigns, key=lambda each: (-harm_times_confidence(each), each.campaign_id)))


def outcome(result: HuntResult) -> str:
    """The whole run in one sentence: how many campaigns, what harm, under which promise."""
    log = result.log
    read = f"{plural(log.exchanges, 'exchange')} of {plural(log.accounts, 'account')}"
    promise = f"at most {share(result.guarantee.alpha)} of reported sets expected to be innocent"
    if not result.campaigns:
        return f"No campaign found in {read} ({promise})."
    accounts = sum(each.accounts for each in result.campaigns)
    extraction = sum(each.extraction_exchanges for each in result.campaigns)
    running = sum(each.active for each in result.campaigns)
    state = f"{running} still running" if running else "none still running"
    return (
        f"{plural(len(result.campaigns), 'campaign')} of {plural(accounts, 'account')} in {read}: "
        f"about {plural(extraction, 'extraction exchange')}, {state} ({promise})."
    )
