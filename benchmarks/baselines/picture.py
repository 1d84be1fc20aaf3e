"""The ROC picture: true-positive rate over false-positive rate, logarithmic where it matters.

Curves are named where they end, in colours that people with any colour vision tell apart (Okabe and Ito) and with
different dashes, so that the picture reads in grey. The file is the same, byte for byte, for the same curves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.baselines.protocol import Roc

COLOURS = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A7A7A", "#8C510A")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (2, 2)))
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
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.6))
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
        path.parent.mkdir(parents=True, exist_ok=True)
        meta = {"Date": None, "Creator": None, "Title": "ROC curves of the hunt and of the baselines"}
        figure.savefig(path, format="svg", metadata=meta, facecolor="white")
