"""The ROC picture of the comparison: that of the lab."""

from __future__ import annotations

import matplotlib as mpl  # the pictures need it: without the extra, say so at once

from stillwatch.lab.pictures import COLOURS, DASHES, RIGHT, STYLE, draw, spread

__all__ = ["COLOURS", "DASHES", "RIGHT", "STYLE", "draw", "mpl", "spread"]
