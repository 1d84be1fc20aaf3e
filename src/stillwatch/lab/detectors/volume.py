"""Volume limit: an account that sends more requests in a day than almost all others is suspicious.

Source: the rate limits of providers' products; no paper. It is the rule that campaigns of many accounts are built to
evade: at 10 to 30 exchanges a day and account they lie in the middle of ordinary use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.lab.detectors.published import Ranked, ranked
from stillwatch.lab.detectors.traffic import Traffic, View
from stillwatch.lab.detectors.verdicts import Looks

DAY = 86_400_000_000


def so_far_today(traffic: Traffic) -> Looks:
    """Each request's number within its account's UTC day."""
    key = np.flatnonzero(np.diff(traffic.account, prepend=-1) | np.diff(traffic.ts // DAY, prepend=-1))
    length = np.diff(np.append(key, len(traffic.ts)))
    number = np.arange(len(traffic.ts)) - np.repeat(key, length) + 1
    return Looks(traffic.account, traffic.ts, number.astype(np.float64))


@dataclass(frozen=True)
class VolumeLimit:
    """Requests in a day above a limit learned from a clean log."""

    fpr: float
    name: str = "volume"
    title: str = "volume limit"
    text: bool = False

    def fit(self, reference: View) -> Ranked:
        """Set the limit."""
        return ranked(self.name, "requests in a UTC day", so_far_today, reference.traffic, self.fpr)
