"""The hunt as one detector among others. How it is run is handed in: the lab lies below the apps that wire a hunt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stillwatch.lab.detectors.traffic import View

Hunt = Callable[[Path, Path], None]
"""Hunts in the log folder given first; writes verdicts.parquet and campaigns.parquet to the folder given second."""


@dataclass(frozen=True)
class Ours:
    """Stillwatch with its defaults; it learns from the log it hunts in and from no other."""

    hunt: Hunt
    name: str = "stillwatch"
    title: str = "Stillwatch hunt"
    text: bool = False
    settings: str = "defaults"

    def fit(self, _reference: View) -> Ours:
        """It learns nothing beforehand."""
        return self

    def write(self, log: View, out: Path) -> None:
        """Hunt."""
        out.mkdir(parents=True, exist_ok=True)
        self.hunt(log.folder, out)
