"""Pictures of the benchmark: ROC curves, leaks, and what evasion costs.

Curves are named where they end, in colours that people with any colour vision tell apart (Okabe and Ito) and with
different dashes, so that the picture reads in grey. The file is the same, byte for byte, for the same curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.lab.extras import extra
from stillwatch.lab.roc import Roc

COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A", "#8C510A")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (2, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
RIGHT = 0.1
"""The axis ends here: beyond one false alarm in ten accounts no detector is of use."""

STYLE: Any = {
    "svg.hashsalt": "stillwatch",
    "svg.fonttype": "path",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def spread(heights: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Heights moved apart so that neighbours lie at least ``gap`` apart, in the order they had, within the bounds."""
    order = sorted(range(len(heights)), key=lambda i: (heights[i], i))
    placed = [0.0] * len(heights)
    floor = low
    for i in order:
        placed[i] = max(heights[i], floor)
        floor = placed[i] + gap
    ceiling = high
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed


def draw(curves: Sequence[tuple[str, Roc]], path: Path) -> None:
    """Draw the curves, ours first, as an SVG picture without date."""
    left = 1 / max(c.benign for _, c in curves) / 2
    with extra("matplotlib").rc_context(STYLE):
        figure = extra("matplotlib.figure").Figure(figsize=(8.4, 4.6))
        axes = figure.add_axes((0.08, 0.13, 0.60, 0.80))
        ends = []
        for n, (_, curve) in enumerate(curves):
            keep = curve.fpr <= RIGHT
            x = np.concatenate((np.maximum(curve.fpr[keep], left), [RIGHT]))
            y = np.concatenate((curve.tpr[keep], [curve.tpr_at(RIGHT)]))
            axes.step(x, y, where="post", color=COLOURS[n % 9], linestyle=DASHES[n % 9],
                      linewidth=2.4 if n == 0 else 1.4, zorder=10 - n, clip_on=False)  # fmt: skip
            ends.append(float(y[-1]))
        for n, ((title, _), end, at) in enumerate(zip(curves, ends, spread(ends, 0.06), strict=True)):
            axes.annotate(
                title, (RIGHT, end), xytext=(RIGHT * 1.45, at), va="center", color="#222222", annotation_clip=False,
                weight="bold" if n == 0 else "normal",
                arrowprops={"arrowstyle": "-", "color": COLOURS[n % 9], "linewidth": 0.9, "linestyle": DASHES[n % 9],
                            "relpos": (0, 0.5), "shrinkA": 3, "shrinkB": 2},
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_xlim(left, RIGHT)
        axes.set_ylim(0, 1)
        axes.set_xlabel("false-positive rate (share of benign accounts)")
        axes.set_ylabel("true-positive rate (share of accounts of campaigns)")
        axes.grid(visible=True, which="major", color="#DDDDDD", linewidth=0.6)
        _save(figure, path, "ROC curves of the hunt and of the baselines")


def draw_leaks(rows: Sequence[tuple[str, Sequence[tuple[str, float, float, float]]]], path: Path) -> None:
    """For each scenario the share of its extraction that got out before each detector flagged the account.

    ``rows``: scenario, and (detector, leak, lower end, upper end) of each detector, ours first.
    """
    names = list(dict.fromkeys(name for _, found in rows for name, *_ in found))
    with extra("matplotlib").rc_context(STYLE):
        figure = extra("matplotlib.figure").Figure(figsize=(8.4, 1.2 + 0.6 * len(rows)))
        axes = figure.add_axes((0.12, 0.9 / (1.2 + 0.6 * len(rows)), 0.62, 1 - 1.2 / (1.2 + 0.6 * len(rows))))
        for n, name in enumerate(names):
            points = [(i, p) for i, (_, found) in enumerate(rows) for p in found if p[0] == name]
            heights = [i + 0.7 * (n / max(1, len(names) - 1) - 0.5) for i, _ in points]
            middle = [p[1] for _, p in points]
            ends = [[p[1] - p[2] for _, p in points], [p[3] - p[1] for _, p in points]]
            axes.errorbar(middle, heights, xerr=np.maximum(ends, 0), label=name, color=COLOURS[n % 9],
                          marker=MARKERS[n % 9], markersize=7 if n == 0 else 4.5, linestyle="none", linewidth=0.8)  # fmt: skip
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("leak: share of the extraction at or before the flag (1: never flagged)")
        axes.grid(visible=True, axis="x", color="#DDDDDD", linewidth=0.6)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
        _save(figure, path, "Leak of each scenario by detector")


def draw_price(rows: Sequence[tuple[str, float, float, float]], path: Path) -> None:
    """What an exchange that nobody detects costs: unwatched, before the attacker adapts, and after.

    ``rows``: scenario, and undetected exchanges per dollar in the three cases; nothing undetected is drawn at the edge.
    """
    titles = ("no detector", "detector, attacker as before", "detector, attacker adapted")
    known = [v for row in rows for v in row[1:] if v > 0]
    floor = min(known, default=1.0) / 10
    with extra("matplotlib").rc_context(STYLE):
        figure = extra("matplotlib.figure").Figure(figsize=(8.4, 1.4 + 0.5 * len(rows)))
        axes = figure.add_axes((0.12, 0.9 / (1.4 + 0.5 * len(rows)), 0.54, 1 - 1.3 / (1.4 + 0.5 * len(rows))))
        for n, title in enumerate(titles):
            values = [max(row[n + 1], floor) for row in rows]
            axes.plot(
                values,
                range(len(rows)),
                linestyle="none",
                label=title,
                color=COLOURS[n],
                marker=MARKERS[n],
                markersize=7,
            )
        axes.set_xscale("log")
        axes.set_yticks(range(len(rows)), [row[0] for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel("undetected extraction exchanges per dollar (further left: dearer)")
        axes.grid(visible=True, axis="x", color="#DDDDDD", linewidth=0.6)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
        _save(figure, path, "Price of evasion")


def draw_sweep(name: str, rows: Sequence[tuple[float, float, float, float]], path: Path) -> None:
    """Leak against a knob. ``rows``: value, leak, true-positive rate, false flags as a share of benign accounts."""
    with extra("matplotlib").rc_context(STYLE):
        figure = extra("matplotlib.figure").Figure(figsize=(6.4, 3.6))
        axes = figure.add_axes((0.11, 0.15, 0.66, 0.78))
        for n, title in enumerate(("leak", "TPR", "false flags")):
            axes.plot([r[0] for r in rows], [r[n + 1] for r in rows], label=title, color=COLOURS[n],
                      linestyle=DASHES[n], marker=MARKERS[n], markersize=5)  # fmt: skip
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel(name)
        axes.set_ylabel("share")
        axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
        _save(figure, path, f"Sweep of {name}")


def _save(figure: Any, path: Path, title: str) -> None:
    """Write an SVG picture without date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {"Date": None, "Creator": None, "Title": title}
    figure.savefig(path, format="svg", metadata=meta, facecolor="white")
