"""Pictures of what sharing is worth: leak against its delay, and against common infrastructure, beside no sharing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stillwatch.errors import OutputError
from stillwatch.lab.extras import extra
from stillwatch.lab.sharing_sweep import Sweeps, delay_name

SHARED = "#0b6e99"
ALONE = "#8a8a8a"
AFTER = "#c05a00"


def draw(sweeps: Sweeps, out: Path) -> tuple[Path, Path]:
    """Write ``leak-by-delay.svg`` and ``leak-by-common.svg`` into ``out``, prefixed with the scenario's name.

    Raises:
        ConfigurationError: matplotlib is not installed.
        OutputError: The files cannot be written.
    """
    extra("matplotlib").use("Agg")
    plots = extra("matplotlib.pyplot")
    settings = {"svg.hashsalt": "stillwatch", "svg.fonttype": "none", "font.size": 10}
    with plots.rc_context(settings):
        first = _save(plots, _by_delay(plots, sweeps), out / f"{sweeps.split.name}-leak-by-delay.svg")
        second = _save(plots, _by_share(plots, sweeps), out / f"{sweeps.split.name}-leak-by-common.svg")
    return first, second


def _by_delay(plots: Any, sweeps: Sweeps) -> Any:
    figure, (left, right) = plots.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    rows = sorted(sweeps.by_delay, key=lambda row: (row.delay_s is None, row.delay_s or 0))
    places = range(len(rows))
    names = [delay_name(row.delay_s) for row in rows]
    for provider in rows[0].by_provider:
        left.plot(places, [row.by_provider[provider].mean / 1e3 for row in rows], marker="o", ms=3, label=provider)
    left.set(ylabel="exchanges leaked (thousands)", xlabel="propagation delay", title="At each provider")
    left.legend(frameon=False, fontsize=8)
    low = [(row.after_first.mean - row.after_first.low) / 1e3 for row in rows]
    high = [(row.after_first.high - row.after_first.mean) / 1e3 for row in rows]
    right.errorbar(
        places, [row.after_first.mean / 1e3 for row in rows], yerr=(low, high), color=AFTER, marker="o", ms=4, capsize=3
    )
    right.set(ylabel="thousands", xlabel="propagation delay", title="Leaked after the first block elsewhere")
    for axes in (left, right):
        axes.set_xticks(list(places), names)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{sweeps.split.name}: {sweeps.split.title}, {sweeps.split.common:.0%} common infrastructure")
    return figure


def _by_share(plots: Any, sweeps: Sweeps) -> Any:
    figure, axes = plots.subplots(figsize=(5.6, 3.8), layout="constrained")
    rows = sorted(sweeps.by_share, key=lambda row: row.common)
    shares = [100 * row.common for row in rows]
    axes.plot(shares, [row.alone.mean / 1e3 for row in rows], color=ALONE, ls="--", label="no sharing")
    axes.fill_between(
        shares,
        [row.alone.low / 1e3 for row in rows],
        [row.alone.high / 1e3 for row in rows],
        color=ALONE,
        alpha=0.15,
        lw=0,
    )
    axes.plot(
        shares,
        [row.leaked.mean / 1e3 for row in rows],
        color=SHARED,
        marker="o",
        ms=4,
        label=f"shared within {delay_name(sweeps.share_delay_s)}",
    )
    low, high = [row.leaked.low / 1e3 for row in rows], [row.leaked.high / 1e3 for row in rows]
    axes.fill_between(shares, low, high, color=SHARED, alpha=0.2, lw=0)
    axes.set(
        xlabel="common infrastructure (%)",
        ylabel="exchanges leaked, all providers (thousands)",
        title=f"{sweeps.split.name}: {sweeps.split.title}",
    )
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _save(plots: Any, figure: Any, path: Path) -> Path:
    try:
        figure.savefig(path, metadata={"Date": None})
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}", hint="Name another folder.") from error
    finally:
        plots.close(figure)
    return path
